"""Vectors kept so that the nearest are found: ids and metadata beside them, one space an index."""
