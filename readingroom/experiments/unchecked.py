"""Words as they came from a writer, bound to a report without anybody holding them against the evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from readingroom.agents.ledger import Ledger
from readingroom.agents.second_reader import Line
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.finding import Comparison, Finding, Statement
from readingroom.domain.terms import Presence
from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of

UNNAMED = "abnormality"
"""What a sentence is filed under in which the lexicon finds nothing."""


class Bound(NamedTuple):
    """Findings and impression as they were written, and the writer's own word where a sentence cites nothing."""

    findings: tuple[Finding, ...]
    impression: tuple[Statement, ...]
    unbacked: tuple[Evidence, ...]
    """Untrusted text: it makes such a sentence a finding, and supports nothing."""


def bound(lines: Sequence[Line], summary: Sequence[Line], ledger: Ledger) -> Bound:
    """The lines as findings and statements. Their fields say what the sentence says, right or wrong.

    Ids that are not in the ledger are dropped; a sentence that then cites nothing rests on its own words alone, which
    the verifier does not count. An impression that names no finding rests on all of them; without any it is none.
    """
    known = {item.id: item for item in ledger.evidence}
    findings: list[Finding] = []
    unbacked: list[Evidence] = []
    for number, line in enumerate(lines, 1):
        cited = tuple(dict.fromkeys(name for name in line.evidence if name in known))
        if not cited:
            item = _own_word(line.text, f"W{number}", ledger)
            known[item.id] = item
            unbacked.append(item)
            cited = (item.id,)
        findings.append(_finding(f"F{number}", line.text, tuple(known[name] for name in cited), ledger))
    names = tuple(finding.id for finding in findings)
    statements = tuple(
        Statement(
            id=f"I{number}",
            text=line.text.strip(),
            derived_from=tuple(dict.fromkeys(name for name in line.evidence if name in names)) or names,
            certainty=next((claim.certainty for claim in claims_of(line.text)), "definite"),
        )
        for number, line in enumerate(summary if names else (), 1)
    )
    return Bound(tuple(findings), statements, tuple(unbacked))


def _finding(name: str, text: str, cited: tuple[Evidence, ...], ledger: Ledger) -> Finding:
    claim = _first(text)
    prior = next((image.id for image in ledger.images if image.role == "prior"), None)
    presence = _presence(claim, cited[0])
    return Finding(
        id=name,
        text=text.strip(),
        observation=claim.observation if claim else cited[0].observation,
        presence=presence,
        certainty=claim.certainty if claim else "definite",
        laterality=claim.laterality if claim else cited[0].laterality,
        zone=claim.zone if claim else cited[0].zone,
        severity=claim.severity if claim and presence != "absent" else None,
        comparison=Comparison(prior_image_id=prior, change=claim.change) if claim and claim.change and prior else None,
        evidence=tuple(item.id for item in cited),
        author="model",
    )


def _first(text: str) -> Claim | None:
    """The first thing a sentence says that the lexicon has a name for."""
    return next((claim for claim in claims_of(text) if ":" not in claim.observation), None)


def _presence(claim: Claim | None, item: Evidence) -> Presence:
    found = claim.presence if claim else item.presence
    return "indeterminate" if found == "not_assessed" else found


def _own_word(text: str, name: str, ledger: Ledger) -> Evidence:
    claim = _first(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Evidence(
        id=name,
        kind="clinical_note",
        trust="untrusted_text",
        observation=claim.observation if claim else UNNAMED,
        presence=claim.presence if claim else "indeterminate",
        laterality=claim.laterality if claim else "unspecified",
        summary="the writer's own word; nothing was cited",
        image_id=ledger.images[0].id,
        origin=Origin(tool="writer", tool_version="1", backend="none", model="none", model_version="1",
                      preprocessing_id="none", step="writing", input_sha256=digest, output_sha256=digest),
    )  # fmt: skip
