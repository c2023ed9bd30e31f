"""Changes to a report's words that change nothing of what it says: what a checker must not call an error."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from benchmarks.report_mutations import LENGTH, Text

Reword = Callable[[Text, random.Random], Text]


def _each(text: Text, change: Callable[[str], str]) -> Text:
    return tuple(one.model_copy(update={"text": change(one.text)}) for one in text)


LEANING = re.compile(r"^(?:this|these|it|they|those|that|also|however|the largest|the latter|which)\b|\bthis\b", re.I)
"""A sentence so begun speaks of the one before, and stays behind it."""


def shuffled(text: Text, chance: random.Random) -> Text:
    """The sentences of each section in another order."""
    groups: list[list[int]] = []
    for n, one in enumerate(text):
        if groups and LEANING.search(one.text) and text[n - 1].section == one.section:
            groups[-1].append(n)
        else:
            groups.append([n])
    order = sorted(groups, key=lambda group: (text[group[0]].section, chance.random()))
    return tuple(text[n] for group in order for n in group)


SYNONYMS = (
    ("pleural effusion", "effusion"),
    ("cardiomegaly", "enlargement of the cardiac silhouette"),
    ("unremarkable", "normal"),
    ("within normal limits", "normal"),
    ("osseous", "bony"),
    ("no evidence of", "no"),
    ("airspace disease", "airspace opacity"),
    ("is seen", "is identified"),
    ("are seen", "are noted"),
    ("opacities", "opacity"),
    ("airspace consolidation", "consolidation"),
    ("hyperexpanded", "hyperinflated"),
    ("stable", "unchanged"),
    ("fractures", "fracture"),
    ("pneumothoraces", "pneumothorax"),
    ("granulomas", "granuloma"),
    ("without", "with no"),
    ("heart size is normal", "the heart is not enlarged"),
    ("mild", "slight"),
    ("bibasilar", "bibasal"),
    ("hemidiaphragm", "hemi-diaphragm"),
    ("edema", "oedema"),
    ("calcified granuloma", "calcified granulomata"),
    ("consistent with", "compatible with"),
    ("possible", "questionable"),
    ("may represent", "could represent"),
)


def synonyms(text: Text, _: random.Random) -> Text:
    def reword(words: str) -> str:
        for old, new in SYNONYMS:
            words = re.sub(rf"\b{old}\b", new, words, flags=re.IGNORECASE)
        return words

    return _each(text, reword)


PLACED = r"(?P<rest>(?:upper|middle|lower) (?:lobe|lung)|lung base|lung|base|apex|hilum|hemithorax|hemidiaphragm)"


SIDED = r"\b(left|right) (?=pleural|effusion|pneumothorax|basilar|picc|chest tube)"
LETTERED = r"\b(left|right)\b(?= (?:upper|lower|lung|pleural|base|basilar|hilar|hemi|apical|apex))"
SHORT = {"right upper lobe": "RUL", "right middle lobe": "RML", "right lower lobe": "RLL",
         "left upper lobe": "LUL", "left lower lobe": "LLL"}  # fmt: skip

SIDES: tuple[Callable[[str], str], ...] = (
    lambda words: re.sub(SIDED, r"\1-sided ", words, flags=re.IGNORECASE),
    lambda words: re.sub("|".join(SHORT), lambda m: SHORT[m[0].lower()], words, flags=re.IGNORECASE),
    lambda words: re.sub(LETTERED, lambda m: m[0][0].upper(), words, flags=re.IGNORECASE),
    lambda words: re.sub(rf"\bthe (?P<side>left|right) {PLACED}\b(?! lobe)", r"the \g<rest> on the \g<side>", words,
                         flags=re.IGNORECASE),
)  # fmt: skip
"""right-sided; RLL; R; "the lung on the left" for "the left lung"."""


def laterality_synonyms(text: Text, chance: random.Random) -> Text:
    """Each sentence's sides said in another way."""
    return tuple(one.model_copy(update={"text": chance.choice(SIDES)(one.text)}) for one in text)


def _other_unit(match: re.Match[str]) -> str:
    value, name = float(match["value"]), match["unit"].lower()
    return f"{value / 10:g} cm" if name == "mm" else f"{value * 10:g} mm"


def unit_equivalent(text: Text, _: random.Random) -> Text:
    return _each(text, lambda words: re.sub(
        rf"(?P<value>{LENGTH})\s?(?P<unit>mm|cm)\b(?! x| by)", _other_unit, words, flags=re.I)
        if not re.search(r"\d\s?(?:mm|cm)? ?(?:x|by|to|-) ?\d", words) else words)  # fmt: skip


OPENINGS = ("Again, ", "Of note, ", "Overall, ", "In summary, ", "On this examination, ", "Incidentally, ")


def filler(text: Text, chance: random.Random) -> Text:
    """An opening that says nothing, before sentences that begin with a plain word."""

    def reword(words: str) -> str:
        opening = chance.choice(OPENINGS[1:])
        if chance.random() < 0.5 or not re.match(r"(?:The|There|No|Heart|Lungs|Mild|Small) ", words):
            return words
        return opening + words[0].lower() + words[1:]

    return _each(text, reword)


CONTROLS: dict[str, Reword] = {
    "unchanged": lambda text, _: text,
    "reordered": shuffled,
    "synonyms": synonyms,
    "laterality synonyms": laterality_synonyms,
    "unit equivalent": unit_equivalent,
    "capitals": lambda text, _: _each(text, str.upper),
    "small letters": lambda text, _: _each(text, str.lower),
    "filler words": filler,
}
