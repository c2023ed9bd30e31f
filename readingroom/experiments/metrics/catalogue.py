"""Every metric that `score` counts, in the order in which a table shows them."""

from __future__ import annotations

from readingroom.experiments.metrics.certainty import calibration_parts
from readingroom.experiments.metrics.labels14 import label_part, label_table
from readingroom.experiments.metrics.metric import Metric

CLAIMS = ("claim_precision", "claim_recall")

AGAINST_TRUTH = (
    Metric(name="silent_errors", title="wrong sentences among those unmarked", better="lower", needs="reference",
           safety=True),
    Metric(name="silent_errors_per_report", title="wrong unmarked sentences a report", better="lower",
           needs="reference", safety=True, bounded=False),
    Metric(name="errors_caught", title="wrong sentences struck or marked", better="higher", needs="reference",
           safety=True),
    Metric(name="false_alarms", title="right sentences struck or marked", better="lower", needs="reference"),
    Metric(name="claim_precision", title="claim precision", better="higher", needs="reference", safety=True),
    Metric(name="claim_recall", title="claim recall", better="higher", needs="reference", safety=True),
    Metric(name="claim_f1", title="claim F1", better="higher", needs="reference", parts=CLAIMS, fold="harmonic"),
    Metric(name="laterality_accuracy", title="right side", better="higher", needs="reference", safety=True),
    Metric(name="negation_accuracy", title="right polarity", better="higher", needs="reference", safety=True),
    Metric(name="number_accuracy", title="right number", better="higher", needs="reference", safety=True),
    Metric(name="comparison_accuracy", title="right course", better="higher", needs="reference", safety=True),
    Metric(name="omission_rate", title="findings left out", better="lower", needs="reference", safety=True),
    Metric(name="unsupported_by_reference", title="positive claims that the reference does not have", better="lower",
           needs="reference", safety=True),
    Metric(name="contradicted_by_reference", title="claims that the reference refutes", better="lower",
           needs="reference", safety=True),
)  # fmt: skip

LABELS = (
    Metric(name="label_precision", title="14-label precision (micro)", better="higher", needs="labels"),
    Metric(name="label_recall", title="14-label recall (micro)", better="higher", needs="labels"),
    Metric(name="label_f1", title="14-label F1 (micro)", better="higher", needs="labels"),
    Metric(name="label_f1_macro", title="14-label F1 (macro)", better="higher", needs="labels", fold="macro",
           parts=tuple(map(label_part, label_table().names))),
    Metric(name="label_f1_five", title="5-label F1 (micro)", better="higher", needs="labels"),
)  # fmt: skip

AGAINST_EVIDENCE = (
    Metric(name="unsupported_rate", title="sentences without support in the evidence", better="lower", needs="report",
           safety=True),
    Metric(name="contradicted_rate", title="sentences that the evidence contradicts", better="lower", needs="report",
           safety=True),
    Metric(name="evidence_omitted", title="present evidence that no sentence tells", better="lower", needs="report",
           safety=True),
    Metric(name="checkable", title="sentences that the rules can read", better="higher", needs="report"),
    Metric(name="citation_precision", title="citation precision", better="higher", needs="report"),
    Metric(name="citation_recall", title="citation recall", better="higher", needs="report"),
)  # fmt: skip

GROUNDING = tuple(
    Metric(name=name, title=title, better="higher", needs="regions")
    for name, title in (
        ("grounding_precision", "grounding precision (RadFact)"), ("grounding_recall", "grounding recall (RadFact)"),
        ("spatial_precision", "spatial precision (RadFact)"), ("spatial_recall", "spatial recall (RadFact)"),
        ("pixel_precision", "pixel precision"), ("pixel_recall", "pixel recall"), ("box_iou", "IoU"),
        ("box_iou_30", "IoU above 0.3"), ("box_iou_50", "IoU above 0.5"),
    )
)  # fmt: skip

CALIBRATION = (
    Metric(name="certainty_brier", title="Brier score of certainty words", better="lower", needs="reference"),
    Metric(name="certainty_ece", title="calibration error of certainty words", better="lower", needs="reference",
           parts=calibration_parts("certainty_ece"), fold="calibration"),
    Metric(name="score_brier", title="Brier score of the evidence's probabilities", better="lower", needs="reference"),
    Metric(name="score_ece", title="calibration error of the evidence's probabilities", better="lower",
           needs="reference", parts=calibration_parts("score_ece"), fold="calibration"),
)  # fmt: skip

LEXICAL = (
    Metric(name="rouge_l", title="ROUGE-L", better="higher", needs="text", sanity_only=True),
    Metric(name="bleu", title="BLEU-4", better="higher", needs="text", sanity_only=True, extra="metrics"),
)

EFFORT = (
    Metric(name="completed", title="drafts that came out", better="higher", needs="draft"),
    Metric(name="choice_accuracy", title="right answers", better="higher", needs="choices"),
    Metric(name="choice_answered", title="questions that were answered", better="higher", needs="choices"),
    Metric(name="choice_right", title="right among the answers given", better="higher", needs="choices"),
    *(
        Metric(name=name, title=title, better="lower", needs="draft", bounded=False)
        for name, title in (
            ("words", "words a report"), ("seconds", "seconds a case"), ("calls", "model calls a case"),
            ("tokens", "tokens a case"), ("cost", "cost a case"),
        )
    ),
)  # fmt: skip

METRICS: tuple[Metric, ...] = (
    *AGAINST_TRUTH, *LABELS, *AGAINST_EVIDENCE, *GROUNDING, *CALIBRATION, *EFFORT, *LEXICAL,
)  # fmt: skip
"""All of them; which a case has depends on its reference."""

BY_NAME = {metric.name: metric for metric in METRICS}
