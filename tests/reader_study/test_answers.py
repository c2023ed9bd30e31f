"""What readers hand back: read whatever wrote it, refused in one line where it does not fit, summed up right."""

from __future__ import annotations

import csv
import json
from io import StringIO
from math import isclose
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from readingroom.errors import BadFile
from readingroom.reader_study.answer import COLUMNS, form_csv, form_json, read_answers, read_files
from readingroom.reader_study.case import Key, blinded
from readingroom.reader_study.statistics import distance, sign_test, wilson, word_distance
from readingroom.reader_study.summary import summarise
from readingroom.reader_study.told import to_markdown
from tests.reader_study.studies import SYSTEMS, pairs

KEY = blinded(pairs(4), SYSTEMS, 3)
CASES = [one.case for one in KEY.cases]


def blank(reader: str = "AB") -> dict[str, Any]:
    return {**json.loads(form_json(KEY.study, CASES)), "reader": reader}


def label_of(case: str, system: str) -> str:
    return next(s.label for one in KEY.cases if one.id == case for s in one.sources if s.system == system)


def filled(reader: str = "AB", prefer: str = SYSTEMS[1]) -> dict[str, Any]:
    """Every case: `prefer` is better; of the first system one sentence changed, one struck, one added."""
    told = blank(reader)
    for case in told["cases"]:
        case["prefer"] = label_of(case["case"], prefer)
        for draft in case["drafts"]:
            if draft["label"] == label_of(case["case"], SYSTEMS[0]):
                draft["lines"][0] |= {"text": draft["lines"][0]["text"] + " Slightly so.", "errors": ["severity"]}
                draft["lines"][1] |= {
                    "text": "",
                    "errors": ["false_finding", "laterality"],
                    "significance": "significant",
                }
                draft["added"] = [{"text": "No fracture.", "section": "findings", "significance": "insignificant"}]
    return told


def data(told: Any) -> bytes:
    return json.dumps(told).encode()


def read(told: Any, key: Key = KEY) -> Any:
    return read_answers(data(told), key, where="ab.json")


def test_the_summary_is_of_the_systems_not_of_the_sides() -> None:
    found = summarise([read(filled()), read(filled("CD"))], KEY)
    one, other = found.systems
    assert (one.system, one.readings, one.edits_mean, one.struck, one.added) == (SYSTEMS[0], 8, 3.0, 8, 8)
    assert (one.errors["severity"], one.errors["laterality"], one.errors["omission"]) == (8, 8, 8)
    assert (one.significant_errors["false_finding"], one.significant_errors["omission"]) == (8, 0)
    assert one.words_mean == 2 + 9 + 2  # "Slightly so.", the struck sentence, "No fracture."
    assert one.untouched.hits == 0
    assert (other.edits_mean, other.untouched.hits, sum(other.errors.values())) == (0.0, 8, 0)
    told = found.preference
    assert (told.first, told.second, told.ties, told.cases_second, found.readings, found.cases_read) == (
        0,
        8,
        0,
        4,
        8,
        4,
    )
    assert isclose(told.p, 2 * 0.5**4)
    text = to_markdown(found)
    assert "Model Two was preferred" not in text
    assert "Baseline One was preferred in 0 of 8" in text
    assert f"seed {KEY.seed}" in text


def test_cases_without_a_preference_do_not_count() -> None:
    told = filled()
    told["cases"][0]["prefer"] = ""
    assert summarise([read(told)], KEY).cases_read == 3


def test_the_form_filled_in_a_spreadsheet_says_the_same() -> None:
    want = filled()
    rows = list(csv.DictReader(StringIO(form_csv(KEY.study, CASES))))
    given = {case["case"]: case for case in want["cases"]}
    for row in rows:
        row["reader"] = "AB"
        case = given[row["case"]]
        drafts = {draft["label"]: draft for draft in case["drafts"]}
        if row["section"] == "prefer":
            row["edited"] = case["prefer"].lower()
        elif row["section"] == "added" and drafts[row["draft"]]["added"]:
            row["edited"], row["significance"] = "No fracture.", "insignificant"
        elif row["number"]:
            line = drafts[row["draft"]]["lines"][int(row["number"]) - 1]
            row["edited"], row["errors"] = line["text"], "; ".join(line["errors"])
            row["significance"] = line["significance"] or ""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    assert read_answers(out.getvalue().encode("utf-8-sig"), KEY, where="x") == read(want)


