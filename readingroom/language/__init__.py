"""Words of a report as typed claims: the lexicon and the reader that writer, verifier and drafting tools share."""
