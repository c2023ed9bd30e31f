"""Evidence built for every rule of every template: as the tools would return it, one ledger a rule and observation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from readingroom.agents.sentence_rules import ReportTemplate, Selector, SentenceRule, kind_of
from readingroom.agents.template import templates
from readingroom.agents.verifier import Ledger
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef, Spacing
from readingroom.domain.measurement import Measurement
from readingroom.language.lexicon import lexicon
from readingroom.tools.models import models
from readingroom.tools.target import target_of
from tests.agents.ledgers import evidence, measured

STEP = Spacing(row=0.5, column=0.5, slice=2.0, source="test", plane="patient")
PICTURE = ImageRef(id="A", sha256="0", kind="volume", rows=1000, columns=1000, depth=9, spacing=STEP)
PRIOR = ImageRef(id="P", sha256="0", kind="image", rows=1000, columns=1000, role="prior")

NUMBERS: dict[str, tuple[float, Any, int, float | None]] = {
    "area": (1234.0, "mm2", 0, 8.0),
    "longest_diameter": (41.7, "mm", 1, 0.4),
    "perpendicular_diameter": (23.9, "mm", 1, 0.4),
    "vertical_diameter": (1.9, "mm", 1, 0.1),
    "horizontal_diameter": (1.6, "mm", 1, 0.1),
    "head_circumference": (181.4, "mm", 1, 2.0),
    "biparietal_diameter": (49.3, "mm", 1, 0.7),
    "volume": (1520.0, "mL", 0, 9.0),
    "mean_hu": (-57.0, "HU", 0, 0.2),
    "hu_sd": (23.0, "HU", 0, None),
    "mean_intensity": (118.0, "grey", 0, 0.3),
    "intensity_sd": (41.0, "grey", 0, None),
    "count": (128.0, "count", 0, None),
    "area_fraction": (31.4, "%", 1, None),
    "median_area": (932.0, "px2", 0, None),
    "cardiothoracic_ratio": (0.58, "1", 2, 0.03),
    "prior_cardiothoracic_ratio": (0.47, "1", 2, 0.03),
    "cup_to_disc_ratio": (0.42, "1", 2, 0.03),
    "density_difference": (38.0, "%", 0, None),
    "height_ratio": (0.71, "1", 2, None),
}

OWN = {
    "cardiothoracic_ratio": ("cardiothoracic_ratio", "prior_cardiothoracic_ratio"),
    "lung_density_asymmetry": ("density_difference",),
    "lung_size_asymmetry": ("height_ratio",),
}
"""Measurements that a rule prints as `e.text`."""

QUOTES = {
    "present": ("pleural_effusion", "left", "There is a left pleural effusion."),
    "indeterminate": ("pneumonia", "unspecified", "Pneumonia cannot be excluded."),
    "absent": ("pneumothorax", "unspecified", "No pneumothorax is seen."),
}


WHOLE = ("size", "finding_size", "finding_absent")
"""Rules that are tried with everything that any model can be asked to outline; the other general ones with a few."""
FEW = 5


class Case(NamedTuple):
    """One rule alone in its template, and a ledger that it tells."""

    template: ReportTemplate
    rule: SentenceRule
    ledger: Ledger

    @property
    def name(self) -> str:
        first = self.ledger.evidence[0]
        return f"{self.template.id}:{self.rule.key}:{first.laterality}:{first.observation}"


def number(name: str) -> Measurement:
    value, unit, decimals, sd = NUMBERS[name]
    return measured(name, value, unit, decimals, sd)


def names_in(rule: SentenceRule) -> list[str]:
    """The measurements that a rule waits for or prints."""
    return list(dict.fromkeys((*rule.needs, *re.findall(r"\bm\.(\w+)\.", f"{rule.text} {rule.impression or ''}"))))


def observations_of(rule: SentenceRule) -> list[tuple[str, str]]:
    """What a rule can speak of, with its side: one concept, or all that a model here can be asked to outline."""
    if rule.subject.observation is not None:
        paired = rule.subject.observation == "lung" or "e.laterality" in rule.text
        return [(rule.subject.observation, rule.subject.laterality or ("right" if paired else "unspecified"))]
    served = {
        target_of(target, PICTURE.model_copy(update=dict(zip(("modality", "anatomy"), key.split("/"), strict=True))))
        for model, row in models().items()
        if model != "gigatime"
        for key, targets in row.segments.items()
        for target in targets
    }
    rows = {(one.observation, one.laterality) for one in served if kind_of(one.observation) == rule.subject.kind}
    every = sorted(rows)
    return every if rule.key in WHOLE else every[:: max(1, len(every) // FEW)]


def _evidence(name: str, selector: Selector, observation: str, side: str, parts: list[str]) -> Evidence:
    fields: dict[str, Any] = {"laterality": side}
    presence = selector.presence or "present"
    if presence == "absent" and kind_of(observation) == "finding" and not observation.startswith(("card", "lung_")):
        fields["certainty"] = "unlikely"
    if selector.change:
        fields |= {"change": selector.change, "prior_image_id": "P"}
    if observation == "lung_density_asymmetry" and presence == "present":
        fields["zone"] = "lower lung zone"
    return evidence(name, observation, presence, *map(number, parts), **fields)


def ledger_for(rule: SentenceRule, observation: str, side: str) -> Ledger:
    """Evidence that one rule tells, and nothing else."""
    parts = names_in(rule)
    for name in OWN.get(observation, ()) if re.search(r"\be\.(text|spread|earlier)", rule.text) else ():
        if name not in parts and (not name.startswith("prior_") or rule.subject.change):
            parts.append(name)
    if rule.subject.quoted:
        observation, side, words = QUOTES[rule.subject.presence or "present"]
        item = evidence("E1", observation, rule.subject.presence or "present", laterality=side, quote=words,
                        certainty="may_represent" if rule.subject.presence == "indeterminate" else None)  # fmt: skip
        return Ledger(evidence=(item,), images=(PICTURE, PRIOR))
    items = [_evidence("E1", rule.subject, observation, side, parts)]
    for at, selector in enumerate(rule.beside.values(), 2):
        beside = selector.observation or ""
        items.append(_evidence(f"E{at}", selector, beside, "unspecified", [beside] if beside in NUMBERS else []))
    return Ledger(evidence=tuple(items), images=(PICTURE, PRIOR))


def cases() -> Iterator[Case]:
    """Every rule of every template that comes with the package, with each thing that it can speak of.

    Rules that a template takes over from another one are tried once, where they stand.
    """
    for template in templates().values():
        other = {one.text for one in templates()[template.then].rules} if template.then else set()
        for rule in template.rules:
            if rule.text in other:
                continue
            alone = template.model_copy(update={"findings": (rule,), "normals": (), "sections": ()})
            for observation, side in observations_of(rule):
                yield Case(alone, rule, ledger_for(rule, observation, side))


def reportable(ledger: Ledger) -> bool:
    """Whether leaving the first evidence untold would be an omission."""
    return lexicon().reportable(ledger.evidence[0].observation)
