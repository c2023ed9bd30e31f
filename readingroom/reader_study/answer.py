"""What a reader hands back: every sentence as edited, what was wrong with it, and which draft is better."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from readingroom.domain.value import Value
from readingroom.errors import BadFile
from readingroom.reader_study.case import LONGEST, Case, Key, Label, Part

ErrorKind = Literal[
    "false_finding", "omission", "laterality", "location", "severity", "number", "comparison", "other"
]  # fmt: skip
ERRORS: dict[ErrorKind, str] = {
    "false_finding": "false finding", "omission": "omission", "laterality": "side", "location": "location",
    "severity": "severity", "number": "number", "comparison": "comparison", "other": "other",
}  # fmt: skip
Significance = Literal["significant", "insignificant"]
SIGNIFICANCE: dict[Significance, str] = {"significant": "clinically significant", "insignificant": "not significant"}
Preference = Literal["A", "B", "tie"]

MOST_BYTES = 20_000_000

WANTED = {
    "reader": "the reader's initials are wanted, 1 to 64 characters",
    "prefer": "A, B or tie is wanted",
    "errors": f"wanted are names of errors ({', '.join(ERRORS)})",
    "significance": f"wanted is {' or '.join(SIGNIFICANCE)}, or nothing",
    "number": "the number of a sentence is wanted",
    "text": f"a text of at most {LONGEST} characters is wanted",
    "comment": "a text of at most 5000 characters is wanted",
}
"""What each field takes, for whoever fills it in."""


class LineAnswer(Value):
    """One sentence of a draft, as the reader left it."""

    number: int = Field(ge=1)
    text: str = Field(max_length=LONGEST)
    """Empty where the reader struck it."""
    errors: tuple[ErrorKind, ...] = Field(default=(), max_length=8)
    significance: Significance | None = None


class Added(Value):
    """A sentence that the draft lacked."""

    section: Part = "findings"
    text: str = Field(min_length=1, max_length=LONGEST)
    significance: Significance | None = None


class DraftAnswer(Value):
    """One draft, edited."""

    label: Label
    lines: tuple[LineAnswer, ...] = Field(max_length=500)
    added: tuple[Added, ...] = Field(default=(), max_length=100)


class CaseAnswer(Value):
    """One case, read."""

    case: str
    prefer: Preference
    comment: str = Field(default="", max_length=5000)
    drafts: tuple[DraftAnswer, DraftAnswer]


class Answers(Value):
    """All that one reader saved in one file."""

    schema_version: Literal["reader-study answers 1"]
    study: str
    reader: str = Field(min_length=1, max_length=64)
    cases: tuple[CaseAnswer, ...] = Field(max_length=2000)


COLUMNS = ("study", "reader", "case", "draft", "section", "number", "text", "edited", "errors", "significance")


def form_csv(study: str, cases: Sequence[Case]) -> str:
    """The study as a table to be filled in: `edited` for each sentence, `errors` by their names with ";" between.

    A row "prefer" takes A, B or tie in `edited`; rows "added" take what a draft lacks, and may be copied.
    """
    out = StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for case in cases:
        for draft in case.drafts:
            for line in draft.lines:
                text = _cell(line.text)
                rows.writerow((study, "", case.id, draft.label, line.section, line.number, text, text, "", ""))
            rows.writerow((study, "", case.id, draft.label, "added", "", "", "", "omission", ""))
        rows.writerow((study, "", case.id, "", "prefer", "", "A, B or tie", "", "", ""))
        rows.writerow((study, "", case.id, "", "comment", "", "", "", "", ""))
    return out.getvalue()


def form_json(study: str, cases: Sequence[Case]) -> str:
    """The same as JSON, in the shape in which the page saves it; `prefer` and `reader` are to be filled in."""
    told = [
        {
            "case": case.id, "prefer": "", "comment": "",
            "drafts": [
                {"label": draft.label, "added": [], "lines": [
                    {"number": line.number, "text": line.text, "errors": [], "significance": None}
                    for line in draft.lines]}
                for draft in case.drafts],
        }
        for case in cases
    ]  # fmt: skip
    form = {"schema_version": "reader-study answers 1", "study": study, "reader": "", "cases": told}
    return json.dumps(form, indent=2, ensure_ascii=False) + "\n"


def read_answers(data: bytes, key: Key, *, where: str) -> Answers:
    """A saved file, JSON or CSV, held against the key: cases without a preference are left out as not read.

    Raises BadFile: too large, broken, of another study, or of a case, draft or sentence that the study does not have.
    """
    if len(data) > MOST_BYTES:
        what = f"is larger than {MOST_BYTES // 1_000_000} MB"
        raise BadFile(what, where=where, do="Give the file as the page saved it.")
    try:
        text = data.decode("utf-8-sig")
        told = json.loads(text) if text.lstrip().startswith("{") else _from_csv(text, where)
        if isinstance(told, dict) and isinstance(told.get("cases"), list):
            read = [
                case for case in told["cases"] if not isinstance(case, dict) or case.get("prefer") not in ("", None)
            ]
            told = {**told, "cases": read}
        answers = Answers.model_validate_json(json.dumps(told), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(map(str, first["loc"]))[:120] or "the answers"
        wanted = WANTED.get(next((str(part) for part in reversed(first["loc"]) if str(part) in WANTED), ""), "")
        what = f"{at}: {wanted}" if wanted else f"{at} does not fit the form"
        raise BadFile(what, where=where, do="Mend it there, or save it again from the page.") from None
    except (ValueError, RecursionError, csv.Error) as error:
        what = "is neither the JSON nor the CSV of a reader study"
        raise BadFile(what, where=where, do="Give what the page saved, or form.csv filled in.") from error
    _fits(answers, key, where)
    return answers


def read_files(paths: Sequence[Path], key: Key) -> tuple[Answers, ...]:
    """All files of all readers. Raises BadFile also where one reader has answered a case twice."""
    found: list[Answers] = []
    seen: dict[tuple[str, str], str] = {}
    for path in paths:
        try:
            with path.open("rb") as file:
                answers = read_answers(file.read(MOST_BYTES + 1), key, where=path.name)
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            raise BadFile(what, where=str(path), do="Give a file that a reader saved.") from error
        for case in answers.cases:
            if before := seen.get((answers.reader, case.case)):
                what = f"answers {case.case} of the same reader again, as {before} does"
                raise BadFile(what, where=path.name, do="Keep the later file.")
            seen[answers.reader, case.case] = path.name
        found.append(answers)
    return tuple(found)


def _fits(answers: Answers, key: Key, where: str) -> None:
    if answers.study != key.study:
        raise BadFile("answers another study than the key's", where=where, do="Give the key that was made with it.")
    shown = {one.id: one.case for one in key.cases}
    names = [case.case for case in answers.cases]
    if len(names) != len(set(names)):
        raise BadFile("answers a case twice", where=where, do="Keep the later answer.")
    for answer in answers.cases:
        if answer.case not in shown:
            what = f"answers a case {answer.case[:20]!r} that the study does not have"
            raise BadFile(what, where=where, do="Restore the case's name as the form had it.")
        for draft, given in zip(shown[answer.case].drafts, answer.drafts, strict=True):
            if given.label != draft.label or [each.number for each in given.lines] != [e.number for e in draft.lines]:
                do = "Save it again from the page, or restore the form's rows."
                raise BadFile(f"{answer.case}: draft {draft.label} has other sentences than it had", where=where, do=do)


def _from_csv(text: str, where: str) -> dict[str, Any]:
    rows = csv.DictReader(StringIO(text, newline=""))
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise BadFile("lacks columns of the study's form", where=where, do="Fill in form.csv as it came.")
    cases: dict[str, dict[str, Any]] = {}
    studies, readers = [""], [""]
    for row in rows:
        given = {name: _uncell(row.get(name) or "") for name in COLUMNS}
        studies.append(given["study"].strip())
        readers.append(given["reader"].strip())
        blank = {"case": given["case"], "prefer": "", "comment": "", "A": _draft("A"), "B": _draft("B")}
        _row(cases.setdefault(given["case"], blank), given)
    if not any(readers):
        raise BadFile("the column reader is empty", where=where, do="Fill in the reader's initials in any row.")
    told = [
        {"case": case["case"], "prefer": case["prefer"], "comment": case["comment"], "drafts": [case["A"], case["B"]]}
        for case in cases.values()
    ]
    if len(set(filter(None, readers))) > 1:
        raise BadFile("is of more than one reader", where=where, do="Give each reader a file.")
    return {"schema_version": "reader-study answers 1", "study": max(studies), "reader": max(readers), "cases": told}


def _draft(label: Label) -> dict[str, Any]:
    return {"label": label, "lines": [], "added": []}


def _row(case: dict[str, Any], given: dict[str, str]) -> None:
    edited, section = given["edited"].strip(), given["section"].strip()
    significance = given["significance"].strip() or None
    if section == "prefer":
        case["prefer"] = edited if edited == "tie" else edited.upper() if edited else ""
    elif section == "comment":
        case["comment"] = edited
    elif given["draft"] not in ("A", "B"):
        raise ValueError("a row without a draft")
    elif section == "added":
        case[given["draft"]]["added"] += [{"text": edited, "significance": significance}] if edited else []
    else:
        errors = [name.strip() for name in given["errors"].split(";") if name.strip()]
        line = {"number": int(given["number"]), "text": edited, "errors": errors, "significance": significance}
        case[given["draft"]]["lines"].append(line)


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what could begin one."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else text


def _uncell(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@", "\t", "\r", "'") else text
