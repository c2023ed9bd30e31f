"""What a metric is: its name and title, which way is better, what it needs, and how its tallies make one figure."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.value import Value

Need = Literal["report", "reference", "labels", "regions", "text", "choices", "draft"]
"""report: a draft that is a report, held against its own evidence. reference: typed truth or a human's text. labels:
the 14 labels, or a reference that speaks of a chest. regions: boxes or masks of the truth. text: a human's text.
choices: a question with options. draft: whatever came out, a failure too."""

Fold = Literal["ratio", "harmonic", "macro", "calibration"]
"""ratio: sum of hits over sum of of. harmonic: 2PR / (P + R) of two ratios. macro: mean of the ratios that have a
denominator. calibration: the first half of the parts are probabilities told, the second half how often they came true;
mean distance of the two, weighted by the cases of each bin (expected calibration error)."""


class Metric(Value):
    """One figure of an arm."""

    name: str
    title: str
    better: Literal["higher", "lower"]
    needs: Need
    safety: bool = False
    """Whether a gate may hold it: errors that a reader could act on."""
    sanity_only: bool = False
    """Cannot see errors of safety (a swapped side keeps 98 % of it): for a look, never for a gate or a ranking."""
    bounded: bool = True
    """A share, from 0 to 1; otherwise an amount: seconds, tokens, errors a report."""
    parts: tuple[str, ...] = ()
    """Names of the tallies it is made of; empty: one tally of its own name."""
    fold: Fold = "ratio"
    extra: str = ""
    """The optional dependency that it needs."""

    @property
    def tallies(self) -> tuple[str, ...]:
        """The names of its tallies in a case's scores."""
        return self.parts or (self.name,)
