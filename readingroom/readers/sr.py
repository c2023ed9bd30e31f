"""A DICOM structured report (TID 1500, TID 2000 and their kin) as text: headed sections, one line an item."""

from __future__ import annotations

from dataclasses import dataclass, field

from readingroom.imaging.report_sr import SrCode, SrItem
from readingroom.language.sentences import SECTIONS
from readingroom.readers.outline import heading, joined, literal

HEADED = {
    "findings": {"121070", "59776-5", "18782-3", "126010"},
    "impression": {"121072", "19005-8", "121076", "55110-1"},
    "indication": {"121060", "11329-0", "121062", "55115-0", "18785-6", "121109"},
    "technique": {"121064", "55111-9"},
    "comparison": {"121066", "55114-3", "121068", "18834-2"},
    "recommendations": {"121074", "18783-1"},
}
"""Codes of headings (DCM and LN; PS3.16 CID 7001), by the section they open."""
SECTION_OF = {code: section for section, codes in HEADED.items() for code in codes}

PLAIN = {"121071", "121073", "121077", "121069", "121065", "121067", "121075", "121111", "121110"}
"""Names that say no more than the heading does: Finding, Impression, Conclusion ... (DCM)."""
GROUP = "125007"
"""Measurement Group."""
FINDING = "121071"
SITES = {"363698007", "G-C0E3"}
"""Finding Site, in SNOMED CT and in the older SRT."""
SIDES = {"272741003", "G-C171"}
"""Laterality."""
UNTOLD = {"112039", "112040", "276214006"}
"""Tracking Identifier and UID, and Finding category, which says no more than the finding."""
COMMENT = "121106"
"""Remarks of whoever made the report go under "Notes": they are checked only where they state a finding."""
CONTEXT = frozenset({"HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD", "INFERRED FROM", "SELECTED FROM"})
"""Relations to what is about an item, or what it rests on, rather than said."""
UNITS = {"1": "", "[hnsf'U]": "HU", "mm2": "mm²", "cm2": "cm²", "mm3": "mm³", "cm3": "cm³", "ml": "mL",
         "{pixels}2": "square pixels", "{pixels2}": "square pixels"}  # fmt: skip
NARRATIVE_WORDS = 3
"""A text of so many words is a sentence, not a label."""


@dataclass
class _Told:
    """What was read so far, by section, in order of first appearance."""

    sections: dict[str, list[str]] = field(default_factory=dict)
    measured: list[str] = field(default_factory=list)
    narrated: bool = False

    def say(self, section: str, line: str) -> None:
        if line.strip():
            self.sections.setdefault(section, []).append(literal(line.strip()))


def sr_text(root: SrItem) -> str:
    """Sections with their texts; codes and numbers as "name: value unit".

    Measurement groups are findings where the report has no sentences of its own, else they follow under "Evidence",
    for the sentences tell of them. Who observed, tracking identifiers and references are left out.
    """
    told = _Told()
    _container(root, "findings", told)
    measured = "Evidence" if told.narrated else "findings"
    for line in told.measured:
        told.say(measured, line)
    blocks: list[str] = []
    for section, lines in told.sections.items():
        blocks += [heading(section.capitalize()), *lines]
    return joined(blocks)


def _container(item: SrItem, section: str, told: _Told) -> None:
    for child in item.items:
        if child.relation in CONTEXT:
            continue
        if child.kind == "CONTAINER":
            if child.name.value == GROUP:
                told.measured.append(_group(child))
            else:
                _container(child, _section(child.name) or section, told)
        else:
            _leaf(child, _section(child.name) or section, told)


def _section(name: SrCode) -> str:
    """The section that a heading opens, by its code or by its words; empty where it opens none."""
    return SECTION_OF.get(name.value, "") or str(SECTIONS.get(name.meaning.strip().lower(), ""))


def _leaf(item: SrItem, section: str, told: _Told) -> None:
    if item.name.value in UNTOLD:
        return
    if item.name.value == COMMENT:
        told.say("notes", _sentence(item.text))
        return
    if item.kind == "TEXT":
        words = item.text.strip()
        named = item.name.value in PLAIN or not item.name.meaning or item.name.meaning.strip().lower() in SECTIONS
        told.say(section, words if named or _section(item.name) else _sentence(f"{item.name.meaning}: {words}"))
        told.narrated |= section in ("findings", "impression") and len(words.split()) >= NARRATIVE_WORDS
    elif item.kind in ("NUM", "CODE") and _value(item):
        plain = item.kind == "CODE" and item.name.value in PLAIN
        told.say(section, _sentence(_value(item) if plain else f"{item.name.meaning}: {_value(item)}"))
    for child in item.items if item.kind != "TEXT" else ():
        if child.relation == "HAS PROPERTIES":
            _leaf(child, section, told)


def _value(item: SrItem) -> str:
    if item.kind == "CODE":
        return item.code.meaning.strip()
    if item.kind != "NUM":
        return ""
    unit = item.code.value.strip()
    unit = UNITS.get(unit, unit.strip("{}"))
    return f"{item.text.strip()} {unit}".strip() if item.text.strip() else ""


def _group(group: SrItem) -> str:
    """ "Nodule, left lung: Diameter 8 mm; Volume 212 mm³." of one measurement group."""
    what, where, values = "", "", []
    for item in group.items:
        code = item.name.value
        if item.kind == "CODE" and code == FINDING:
            what = _value(item)
        elif item.kind == "CODE" and code in SITES:
            sides = [_value(each) for each in item.items if each.name.value in SIDES]
            where = " ".join([*sides, _value(item)])
        elif item.kind == "NUM" or (item.relation == "CONTAINS" and code not in {*UNTOLD, COMMENT}):
            told = item.text.strip() if item.kind == "TEXT" else _value(item)
            values += [f"{item.name.meaning} {told}"] if told else []
    subject = where if where.casefold().endswith(what.casefold()) else ", ".join(filter(None, (what, where)))
    return _sentence(": ".join(filter(None, (subject, "; ".join(values)))))


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."
