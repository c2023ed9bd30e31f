"""What a draft is worth: tallies of each case, that sum to the figures of an arm."""
