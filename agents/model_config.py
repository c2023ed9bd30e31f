"""Which language model is asked, where, and as whom: from settings, or the variables that other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr

from readingroom.domain.value import Value
from readingroom.errors import BadRequest

Provider = Literal["openai", "azure", "compatible"]
"""compatible: Ollama, vLLM, llama.cpp and whatever else answers /chat/completions."""

OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://127.0.0.1:11434"
AZURE_VERSION = "2024-10-21"
"""The newest API version of Azure OpenAI that is no preview; v1 endpoints need none and are `compatible` addresses."""

_AZURE_MODELS = ("AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_CHAT_DEPLOYMENT_NAME")
_OPENAI_MODELS = ("OPENAI_MODEL", "OPENAI_CHAT_MODEL_ID", "OPENAI_CHAT_MODEL")
_OLLAMA_MODELS = ("OLLAMA_MODEL", "OLLAMA_CHAT_MODEL_ID")


class ModelConfig(Value):
    """One language model."""

    provider: Provider = "openai"
    model: str = Field(min_length=1, max_length=200)
    """The model's name; with Azure the deployment's."""
    address: str = OPENAI
    """Base URL; with Azure https://<resource>.openai.azure.com. https, or http to this machine."""
    key: SecretStr | None = None
    """Without one Azure is asked as Entra says (azure-identity), others with none."""
    token: SecretStr | None = None
    """With Azure: an Entra token, as AZURE_OPENAI_AD_TOKEN gives it; it cannot be renewed."""
    api_version: str = AZURE_VERSION
    organisation: str = ""
    project: str = ""
    timeout: float = Field(default=120.0, gt=0)
    """Seconds without a byte, before a request is given up."""
    deadline: float = Field(default=300.0, gt=0)
    """Seconds for one answer with all its retries."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Not sent unless set: reasoning models refuse it."""
    seed: int | None = None
    longest: int | None = Field(default=None, gt=0)
    """Tokens of one answer at most."""
    structured: Literal["schema", "object", "words"] = "schema"
    """How a form is asked for: by its schema, as any JSON, or in words alone, for servers that know no more."""
    stream_usage: bool = True
    """Ask for the count of tokens at the end of a stream; some older servers refuse it."""

    @property
    def name(self) -> str:
        """For records: never a key."""
        return f"{self.provider} {self.model}"


def model_of(environment: Mapping[str, str]) -> ModelConfig | None:
    """What AZURE_OPENAI_*, OPENAI_* or OLLAMA_* describe, in this order; None where they describe nothing.

    The names are those that the SDKs of OpenAI and semantic-kernel read, and OLLAMA_HOST of Ollama itself. Raises
    BadRequest where an address is named and no model.
    """
    told = {name: value.strip() for name, value in environment.items() if value.strip()}
    if "AZURE_OPENAI_ENDPOINT" in told:
        return ModelConfig(
            provider="azure",
            model=_model(told, _AZURE_MODELS),
            address=told["AZURE_OPENAI_ENDPOINT"],
            key=_secret(told, "AZURE_OPENAI_API_KEY"),
            token=_secret(told, "AZURE_OPENAI_AD_TOKEN"),
            api_version=told.get("OPENAI_API_VERSION", told.get("AZURE_OPENAI_API_VERSION", AZURE_VERSION)),
        )
    if "OPENAI_API_KEY" in told or "OPENAI_BASE_URL" in told:
        address = told.get("OPENAI_BASE_URL", OPENAI)
        return ModelConfig(
            provider="openai" if address.startswith(OPENAI) else "compatible",
            model=_model(told, _OPENAI_MODELS),
            address=address,
            key=_secret(told, "OPENAI_API_KEY"),
            organisation=told.get("OPENAI_ORG_ID", ""),
            project=told.get("OPENAI_PROJECT_ID", ""),
        )
    if any(name in told for name in ("OLLAMA_BASE_URL", "OLLAMA_HOST", *_OLLAMA_MODELS)):
        address = told.get("OLLAMA_BASE_URL", told.get("OLLAMA_HOST", OLLAMA))
        return ModelConfig(
            provider="compatible", model=_model(told, _OLLAMA_MODELS), address=ollama_address(address), seed=0
        )
    return None


def ollama_address(host: str) -> str:
    """OLLAMA_HOST as Ollama reads it (with or without scheme and port), as the base URL of its OpenAI-like API."""
    url = host if "://" in host else f"http://{host}"
    url = url.rstrip("/").replace("://0.0.0.0", "://127.0.0.1")
    if url.count(":") == 1:
        url += ":11434"
    return url if url.endswith("/v1") else f"{url}/v1"


def _model(told: Mapping[str, str], names: tuple[str, ...]) -> str:
    found = next((told[name] for name in names if name in told), "")
    if not found:
        raise BadRequest("an address of a language model is set, but no model", do=f"Set {names[0]}.")
    return found


def _secret(told: Mapping[str, str], name: str) -> SecretStr | None:
    return SecretStr(told[name]) if name in told else None
