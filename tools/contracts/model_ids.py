"""The models by the ids that settings, contracts and evidence name them with."""

from __future__ import annotations

from typing import Literal

ModelId = Literal["medimageinsight", "medimageparse", "medimageparse3d", "cxrreportgen", "gigapath", "gigatime"]
MODEL_IDS: tuple[ModelId, ...] = (
    "medimageinsight", "medimageparse", "medimageparse3d", "cxrreportgen", "gigapath", "gigatime",
)  # fmt: skip
