"""Reports that come in: whatever a department writes them as, out comes text with headings that language can read."""
