"""Rules R06 and R07: the numbers of a sentence and their units against what was measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from readingroom.agents.case import Case, Judge, backed, ids
from readingroom.agents.matching import Match, measurements_for
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import PHYSICAL, PRINTED, Measurement
from readingroom.domain.terms import Verdict
from readingroom.language.quantities import Quantity, base_value, dimension, half_step, quantities_of, same_number

NEAR = 0.1
"""Share of a measured value within which another number does not contradict it; one display unit does not either."""
UNITLESS = frozenset(("1", "count"))
BEYOND = re.compile(
    r"(?:(?P<above>above|over|exceed(?:s|ing)|beyond|(?:greater|higher|more|larger) than)|"
    r"(?:below|under|within|(?:less|lower|smaller) than))\s(?:the\s)?(?:\w+\s){0,2}(?:limit|threshold|cut-?off)\s"
    r"(?:of\s|is\s)?$",
    re.IGNORECASE,
)


def printed(number: Quantity) -> str:
    unit = PRINTED.get(number.unit, number.unit)
    return f"{number.value:.{number.decimals}f} {unit}".strip()


def _numbers(case: Case) -> Iterator[tuple[Match, Quantity, list[tuple[Evidence, Measurement]]]]:
    for found in case.matches:
        if found.stance in ("nothing", "hearsay", "denied"):
            continue
        for number in found.claim.quantities:
            if number.role == "limit":
                continue
            pairs = measurements_for(number, found, case.ledger)
            if not pairs and not number.unit and found.best is not None:  # "6 liver lesion" counts nothing
                pairs = [(found.best, part) for part in found.best.measurements if _same_figure(number, part)]
            yield found, number, pairs


def _unit_fits(number: Quantity, part: Measurement) -> bool:
    if not number.unit:
        return part.unit in UNITLESS or number.role == "prior"
    return dimension(number.unit) == dimension(part.unit)


def _same_figure(number: Quantity, part: Measurement) -> bool:
    """The same printed figure, whatever the unit."""
    return abs(number.value - part.value) <= max(0.5 * 10.0**-number.decimals, 0.5 * 10.0**-part.decimals) * (1 + 1e-9)


def is_right(number: Quantity, part: Measurement) -> bool:
    return _unit_fits(number, part) and same_number(number, part)


def _wrong_unit(number: Quantity, pairs: list[tuple[Evidence, Measurement]]) -> tuple[Evidence, Measurement] | None:
    """The measurement whose figure the text gives in another unit, or a pixel length given in millimetres."""
    if not pairs or any(is_right(number, part) for _, part in pairs):
        return None
    same = [pair for pair in pairs if _same_figure(number, pair[1]) and (number.unit or "1") != pair[1].unit]
    moved = [pair for pair in pairs if _same_digits(number, pair[1])]
    alien = [pair for pair in pairs if number.unit and not _unit_fits(number, pair[1])]
    return next(iter((*same, *moved)), None) or (alien[0] if len(alien) == len(pairs) else None)


def _same_digits(number: Quantity, part: Measurement) -> bool:
    """The digits of a length, area or volume with the point elsewhere: 6.9 mm for 69 mm, which is 6.9 cm."""
    if part.unit not in PHYSICAL or dimension(number.unit or part.unit) != dimension(part.unit):
        return False
    told, known = f"{number.value:.{number.decimals}f}", f"{part.value:.{max(part.decimals, 0)}f}"
    return told != known and told.replace(".", "").lstrip("0") == known.replace(".", "").lstrip("0")


def r06_number(case: Case) -> Iterator[Problem]:
    """The number is not the one measured, or nobody measured it; or a limit is not passed that is said to be."""
    yield from _limits(case)
    yield from _loose(case)
    for found, number, pairs in _numbers(case):
        if any(is_right(number, part) for _, part in pairs):
            yield from _spread(number, pairs)
            continue
        if _wrong_unit(number, pairs) is not None:
            continue
        if not pairs:
            reason = f"says {printed(number)}; no measurement in the evidence stands behind it"
            yield Problem(rule="R06", verdict="unsupported", reason=reason, evidence=found.ids, span=number.span)
            continue
        item, part = min(
            pairs, key=lambda pair: abs(base_value(number.value, number.unit) - base_value(pair[1].value, pair[1].unit))
        )
        verdict, tail = _how_wrong(number, part)
        reason = f"says {printed(number)}; the evidence ({item.id}) measures {part.text}{tail}"
        yield Problem(rule="R06", verdict=verdict, reason=reason, evidence=(item.id,), span=number.span)


def _how_wrong(number: Quantity, part: Measurement) -> tuple[Verdict, str]:
    """A number near the one measured is not contradicted by it, and has no support either: it was not measured."""
    if _transposed(f"{number.value:.{number.decimals}f}", f"{part.value:.{max(part.decimals, 0)}f}"):
        return "contradicted", "; two digits stand in each other's place"
    unit = number.unit or part.unit
    apart = abs(base_value(number.value, unit) - base_value(part.value, part.unit))
    near = max(2 * half_step(part.decimals, part.unit), NEAR * abs(base_value(part.value, part.unit)))
    return ("unsupported", "") if apart <= near * (1 + 1e-9) else ("contradicted", "")


def _transposed(told: str, known: str) -> bool:
    """Whether two neighbouring digits have changed places: 213.4 and 231.4."""
    places = [at for at, (one, other) in enumerate(zip(told, known, strict=False)) if one != other]
    if len(told) != len(known) or len(places) != 2:
        return False
    first, second = places
    between = told[first + 1 : second].replace(".", "")
    return not between and (told[first], told[second]) == (known[second], known[first])


@lru_cache(maxsize=1)
def _figures(text: str) -> tuple[Quantity, ...]:
    """The numbers of a sentence: R06 and R07 look at the same one after the other."""
    return quantities_of(text.lower())


def _loose(case: Case) -> Iterator[Problem]:
    """Of a sentence that cites evidence: a number with a unit that belongs to nothing the reader knows, and stands
    nowhere in what is cited."""
    text = case.sentence.text
    cited = case.ledger.closure(name for name in case.sentence.cites if name.startswith("E"))
    if not cited:
        return
    bound = {number.span for found in case.matches for number in found.claim.quantities}
    items = [case.ledger.by_id[name] for name in sorted(cited)]
    words = " ".join(f"{item.summary} {item.quote} {item.quality_reason}" for item in items)
    for number in _figures(text):
        if not number.unit or number.span in bound or number.role == "limit":
            continue
        if any(is_right(number, part) for item in items for part in item.measurements):
            continue
        if re.search(rf"(?<![\d.]){re.escape(f'{number.value:.{number.decimals}f}')}(?![\d.]*\d)", words):
            continue
        reason = f"says {printed(number)}; no measurement in the evidence that it cites stands behind it"
        yield Problem(rule="R06", verdict="unsupported", reason=reason, evidence=ids(items), span=number.span)


def _limits(case: Case) -> Iterator[Problem]:
    """A limit that the text says is passed, and is not, or the other way round."""
    for found in case.matches:
        for number in found.claim.quantities if found.stance == "backed" else ():
            beyond = BEYOND.search(case.sentence.text[: number.span[0]]) if number.role == "limit" else None
            if beyond is None:
                continue
            pairs = [pair for pair in measurements_for(number, found, case.ledger) if _unit_fits(number, pair[1])]
            above = beyond["above"] is not None
            item, part = next(((item, part) for item, part in pairs), (None, None))
            if item is None or part is None:
                continue
            limit, known = base_value(number.value, number.unit or part.unit), base_value(part.value, part.unit)
            if known < limit if above else known > limit:
                way = "above" if above else "below"
                reason = f"says {way} {printed(number)}; the evidence ({item.id}) measures {part.text}"
                yield Problem(rule="R06", verdict="contradicted", reason=reason, evidence=(item.id,), span=number.span)


def _spread(number: Quantity, pairs: list[tuple[Evidence, Measurement]]) -> Iterator[Problem]:
    if number.sd is None:
        return
    known = [(item, part) for item, part in pairs if is_right(number, part) and part.sd is not None]
    if not known:
        reason = f"gives a spread of {number.sd:g}; the evidence gives none"
        yield Problem(rule="R06", verdict="unsupported", reason=reason, span=number.span)
    elif not any(_same_spread(number, part) for _, part in known):
        item, part = known[0]
        reason = f"gives a spread of {number.sd:g}; the evidence ({item.id}) gives {part.spread}"
        yield Problem(rule="R06", verdict="contradicted", reason=reason, evidence=(item.id,), span=number.span)


def _same_spread(number: Quantity, part: Measurement) -> bool:
    unit = number.unit or part.unit
    step = max(half_step(number.decimals, unit), half_step(part.decimals, part.unit))
    return abs(base_value(number.sd or 0, unit) - base_value(part.sd or 0, part.unit)) <= step * (1 + 1e-9)


def r07_unit(case: Case) -> Iterator[Problem]:
    """The right figure in the wrong unit, or a physical unit where the evidence has pixels or the image no spacing."""
    yield from _unit_lost(case)
    for _, number, pairs in _numbers(case):
        wrong = _wrong_unit(number, pairs)
        if wrong is None:
            yield from _without_spacing(number, pairs, case)
            continue
        item, part = wrong
        said = printed(number) if number.unit else f"{printed(number)} without a unit"
        reason = f"says {said}; the evidence ({item.id}) measures {part.text}"
        verdict: Verdict = "contradicted" if number.unit else "unsupported"
        yield Problem(rule="R07", verdict=verdict, reason=reason, evidence=(item.id,), span=number.span)


def _unit_lost(case: Case) -> Iterator[Problem]:
    """A bare figure that belongs to nothing the reader knows, and is one measured in a unit: "Spleen of 85"."""
    bound = {number.span for found in case.matches for number in found.claim.quantities}
    cited = case.ledger.closure(name for name in case.sentence.cites if name.startswith("E"))
    items = [case.ledger.by_id[name] for name in sorted(cited)] or [best for _, _, best in backed(case)]
    if not any(item.measurements for item in items):
        return
    for number in _figures(case.sentence.text):
        if number.unit or number.span in bound or number.role == "limit":
            continue
        parts = [(item, part) for item in items for part in item.measurements if _same_figure(number, part)]
        if parts and all(part.unit not in UNITLESS for _, part in parts):
            item, part = parts[0]
            reason = f"says {printed(number)} without a unit; the evidence ({item.id}) measures {part.text}"
            yield Problem(rule="R07", verdict="unsupported", reason=reason, evidence=(item.id,), span=number.span)


def _without_spacing(number: Quantity, pairs: list[tuple[Evidence, Measurement]], case: Case) -> Iterator[Problem]:
    """Millimetres that a tool gives of an image whose spacing nobody knows."""
    right = [(item, part) for item, part in pairs if is_right(number, part) and part.unit in PHYSICAL]
    for item, part in right[:1]:
        image = case.ledger.images.get(item.image_id)
        if item.trust == "tool" and part.spacing_source != "text" and image is not None and image.spacing is None:
            reason = f"says {printed(number)}; the spacing of the image of {item.id} is not known"
            yield Problem(rule="R07", verdict="unsupported", reason=reason, evidence=(item.id,), span=number.span)


NUMBER_RULES: tuple[Judge, ...] = (
    Judge("R06", r06_number, frozenset(("figure",))),
    Judge("R07", r07_unit, frozenset(("figure",))),
)
