"""The vocabulary: plain frozen values, no input or output."""
