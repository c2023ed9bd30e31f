"""What a figure can be relied on for: intervals and tests in which patients, not images, are counted."""
