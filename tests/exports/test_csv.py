"""CSV: every reader finds the same table in it, and no cell of it can run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.domain.category import NOT_ASSESSABLE, Category
from readingroom.domain.check import Check, Problem, Struck
from readingroom.domain.report import NOTICE, Report
from readingroom.exports.csv import COLUMNS, cell, to_csv
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.sample import build, ratio

FORMULAS = ('=cmd|"/c calc"!A1', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", " =1+1", "\u00a0=1",
            "'=1+1", '"=1+1', "＝1+1", "＠A1", "\x00=1+1", "\u200b=1")  # fmt: skip


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.fixture(scope="module")
def report() -> Report:
    return build().report


def test_one_row_a_finding_and_measurement(report: Report) -> None:
    first, *others = report.findings
    many = first.model_copy(update={"measurements": (ratio(0.58), ratio(0.6).model_copy(update={"name": "area"}))})
    found = [row for row in rows(to_csv(report.model_copy(update={"findings": (many, *others)}))) if row["id"] == "F1"]
    assert [(row["measurement"], row["value"], row["ucum"], row["sd"]) for row in found] == [
        ("cardiothoracic_ratio", "0.58", "1", "0.03"),
        ("area", "0.60", "1", "0.03"),
    ]
    assert found[0]["text"] == found[1]["text"] == first.text


def test_a_row_says_what_the_finding_says(report: Report) -> None:
    row = next(row for row in rows(to_csv(report)) if row["id"] == "F2")
    expected = {
        "row": "finding", "section": "findings", "observation": "opacity", "laterality": "left",
        "verdict": "contradicted", "rules": "R04",
        "reasons": "says left; the evidence lies on the right", "evidence": "E5", "images": "img-1",
        "run": "run-1", "status": "preliminary", "notice": NOTICE, "value": "", "author": "template",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    codes = next(row for row in rows(to_csv(report)) if row["id"] == "F3")
    assert (codes["sct"], codes["radlex"]) == ("60046008", "RID34539")
    compared = next(row for row in rows(to_csv(report)) if row["id"] == "F4")
    assert (compared["change"], compared["prior_image"], compared["images"]) == ("larger", "img-2", "img-1 img-2")


def test_impression_omissions_limitations_categories_and_strikes_have_rows_of_their_own(report: Report) -> None:
    problem = Problem(rule="R01", verdict="unsupported", reason="no evidence tells of it")
    check = Check(target="F9", section="findings", text="There is a mass.", verdict="unsupported", problems=(problem,))
    category = Category(id="C1", system="Lung-RADS", version="2022", value=NOT_ASSESSABLE, meaning="no size",
                        missing=("diameter",), rule_sha256="a" * 64)  # fmt: skip
    told = report.model_copy(update={"struck": (Struck(check=check, cites=("E1",)),), "categories": (category,)})
    found = rows(to_csv(told))
    kinds = [row["row"] for row in found]
    assert [kinds.count(kind) for kind in ("finding", "impression", "category", "struck", "omitted", "limitation")] == [
        6, 1, 1, 1, 1, 4,
    ]  # fmt: skip
    struck = found[kinds.index("struck")]
    assert (struck["text"], struck["reasons"], struck["verdict"], struck["evidence"]) == (
        "There is a mass.", "no evidence tells of it", "unsupported", "E1",
    )  # fmt: skip
    assert found[kinds.index("category")]["reasons"] == "missing: diameter"
    assert found[kinds.index("omitted")]["evidence"] == "E5"


def test_what_nobody_checked_says_so(report: Report) -> None:
    found = rows(to_csv(report.model_copy(update={"verification": None})))
    assert {row["verdict"] for row in found if row["row"] in ("finding", "impression")} == {"not_checked"}


def test_it_is_rfc_4180(report: Report) -> None:
    text = to_csv(report.model_copy(update={"title": "x", "indication": 'a "b", c'}))
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    assert {len(row) for row in csv.reader(io.StringIO(text, newline=""))} == {len(COLUMNS)}


def test_the_mark_is_asked_for(report: Report) -> None:
    assert not to_csv(report).startswith("\ufeff")
    assert to_csv(report, mark=True) == "\ufeff" + to_csv(report)


def test_the_same_report_gives_the_same_table(report: Report) -> None:
    assert to_csv(report) == to_csv(Report.model_validate_json(report.model_dump_json()))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_text_becomes_a_formula(report: Report, formula: str) -> None:
    first, *others = report.findings
    told = report.model_copy(update={"findings": (first.model_copy(update={"text": formula + "x"}), *others)})
    row = next(row for row in rows(to_csv(told)) if row["id"] == "F1")
    assert row["text"][:1] in ("'", "\ufffd")


@given(st.text(max_size=12))
def test_no_cell_can_start_a_formula(text: str) -> None:
    shown = cell("text", text)
    assert shown[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
    assert shown.lstrip(" \u00a0")[:1] not in ("=", "+", "-", "@") or shown.startswith("'")
    (read,) = csv.reader(io.StringIO(_written(shown), newline=""))
    assert read == [shown]


def _written(value: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerow([value])
    return out.getvalue()


def test_a_negative_number_stays_a_number() -> None:
    assert cell("value", "-850.0") == "-850.0"
    assert cell("text", "-850 HU") == "'-850 HU"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_stay_in_their_cells(report: Report, payload: str) -> None:
    honest, table = rows(to_csv(report)), rows(to_csv(poisoned(report, payload)))
    assert len(table) == len(honest)
    for row in table:
        assert None not in row
        assert all(sign.isprintable() for value in row.values() for sign in value)
