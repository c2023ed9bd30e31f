"""Reading Room: grounded, structured report drafts of medical images. For research; not a medical device."""
