"""Small drafts and cases that the tests of the metrics share."""

from __future__ import annotations

from typing import Any

from readingroom.domain.check import Check, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding
from readingroom.domain.terms import Verdict
from readingroom.experiments.case import Case, Reference, TrueClaim
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.score import score
from readingroom.experiments.metrics.tally import Tally
from tests.agents.ledgers import evidence
from tests.agents.reports import report

LUNG = evidence("E1", "lung")


def finding(
    number: int, text: str, *cites: str, observation: str = "lung", presence: Any = "present",
    laterality: Any = "unspecified",
) -> Finding:  # fmt: skip
    return Finding(id=f"F{number}", text=text, observation=observation, presence=presence, laterality=laterality,
                   evidence=cites or ("E1",))  # fmt: skip


def drafted(*findings: str | Finding, items: tuple[Evidence, ...] = (), **fields: Any) -> Drafted:
    """A draft of these sentences; texts alone cite the lung."""
    made = [finding(n, one) if isinstance(one, str) else one for n, one in enumerate(findings, 1)]
    known = items if any(item.id == "E1" for item in items) else (LUNG, *items)
    return Drafted(case="c1", cell="0" * 64, arm="arm", seed=0, report=report(known, *made, **fields))


FAILED = Drafted(case="c1", cell="0" * 64, arm="arm", seed=0, error="the model is down", seconds=2.0, cost=0.5)


def judged(*verdicts: Verdict) -> Verification:
    """What a check said of F1, F2 ..."""
    checks = tuple(Check(target=f"F{n}", section="findings", text="", verdict=one) for n, one in enumerate(verdicts, 1))
    return Verification(checks=checks, coverage=1.0)


def case(text: str = "", *claims: TrueClaim, prior: tuple[str, ...] = (), **reference: Any) -> Case:
    known = Reference(text=text, claims=claims, **reference)
    return Case(id="c1", subject="p1", paths=("a.png",), prior=prior, reference=known)


def pairs(draft: Drafted, known: Case, *names: str) -> list[tuple[float, float]]:
    """Hits and of, by name."""
    found = score(draft, known)
    return [(found[name].hits, found[name].of) for name in names]


def pair(tally: Tally) -> tuple[float, float]:
    return tally.hits, tally.of
