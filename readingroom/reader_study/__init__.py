"""Blinded comparison of two systems' drafts by human readers: made, answered offline, collected."""
