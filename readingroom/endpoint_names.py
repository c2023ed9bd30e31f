"""The settings of Microsoft's examples, taken as they are: MI2_MODEL_ENDPOINT and its like, and AZUREML_DEV_URL_MFE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId
from readingroom.tools.models import models

PARTS = {"ENDPOINT": "address", "KEY": "key", "DEPLOYMENT": "deployment"}
"""What follows <prefix>_MODEL_ in a name, and the field that it sets. KEY and DEPLOYMENT are ours: the examples fetch
keys from Azure Resource Manager."""

MARK = "_MODEL_"
"""What every such name holds."""

ARM = "AZUREML_DEV_URL_MFE"


def endpoints_of(environment: Mapping[str, str]) -> dict[ModelId, dict[str, Any]]:
    """Fields of each model's EndpointConfig that the environment names; models without an address are left out."""
    found: dict[ModelId, dict[str, Any]] = {}
    for model in MODEL_IDS:
        prefix = models()[model].env
        fields = {
            field: environment[name].strip()
            for part, field in PARTS.items()
            if environment.get(name := f"{prefix}_MODEL_{part}", "").strip()
        }
        if "address" in fields:
            found[model] = fields | ({"arm": environment[ARM].strip()} if environment.get(ARM) else {})
    return found
