"""One place where models run, one file; the protocol they share is `protocol.Backend`."""
