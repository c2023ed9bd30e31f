"""One FHIR Observation as lines of text: its own words, or "name: value unit"."""

from __future__ import annotations

from typing import Any

UNITS = {"1": "", "[hnsf'U]": "HU", "mm2": "mm²", "cm2": "cm²", "mm3": "mm³", "cm3": "cm³"}
SENTENCE_WORDS = 3
"""A value of so many words is a sentence of its own."""
COMPARED = {"<": "less than ", "<=": "at most ", ">=": "at least ", ">": "more than "}
OF_OURS = ("Checked: ", "Compared with image ")
"""How notes begin that our own export adds to a sentence."""
VOID = frozenset({"entered-in-error", "cancelled"})


def observation_lines(observation: dict[str, Any]) -> list[str]:
    """Its sentence, else its notes, else its value and components on one line; empty where it was cancelled."""
    if _text(observation.get("status")) in VOID:
        return []
    name = _concept(observation.get("code"))
    site = _concept(observation.get("bodySite"))
    value = _value(observation)
    lines: list[str] = []
    if len(value.split()) >= SENTENCE_WORDS and isinstance(observation.get("valueString"), str):
        lines.append(value)
        value = ""
    else:
        notes = (_text(note.get("text")) for note in _dicts(observation.get("note")))
        lines += [text for text in notes if text and not text.startswith(OF_OURS)]
    parts = [
        f"{_concept(component.get('code'))} {told}".strip()
        for component in _dicts(observation.get("component"))
        if (told := _value(component))
    ]
    if lines:
        return lines
    subject = f"{name} ({site})" if name and site else name or site
    told = "; ".join(filter(None, (value, *parts)))
    return [f"{subject}: {told}." if subject else f"{told}."] if told else []


def _value(holder: dict[str, Any]) -> str:
    """The value of any of FHIR's types that has words: string, quantity, concept, number, range."""
    if holder.get("valueString"):
        return _text(holder["valueString"])
    for key in ("valueQuantity", "valueCodeableConcept", "valueRange"):
        if isinstance(held := holder.get(key), dict):
            if key == "valueQuantity":
                return _quantity(held)
            if key == "valueRange":
                ends = (_quantity(held[end]) for end in ("low", "high") if isinstance(held.get(end), dict))
                return " to ".join(filter(None, ends))
            return _concept(held)
    if isinstance(told := holder.get("valueBoolean"), bool):
        return "yes" if told else "no"
    return str(holder["valueInteger"]) if isinstance(holder.get("valueInteger"), int) else ""


def _quantity(quantity: dict[str, Any]) -> str:
    value = quantity.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    unit = _text(quantity.get("unit")) or _text(quantity.get("code"))
    unit = UNITS.get(unit, unit.strip("{}"))
    return f"{COMPARED.get(_text(quantity.get('comparator')), '')}{value} {unit}".strip()


def _concept(concept: Any) -> str:
    """The words of a CodeableConcept: its text, else its first coding's display."""
    if not isinstance(concept, dict):
        return ""
    shown = [_text(coding.get("display")) for coding in _dicts(concept.get("coding"))]
    return _text(concept.get("text")) or next(filter(None, shown), "")


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
