"""SIGKILL at random moments, and the same line again: nothing is lost, next to nothing is done twice."""

import json
import subprocess
import sys

import pyarrow.parquet as pq

from readingroom.cohorts.tables import COMPARED
from tests.cohorts.killed import AT_ONCE, ITEMS


def test_a_cohort_that_is_killed_again_and_again_ends_with_the_tables_of_one_that_was_not(tmp_path):
    words = [sys.executable, "-m", "tests.cohorts.killed", str(tmp_path), "3"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["status"] == 0
    assert found["kills"] == 3
    assert found["different"] == 2 * ITEMS  # outlines and a draft of each
    assert found["calls"] - found["different"] <= 2 * AT_ONCE * found["kills"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for name in COMPARED[:2]:
        assert (whole / name).read_bytes() == (killed / name).read_bytes()
    assert pq.read_table(killed / "items.parquet").num_rows == ITEMS