def test_no_cell_of_the_form_is_a_formula() -> None:
    hostile = blinded(pairs(1, indication="=cmd"), SYSTEMS, 1)
    line = hostile.cases[0].case.drafts[0].lines[0].model_copy(update={"text": "=HYPERLINK(1)"})
    draft = hostile.cases[0].case.drafts[0].model_copy(update={"lines": (line,)})
    case = hostile.cases[0].case.model_copy(update={"drafts": (draft, draft.model_copy(update={"label": "B"}))})
    cells = [cell for row in csv.reader(StringIO(form_csv("s", [case]))) for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]


def changed(**changes: Any) -> dict[str, Any]:
    return {**filled(), **changes}


def first_case(**changes: Any) -> dict[str, Any]:
    told = filled()
    told["cases"][0] |= changes
    return told


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (changed(study="0" * 32), "another study"),
        (changed(reader=""), "reader"),
        (changed(reader="x" * 65), "reader"),
        (changed(more=1), "more"),
        (changed(cases="x"), "cases"),
        (first_case(case="case-999"), "does not have"),
        (first_case(prefer="C"), "prefer"),
        (first_case(comment="x" * 5001), "comment"),
        (first_case(drafts=[]), "drafts"),
        (first_case(drafts=filled()["cases"][0]["drafts"][::-1]), "other sentences"),
        (changed(cases=[filled()["cases"][0]] * 2), "twice"),
        ([], "neither|lacks"),
        ("x", "neither|lacks"),
    ],
    ids=range(13),
)
def test_what_does_not_fit_is_refused_in_one_line(told: Any, what: str) -> None:
    with pytest.raises(BadFile, match=what) as caught:
        read(told)
    assert "\n" not in caught.value.line()
    assert caught.value.do
    assert not any(word in caught.value.line() for word in ("Input should", "String should", "Extra inputs"))


def test_a_form_without_a_reader_says_where_the_initials_go() -> None:
    with pytest.raises(BadFile, match=r"form\.csv: the column reader is empty\. Fill in the reader's initials"):
        read_answers(form_csv(KEY.study, CASES).encode(), KEY, where="form.csv")


def test_an_answer_of_a_sentence_that_is_not_there_is_refused() -> None:
    told = filled()
    told["cases"][0]["drafts"][0]["lines"][0]["number"] = 40
    with pytest.raises(BadFile, match="other sentences"):
        read(told)
    told = filled()
    told["cases"][0]["drafts"][0]["lines"][0]["errors"] = ["<script>"]
    with pytest.raises(BadFile, match="errors"):
        read(told)


def test_one_reader_answers_a_case_once(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(data(filled()))
    with pytest.raises(BadFile, match=r"again, as a\.json does"):
        read_files([tmp_path / "a.json", tmp_path / "b.json"], KEY)
    assert len(read_files([tmp_path / "a.json"], KEY)) == 1
    with pytest.raises(BadFile, match="cannot be read"):
        read_files([tmp_path / "none.json"], KEY)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_in_one_line(told: bytes) -> None:
    with pytest.raises(BadFile) as caught:
        read_answers(told, KEY, where="x")
    assert "\n" not in caught.value.line()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_statistics_agree_with_scipy(one: int, other: int) -> None:
    if one + other == 0:
        assert sign_test(0, 0) == 1.0
        assert wilson(0, 0) == (0.0, 1.0)
        return
    test = binomtest(one, one + other)
    assert isclose(sign_test(one, other), test.pvalue, rel_tol=1e-9)
    interval = test.proportion_ci(method="wilson")
    assert all(isclose(a, b, abs_tol=1e-9) for a, b in zip(wilson(one, one + other), interval, strict=True))


@settings(max_examples=80, deadline=None)
@given(*[st.lists(st.sampled_from("abc"), max_size=8)] * 3)
def test_the_edit_distance_is_a_distance(a: list[str], b: list[str], c: list[str]) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert distance(a, []) == len(a)


def test_the_edit_distance_counts_words() -> None:
    assert word_distance("no left pleural effusion", "no right effusion") == 2
