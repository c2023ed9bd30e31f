"""Models behind deployed endpoints: one file a concern, from address to answer."""
