"""Numbers learned from vectors and labels: heads, tests, scores. Pure: no files, no network, every draw seeded."""
