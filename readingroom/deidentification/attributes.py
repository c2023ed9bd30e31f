"""A DICOM data set freed of what says whose it is, in place, items within items included."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from readingroom.deidentification.choices import Choices
from readingroom.deidentification.profile import DATED, OVERLAYS_AND_CURVES, Action, action_of
from readingroom.deidentification.pseudonyms import moved, uid_of
from readingroom.imaging.dicom import PARSE_ERRORS, Header

SAYS_NOTHING: dict[str, object] = {
    "DA": "19000101", "DT": "19000101000000", "TM": "000000", "AS": "000Y", "DS": "0", "IS": "0", "US": 0, "SS": 0,
    "UL": 0, "SL": 0, "UV": 0, "SV": 0, "FL": 0.0, "FD": 0.0, "OB": b"\0\0", "OW": b"\0\0", "UN": b"\0\0",
    "UR": "about:blank",
}  # fmt: skip
"""By value representation, where the profile wants a value; all else is a text, and becomes `REMOVED`."""
REMOVED = "REMOVED"
PATIENT = frozenset({"PatientName", "PatientID"})
"""Both become the pseudonym, wherever they stand."""
NUMBERED = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "OB", "OW", "OF", "OD", "OL", "OV"})
SHORTEST, WHOLE = 3, 5
"""Letters of a word of the patient that is looked for as a word, and anywhere within a text."""
_SHAPES = {"DS": re.compile(r"[0-9+\-.eE ]{0,64}"), "IS": re.compile(r"[0-9+\-. ]{0,32}"),
           "CS": re.compile(r"[A-Za-z0-9_ .+/-]{0,16}"), "AS": re.compile(r"(\d{3}[DWMY])?")}  # fmt: skip
"""What these may hold, longer than the standard allows as real files have it; anything else is no number or code."""
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset({"none", "unknown", "anonymous", "anonymized", "anon", "patient", "test", "removed", "chest",
                     "thorax", "head", "brain", "abdomen", "axial", "original", "primary", "derived"})  # fmt: skip
"""Words of names and stations that a description may well use too."""


@dataclass
class Plan:
    """How one file's attributes are treated."""

    key: bytes = field(repr=False)
    choices: Choices
    subject: str
    """The patient's pseudonym."""
    days: int = field(repr=False)
    """Dates go back by them."""
    words: frozenset[str] = field(repr=False)
    """Words that identify the patient, the place and the people, in lower case."""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Attribute by keyword and what was done with it, how often."""

    def told(self, tag: BaseTag, what: str) -> None:
        self.counts[_named(tag), what] += 1


def identifying(dataset: Dataset, choices: Choices) -> frozenset[str]:
    """Every word of a person's name anywhere in it, and of the numbers and places that its header gives."""
    names = [str(value) for element in _elements(dataset) if element.VR == "PN" for value in _many(element)]
    header = Header(dataset)
    station = set(header.text("StationName").lower().split()) if choices.device else set()
    lent = header.identifying - station
    words = {word for text in [*names, *lent] for word in _WORD.findall(text.lower())}
    return frozenset(word for word in words if len(word) >= SHORTEST) - _COMMON


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    """All of a data set, broken ones aside."""
    for tag in list(dataset.keys()):
        element = _read(dataset, tag)
        if element is None:
            continue
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


def _read(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        return dataset[tag]
    except PARSE_ERRORS:
        return None


def _many(element: DataElement) -> list[object]:
    value = element.value
    if value is None or value == "":
        return []
    return list(value) if element.VM > 1 else [value]


def free(dataset: Dataset, plan: Plan, *, dummies: bool = False) -> None:
    """Carry the profile out on a data set and the items in it; `dummies`: every text in it is to say nothing.

    What cannot be read is removed. Raises nothing that the file's content could cause.
    """
    for tag in list(dataset.keys()):
        element = _read(dataset, tag)
        if element is None:
            del dataset[tag]
            plan.told(tag, "removed")
            continue
        action = action_of(tag, frozenset(element.VR.split(" or ")), plan.choices)
        if dummies and action in ("keep", "date", "empty") and element.VR not in NUMBERED:
            action = "replace"
        _carry_out(dataset, element, action, plan, dummies=dummies)


def _carry_out(dataset: Dataset, element: DataElement, action: Action, plan: Plan, *, dummies: bool) -> None:
    tag = element.tag
    if action == "remove":
        del dataset[tag]
        plan.told(tag, "removed")
    elif element.VR == "SQ":
        if action == "empty":
            element.value = Sequence()
            plan.told(tag, "emptied")
            return
        for item in element.value:
            free(item, plan, dummies=dummies or action == "replace")
    elif keyword_for_tag(tag) in PATIENT:
        _put(dataset, element, plan.subject, plan, "replaced")
    elif action == "empty":
        _put(dataset, element, _empty(element), plan, "emptied")
    elif action == "replace":
        _put(dataset, element, _nothing(element, plan), plan, "replaced")
    elif action == "uid":
        _rename(dataset, element, plan)
    elif action == "date":
        dates = [moved(str(one), element.VR, plan.days) for one in _many(element)]
        if all(dates):
            _put(dataset, element, dates if len(dates) > 1 else (dates or [""])[0], plan, "shifted")
        else:
            _put(dataset, element, SAYS_NOTHING[element.VR], plan, "replaced")
    elif not _harmless(element, plan):
        _put(dataset, element, SAYS_NOTHING.get(element.VR, REMOVED), plan, "replaced: it held a word of the names")


def _put(dataset: Dataset, element: DataElement, value: object, plan: Plan, what: str) -> None:
    if _many(element):
        plan.told(element.tag, what)
    dataset.add_new(element.tag, element.VR, value)


def _empty(element: DataElement) -> object:
    return None if element.VR in NUMBERED else ""


def _nothing(element: DataElement, plan: Plan) -> object:
    if element.VR == "UI":
        return uid_of(str(element.value), plan.key)
    return SAYS_NOTHING.get(element.VR.split(" or ")[0], REMOVED)


def _rename(dataset: Dataset, element: DataElement, plan: Plan) -> None:
    """All but the standard's own UIDs, by key."""
    old = [str(one) for one in _many(element)]
    new = [uid_of(one, plan.key) for one in old]
    if old != new:
        _put(dataset, element, new if len(new) > 1 else new[0], plan, "renamed")


def _harmless(element: DataElement, plan: Plan) -> bool:
    """Whether a value that stays has the form of its kind and no word of the patient."""
    if keyword_for_tag(element.tag) == "ICCProfile":
        content = bytes(element.value or b"").lower()
        return not any(
            word.encode(code) in content for word in plan.words for code in ("utf-8", "utf-16-be", "utf-16-le")
        )
    if element.VR in NUMBERED or (not (shape := _SHAPES.get(element.VR)) and element.VR in DATED):
        return True
    texts = [getattr(one, "original_string", None) or str(one) for one in _many(element)]
    if shape and not all(shape.fullmatch(text.strip("\0 ")) for text in texts):
        return False
    if element.VR in ("DS", "IS"):
        return True
    low = " ".join(texts).lower()
    return not (set(_WORD.findall(low)) & plan.words or any(word in low for word in plan.words if len(word) >= WHOLE))


def _named(tag: BaseTag) -> str:
    """The attribute as a report may name it: never by what a file says of it."""
    if tag.is_private:
        return f"private attributes ({tag.group:04x})"
    if tag.group in OVERLAYS_AND_CURVES:
        return f"{'curves' if tag.group < 0x6000 else 'overlays'} ({tag.group:04x})"
    return keyword_for_tag(tag) or "attributes unknown to the standard"
