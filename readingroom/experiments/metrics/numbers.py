"""Whether two claims give the same number, whatever unit either is told in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon
from readingroom.language.measured import measurement_of
from readingroom.language.quantities import Quantity, base_value, dimension, same_number


def pairs(said: Claim, known: Iterable[Claim], words: Lexicon) -> Iterator[tuple[Quantity, tuple[Quantity, ...]]]:
    """Each present number that is said, with those that are known of the same measure; none where none is known."""
    numbers = [number for one in known for number in one.quantities]
    for number in said.quantities:
        if number.role in ("prior", "limit"):
            continue
        against = tuple(one for one in numbers if _same_measure(number, one, words))
        if against:
            yield number, against


def agrees(said: Quantity, known: Quantity) -> bool:
    """Within half a unit of the last digit printed by either (of `same_number`), or within the spread of what is
    known: of typed truth, its tolerance."""
    if same_number(said, measurement_of(known)):
        return True
    unit = said.unit or known.unit
    apart = abs(base_value(said.value, unit) - base_value(known.value, known.unit))
    return known.sd is not None and apart <= base_value(known.sd, known.unit) * (1 + 1e-9)


def disagree(said: Claim, known: Iterable[Claim], words: Lexicon, *, back: bool = False) -> bool:
    """Whether a number that is said is known to be another. `back`: it is the truth, held against what a draft says."""
    return any(
        not any(agrees(one, number) if back else agrees(number, one) for one in against)
        for number, against in pairs(said, known, words)
    )


def _same_measure(said: Quantity, known: Quantity, words: Lexicon) -> bool:
    if known.role in ("prior", "limit"):
        return False
    named = not said.name or not known.name or words.is_a(said.name, known.name) or words.is_a(known.name, said.name)
    return named and (not said.unit or not known.unit or dimension(said.unit) == dimension(known.unit))
