"""The environment in which clients, unmodified, ask this server instead of Azure."""

from __future__ import annotations

from readingroom.model_server.identity import IDENTITY_PATH
from readingroom.model_server.resources import WORKSPACE
from readingroom.model_server.server_settings import ServerSettings
from readingroom.tools.models import models


def environment(settings: ServerSettings, base: str) -> dict[str, str]:
    """By name, `base` being http://127.0.0.1:PORT.

    First what Microsoft's toolkit and our own client read, then what our own client reads to ask without an SDK.
    """
    toolkit = {
        f"{models()[model].env}_MODEL_ENDPOINT": f"{WORKSPACE}/onlineEndpoints/{model}" for model in settings.models
    }
    ours: dict[str, str] = {}
    for model in settings.models:
        ours[f"READINGROOM_ENDPOINTS__{model.upper()}__ADDRESS"] = f"{base}/{model}/score"
        ours[f"READINGROOM_ENDPOINTS__{model.upper()}__KEY"] = settings.key.get_secret_value()
    return {
        **toolkit,
        "AZUREML_DEV_URL_MFE": base,
        "IDENTITY_ENDPOINT": f"{base}{IDENTITY_PATH}",
        "IDENTITY_HEADER": settings.identity_header.get_secret_value(),
        **ours,
    }


def environment_lines(settings: ServerSettings, base: str) -> str:
    """Lines for a shell to source."""
    return "\n".join(f"export {name}={value}" for name, value in environment(settings, base).items())
