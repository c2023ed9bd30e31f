"""A model card, written from the adapter alone: what it was made from, how well it does, and what it is not for."""

from __future__ import annotations

from typing import Any

from readingroom.learning.adapter import ENOUGH, Adapter, Label
from readingroom.learning.rates import Rate

NOT_FOR = (
    "Diagnosis or treatment of any person: this is research software and not a medical device.",
    "Vectors of another model, version or preparation of the pixels: it refuses them.",
    "Patients, scanners or hospitals unlike those it was made from: nothing here was measured elsewhere.",
    "Saying where in an image, on which side or how severe a finding is: a label is of the whole image.",
    "Findings that are not among its labels: that it calls all of them absent does not make an image normal.",
)


def to_json(adapter: Adapter) -> dict[str, Any]:
    """The card for machines: the adapter without its weights."""
    left_out = {"labels": {"__all__": {"head": {"mean", "scale", "layers"}}}}
    told: dict[str, Any] = adapter.model_dump(mode="json", exclude=left_out)
    for label, row in zip(adapter.labels, told["labels"], strict=True):
        row["calibrated"], row["wording"] = label.calibrated, label.wording
    return {**told, "false_alarms_an_image": false_alarms(adapter), "sha256": adapter.digest, "not_for": list(NOT_FOR)}


def to_markdown(adapter: Adapter) -> str:
    """The card for people."""
    made, space = adapter.training, adapter.space
    lines = [
        f"# Model card: {_plain(made.name)}", "",
        f"Adapter `{adapter.digest}`, made by {made.made_by}. For research; not a medical device.", "",
        "## What it is", "",
        f"Heads for {len(adapter.labels)} labels on vectors of {_plain(space.model)} {_plain(space.version)}, prepared "
        f"as `{_plain(space.preprocessing_id)}`, {space.dimensions} numbers.", "",
        "## What it was made from", "",
        f"- Data: {_plain(made.data) or 'not told'}",
        f"- {made.images} labelled images of {made.patients} patients; {made.unlabelled} more images of the index had "
        "no label",
        *([f"- **{made.nameless} images name no patient and count as one each: if some are of one patient, the figures "
           "below are too good**"] if made.nameless else []),
        *([f"- Rows of the table of images that the index does not hold: {made.strangers}"]
          if made.strangers else []),
        f"- Table of labels `{made.labels_sha256[:16]}`, vectors `{made.vectors_sha256[:16]}`, seed {made.seed}", "",
        "## How it was measured", "",
        f"Nested cross-validation by patient, {made.outer} outer and {made.inner} inner folds. The inner loop chose "
        "head, calibration and cuts; the outer loop only measured, on patients that nothing was chosen on. Intervals "
        "are 95 %, from drawing patients anew. Area: pairs within an outer fold. The cuts aim at a sensitivity of "
        f"{made.sensitivity:.2f} for *absent* and a specificity of {made.specificity:.2f} for *present*; between them "
        "a label is left indeterminate.", "",
    ]  # fmt: skip
    lines += [
        f"False alarms: {false_alarms(adapter):.2f} labels an image are called present that are not.", "",
    ]  # fmt: skip
    for label in adapter.labels:
        lines += _of_label(label)
    lines += ["## What it is not for", "", *(f"- {line}" for line in NOT_FOR), ""]
    return "\n".join(lines)


def false_alarms(adapter: Adapter) -> float:
    """Labels called present that are not, of one image, all labels together, as the outer loop measured it: a good area
    of each label may still mean several false alarms on every image."""
    return sum(one.figures.false.value * (one.images - one.with_it) / one.images for one in adapter.labels)


def _of_label(label: Label) -> list[str]:
    told = label.figures
    rows = (
        ("area under the ROC curve", told.auroc),
        ("sensitivity at Youden's cut", told.sensitivity),
        ("specificity at Youden's cut", told.specificity),
        ("of those with it, called present", told.found),
        ("of those with it, called absent", told.missed),
        ("of those without, called absent", told.cleared),
        ("of those without, called present", told.false),
        ("of all, left indeterminate", told.undecided),
    )
    bins = [f"| {p:.2f} | {seen:.2f} | {n} |" for p, seen, n in told.bins]
    lacking = ("" if label.calibrated else
               f" (no calibrator was fitted, or on fewer than {ENOUGH} patients with or without)")  # fmt: skip
    return [
        f"## {_plain(label.label)}", "",
        f"{label.with_it} of {label.images} images have it; {label.patients_with} of {label.patients} patients have an "
        f"image with it, {label.patients_without} one without. Head: {label.head.recipe}; outer folds chose "
        f"{told.chosen}. Probabilities: **{label.wording}**{lacking}.", "",
        "| | value | 95 % interval | images | patients |", "|---|---|---|---|---|",
        *(_row(name, rate) for name, rate in rows), "",
        f"Absent below {label.cuts.low:.3f}, present from {label.cuts.high:.3f} on, Youden's cut "
        f"{label.cuts.youden:.3f}. Brier score {told.brier:.3f}, expected calibration error "
        f"{told.calibration_error:.3f}.", "",
        "| told | seen | images |", "|---|---|---|", *bins, "",
    ]  # fmt: skip


def _row(name: str, rate: Rate) -> str:
    return f"| {name} | {rate.value:.2f} | {rate.low:.2f}-{rate.high:.2f} | {rate.n} | {rate.patients} |"


def _plain(text: str) -> str:
    """A user's words as words: no Markdown or HTML of their own."""
    return "".join(f"&#{ord(sign)};" if sign in "<>&|`*_[]#\\" else sign for sign in " ".join(text.split()))
