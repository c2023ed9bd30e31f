"""JSON: what is written reads back as the same value, and what is no report is refused in one line."""

from __future__ import annotations

import json

import pytest

from readingroom.domain.value import digest_of
from readingroom.errors import BadFile
from readingroom.exports.canonical import from_json, json_schema, to_json
from tests.conftest import REPO
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned


def test_a_report_comes_back_as_it_was() -> None:
    report = sample.build().report
    text = to_json(report)
    assert from_json(text) == report
    assert to_json(from_json(text)) == text
    assert digest_of(json.loads(text)) == digest_of(report)
    assert text.endswith("}\n")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_survives_unchanged(payload: str) -> None:
    report = poisoned(sample.build().report, payload)
    assert from_json(to_json(report)) == report


def refusal(text: str) -> str:
    with pytest.raises(BadFile) as caught:
        from_json(text, where="report.json")
    line = caught.value.line()
    assert "\n" not in line
    assert len(line) < 600
    return line


def changed(**fields: object) -> str:
    return json.dumps(json.loads(to_json(sample.build().report)) | fields)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "report.json: not JSON at line 1, column 1: Expecting value"),
        ('{"a": 1,}', "not JSON at line 1, column 9"),
        ("[]", "is JSON, but not a report (no schema_version)"),
        ("{}", "no schema_version"),
        ('{"a": 1, "a": 2}', "key 'a' stands twice in one object"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON that a report may hold"),
        ("[" * 200_000, "nested too deeply"),
        (changed(schema_version="1.2"), "schema '1.2'; this version reads '1.1'. Update readingroom."),
        (changed(schema_version="10.0"), "Update readingroom."),
        (changed(schema_version=["x" * 9000]), "is a report of schema ['xxx"),
        (changed(status="final"), "status: Input should be 'preliminary', 'partial' or 'entered-in-error'"),
        (changed(subject=4), "subject: Input should be a valid string"),
        (changed(final=True), "final: Extra inputs are not permitted"),
        (changed(limitations=[]), "limitations: "),
        (changed(evidence=[]), "cites evidence that is not there"),
        (changed(findings=[{"id": "F1"}]), "findings[0].text: Field required (and "),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_what_is_no_report_is_refused_in_one_line(text: str, told: str) -> None:
    assert told in refusal(text)


def test_an_older_schema_is_not_told_to_update() -> None:
    assert refusal(changed(schema_version="0.9")).endswith("this version reads '1.1'. Draft it anew.")


def test_the_committed_schema_is_current() -> None:
    committed = (REPO / "docs" / "report.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(json_schema())
