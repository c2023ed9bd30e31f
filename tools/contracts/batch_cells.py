"""The cells of one row of predictions.csv, which hold JSON or what Python prints, back to the row's answer in JSON."""

from __future__ import annotations

import re
from typing import Any

from readingroom.errors import BadReply
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.strict_json import NotStrict, parse_strict

_ABSENT = frozenset(("", "None", "nan", "null"))
_WORD = r"'[^'\"\\\[\]]*'"
_WORDS = re.compile(rf"\[\s*(?:{_WORD}\s*(?:,\s*{_WORD}\s*)*)?\]")
"""What Python prints for a list of plain texts."""


def answer_of(cells: list[str], ask: Ask) -> dict[str, Any]:
    """One object as the online endpoint answers, for the model's decoder. Raises BadReply."""
    values = [_value(cell, f"column {place + 1}") for place, cell in enumerate(cells) if cell.strip() not in _ABSENT]
    if ask.model == "cxrreportgen":
        return dict(zip(("output",), _counted(values, 1), strict=True))
    if ask.model == "medimageparse":
        return dict(zip(("image_features", "text_features"), _counted(values, 2), strict=False))
    vectors = [value for value in values if isinstance(value, list)]
    keys = [f"{column}_features" for column in ("image", "text") if column in ask.columns]
    if len(vectors) != len(keys):
        raise BadReply(f"expected {len(keys)} vectors, but {len(vectors)} came", where="answer")
    told: dict[str, Any] = dict(zip(keys, vectors, strict=True))
    others = [value for value in values if not isinstance(value, list)]
    return told | dict(zip(("scaling_factor",), _counted(others, 1), strict=False))


def _counted(values: list[Any], most: int) -> list[Any]:
    if len(values) > most:
        raise BadReply(f"expected at most {most} values, but {len(values)} came", where="answer")
    return values


def _value(cell: str, where: str) -> Any:
    if _WORDS.fullmatch(cell.strip()):
        return [word[1:-1] for word in re.findall(_WORD, cell)]
    try:
        return parse_strict(cell.encode())
    except (NotStrict, UnicodeEncodeError) as error:
        raise BadReply("it is not JSON", where=where, do="Check that the file is this model's predictions.") from error
