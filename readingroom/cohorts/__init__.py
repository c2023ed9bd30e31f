"""Cohorts: thousands of studies through one workflow, each once, whatever fails or is killed in between."""

from readingroom.cohorts.cohort import How, Standing, run_cohort
from readingroom.cohorts.options import Options

__all__ = ["How", "Options", "Standing", "run_cohort"]
