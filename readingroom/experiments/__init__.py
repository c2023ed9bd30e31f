"""Experiments: cases x arms x seeds drafted on identical evidence, measured, compared, and kept."""
