"""Every dataset that can be read, by the name that an experiment's file gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from readingroom.experiments.case import Case
from readingroom.experiments.datasets.biomedparse import biomedparse
from readingroom.experiments.datasets.chest_agent_bench import chest_agent_bench
from readingroom.experiments.datasets.chexpert import chexpert
from readingroom.experiments.datasets.iu_xray import iu_xray
from readingroom.experiments.datasets.mimic_cxr import mimic_cxr, mimic_cxr_jpg
from readingroom.experiments.datasets.ms_cxr import ms_cxr
from readingroom.experiments.datasets.nih_chestxray14 import nih_chestxray14
from readingroom.experiments.datasets.padchest_gr import padchest_gr
from readingroom.experiments.datasets.vindr_cxr import vindr_cxr


class Layout(NamedTuple):
    """One dataset as it is published."""

    read: Callable[[Path], Iterator[Case]]
    title: str
    tells: str
    """What of a case's reference it has."""
    files: str
    """What the folder must hold."""


LAYOUTS: dict[str, Layout] = {
    "mimic-cxr": Layout(mimic_cxr, "MIMIC-CXR", "reports", "cxr-record-list.csv.gz, files/p10/.../s50414267.txt"),
    "mimic-cxr-jpg": Layout(
        mimic_cxr_jpg, "MIMIC-CXR-JPG", "labels, reports where unpacked",
        "mimic-cxr-2.0.0-metadata.csv.gz, -chexpert.csv.gz, files/",
    ),
    "iu-xray": Layout(
        iu_xray, "IU X-ray / Open-i", "reports",
        "indiana_reports.csv, indiana_projections.csv, images/; or ecgen-radiology/, NLMCXR_png/",
    ),
    "padchest-gr": Layout(
        padchest_gr, "PadChest-GR", "sentences, boxes",
        "grounded_reports_20240819.json, master_table.csv, Padchest_GR_files/",
    ),
    "chexpert": Layout(chexpert, "CheXpert", "labels", "train.csv, valid.csv, train/, valid/"),
    "nih-chestxray14": Layout(
        nih_chestxray14, "NIH ChestX-ray14", "findings, boxes", "Data_Entry_2017_v2020.csv, images/",
    ),
    "vindr-cxr": Layout(vindr_cxr, "VinDr-CXR", "findings, boxes", "annotations/, train/, test/"),
    "ms-cxr": Layout(ms_cxr, "MS-CXR", "phrases, boxes", "MS_CXR_Local_Alignment_v1.1.0.csv, files/ of MIMIC-CXR-JPG"),
    "biomedparse": Layout(biomedparse, "BiomedParseData", "masks", "train/, train_mask/, test/, test_mask/"),
    "chest-agent-bench": Layout(
        chest_agent_bench, "ChestAgentBench", "multiple-choice questions", "metadata.jsonl, figures/",
    ),
}  # fmt: skip
