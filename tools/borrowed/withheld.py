"""What no argument to a tool of others may hold: images, patients, places of files, and clinical texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.imaging.subject import UNKNOWN
from readingroom.language.visible import visible

RUN = 4
"""Words in a row that must not stand in a clinical text, too; what a finding or a disease is called has fewer."""
LONGEST_NUMBER = 1_000_000
"""Numbers from here on may be somebody's; a measure of an image in mm, mm2 or HU is less."""

_PLACE = re.compile(
    r"://|\\|^\s*[~/]|\.\./|\s/\w|\b[a-z]:/|/\w+/|\.(dcm|dicom|nii|gz|nrrd|mha|png|jpe?g|tiff?|svs|pdf|json|csv|txt)\b"
)
_LONG_NUMBER = re.compile(r"\d{5}")
_DATE = re.compile(r"\b\d{1,4}([-./])\d{1,2}\1\d{1,4}\b")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Withheld:
    """What is known in a run and is not lent."""

    names: frozenset[str] = frozenset()
    """Image ids, digests and the subject's pseudonym."""
    texts: tuple[str, ...] = ()
    """Words that came with the study, but for the question itself."""

    def flaw(self, value: Any) -> str:
        """Why an argument may not be sent, told without its words; empty where it may."""
        if isinstance(value, list | tuple):
            return next((why for one in value if (why := self.flaw(one))), "")
        if isinstance(value, bool):
            return ""
        if isinstance(value, int | float):
            return "holds a number that may be somebody's" if abs(value) >= LONGEST_NUMBER else ""
        return next(self._flaws(value), "") if isinstance(value, str) else ""

    def _flaws(self, value: str) -> Iterator[str]:
        text = _folded(value)
        if text != unicodedata.normalize("NFKC", value).casefold():
            yield "holds characters that cannot be seen"
        if self._names and self._names.search(text):
            yield "names an image or the patient of this study"
        if _PLACE.search(text):
            yield "holds a path, an address or a file's name"
        if _LONG_NUMBER.search(re.sub(r"(?<=\d)[ .-](?=\d)", "", text)) or _DATE.search(text):
            yield "holds a date, or a number that may be somebody's"
        words = _words(text)
        if any(run in self._runs for run in _runs(words)) or any(_within(one, words) for one in self._short):
            yield "repeats what the indication or another clinical text says"

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        named = "|".join(re.escape(_folded(name)) for name in sorted(self.names) if name)
        return re.compile(rf"(?<!\w)(?:{named})(?!\w)") if named else None

    @cached_property
    def _told(self) -> tuple[tuple[str, ...], ...]:
        return tuple(_words(_folded(text)) for text in self.texts)

    @cached_property
    def _runs(self) -> frozenset[tuple[str, ...]]:
        return frozenset(run for words in self._told for run in _runs(words))

    @cached_property
    def _short(self) -> tuple[tuple[str, ...], ...]:
        """Whole texts of fewer words than a run has."""
        return tuple(words for words in self._told if 0 < len(words) < RUN)


def withheld_of(study: Study, request: Request) -> Withheld:
    """All that is known of a study and its patient beside what the user asks."""
    refs = [image.ref for image in study.images]
    texts = (request.indication, request.technique, request.prior_report, request.template_text, request.wording_text)
    names = {study.subject, *(ref.id for ref in refs), *(ref.sha256 for ref in refs)} - {UNKNOWN}
    return Withheld(frozenset(names), tuple(text for text in texts if text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", visible(text)).casefold()


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text))


def _runs(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (words[at : at + RUN] for at in range(len(words) - RUN + 1))


def _within(words: tuple[str, ...], among: tuple[str, ...]) -> bool:
    return any(among[at : at + len(words)] == words for at in range(len(among) - len(words) + 1))
