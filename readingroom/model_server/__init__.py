"""A server with the endpoints' own contract, over any backend: a place to try clients, and a simulator of limits."""
