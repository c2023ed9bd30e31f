"""What happened, kept so that it can be told, resumed and repeated: runs, steps, and the store they live in."""
