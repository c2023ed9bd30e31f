"""An adapter's curves as a page: of each label the ROC curve and the calibration that the outer loop measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from readingroom.exports.curves import Ranked, calibration_chart, roc_chart
from readingroom.exports.plots_page import Page
from readingroom.learning.adapter import Adapter
from readingroom.learning.card import false_alarms
from readingroom.learning.validation import Measured


def curves_page(adapter: Adapter, seen: Mapping[str, Measured]) -> Page:
    """`seen`: by label, what nested validation measured (`adapted` tells it)."""
    charts = []
    for number, (label, one) in enumerate(seen.items(), 1):
        ranked = Ranked(label, one.present, one.ranks, one.subjects, one.folds)
        charts += [
            replace(roc_chart([ranked], f"{label}: ROC curve"), name=f"roc-{number}"),
            replace(
                calibration_chart(one.present, one.probabilities, f"{label}: calibration"), name=f"calibration-{number}"
            ),
        ]
    made = adapter.training
    return Page(
        title=f"Adapter {made.name}",
        answer=f"{len(seen)} labels on {made.images} images of {made.patients} patients; "
        f"{false_alarms(adapter):.2f} false alarms an image.",
        alarm=False,
        charts=tuple(charts),
        tables=(),
        strips=(),
        notes=(
            f"Nested cross-validation by patient ({made.outer} outer, {made.inner} inner folds): every point is of a "
            "patient that neither head nor calibration nor cuts were chosen on.",
            "Areas count pairs within an outer fold; the curve puts all folds on one axis, by calibrated score.",
            "Intervals are 95 %; of areas by drawing patients anew, of shares in a tenth by Wilson.",
        ),
    )
