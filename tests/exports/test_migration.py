"""Reports written before the newest schema are read; what no step knows is left for the reader to refuse."""

from __future__ import annotations

import json

from readingroom.exports.canonical import from_json, to_json
from readingroom.exports.migration import migrated
from tests.exports import sample


def test_a_report_of_the_first_schema_is_read() -> None:
    report = sample.build().report
    data = json.loads(to_json(report))
    for name in ("language", "categories", "struck"):
        del data[name]
    data["schema_version"] = "1.0"

    assert from_json(json.dumps(data)) == report


def test_an_unknown_version_is_left_alone() -> None:
    assert migrated({"schema_version": "0.9"}) == {"schema_version": "0.9"}
    assert migrated({}) == {}
