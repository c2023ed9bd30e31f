"""Settings: READINGROOM_* in the environment and readingroom.toml; offline and embedded by default."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from readingroom.agents.budget import Limits, Price
from readingroom.agents.model_config import ModelConfig, model_of
from readingroom.endpoint_names import ARM, MARK, endpoints_of
from readingroom.errors import BadRequest, RecordError
from readingroom.tools.backends.endpoint.config import DEFAULT_ARM, EndpointConfig
from readingroom.tools.borrowed.server import BorrowedServer, ServerName
from readingroom.tools.contracts.model_ids import ModelId

BACKENDS = ("classical", "endpoint", "local")


def _data_home() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "readingroom"


def _config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "readingroom"


class Settings(BaseSettings):
    """Everything that can be set. Given values go before the environment, the environment before the file."""

    model_config = SettingsConfigDict(
        env_prefix="READINGROOM_",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # an empty home would be the folder one happens to be in
        toml_file="readingroom.toml",
        extra="forbid",
        frozen=True,
    )

    home: Path = Field(default_factory=_data_home)
    """Where runs, stored files and reports are kept."""
    config: Path = Field(default_factory=_config_home)
    """Where this installation's key for pseudonyms is kept: apart from the runs."""
    backend: str = "classical"
    """Where models run: classical, endpoint or local; several by commas, each call to the first that serves it."""
    endpoints: dict[ModelId, EndpointConfig] = Field(default_factory=dict)
    """Deployed models by id; MI2_MODEL_ENDPOINT and its like (endpoint_names) fill in what is not set here."""
    weights: dict[ModelId, Path] = Field(default_factory=dict)
    """Folders or files with weights on this machine, by model id."""
    trust_model_code: bool = False
    """MLflow model folders and exported torch programs run their own code when loaded; only then are they."""
    burned_in_text: Literal["refuse", "mask", "allow"] = "refuse"
    """What to do with words found in pixels that are to leave this machine."""
    presence_parameters: Path | None = None
    """The published target_dist.json of BiomedParse, for its test of absent objects."""
    planner: Literal["rules", "model", "agent"] = "rules"
    """Who plans a question: rules, a model that writes a plan, or a model that calls the tools turn by turn."""
    writer: Literal["template", "model", "panel"] = "template"
    """Who words a report; panel: every named model drafts, and what they tell alike is told."""
    second_reader: Literal["rules", "model"] = "rules"
    """Whether a model may doubt what no rule could check."""
    adapters: Path | None = None
    """A folder of trained heads: `classify` tells their labels with a calibrated probability."""
    reference: Path | None = None
    """An index of images that this room is used to: a study unlike them is told to be."""
    gate: Literal["mark", "strike"] = "mark"
    """What happens to a sentence that is contradicted or unsupported: it stays with its verdict, or it is struck."""
    language_models: dict[str, ModelConfig] = Field(default_factory=dict)
    """By name; AZURE_OPENAI_*, OPENAI_* or OLLAMA_* describe the "usual" one where it is not set here."""
    specialists: Path | None = None
    """A folder with declared agents (YAML) that add to the built-in ones or replace them."""
    budget: Limits = Limits()
    """What one question or report may cost."""
    mcp_tools: dict[ServerName, BorrowedServer] = Field(default_factory=dict)
    """Servers whose tools a model that plans may use beside ours; `readingroom mcp-tools` writes the entries."""
    prices: dict[str, Price] = Field(default_factory=dict)
    """Of language models, for a million tokens."""
    telemetry: Literal["off", "on", "content"] = "off"
    """OpenTelemetry spans; content: with questions, plans and answers in them."""
    index: Path | str | None = None
    """Where the index of embedded studies is: a folder ("index" in the home folder unless set),
    qdrant+https://host:6333/name, or postgresql://user@host/base/table."""
    index_key: SecretStr | None = None
    """API key of Qdrant or password of PostgreSQL, for the server that `index` names."""
    cache: bool = True
    """Keep endpoints' answers in the home folder, by what was asked."""

    @field_validator("backend")
    @classmethod
    def _known(cls, given: str) -> str:
        names = [name.strip() for name in given.split(",")]
        strange = [name for name in names if name not in BACKENDS]
        if strange or len(set(names)) < len(names):
            raise ValueError(f"choose from {', '.join(BACKENDS)}, each once, separated by commas")
        return ",".join(names)

    @field_validator("index")
    @classmethod
    def _place(cls, given: Path | str | None) -> Path | str | None:
        return Path(given).expanduser() if isinstance(given, str) and "://" not in given else given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def _models(environment: Mapping[str, str | None], settings: Settings) -> dict[str, ModelConfig]:
    """Those of the settings, and the usual one from the environment where a model is wanted and none is called so."""
    roles = (settings.planner, settings.writer, settings.second_reader)
    if "usual" in settings.language_models or not {"model", "agent", "panel"} & set(roles):
        return settings.language_models
    usual = model_of({name: value for name, value in environment.items() if value})
    return settings.language_models | ({"usual": usual} if usual else {})


def _environment() -> dict[str, str | None]:
    return {**_dotenv(), **os.environ}


def resource_manager() -> str:
    """Base URL by which a resource ID is resolved that no setting describes; AZUREML_DEV_URL_MFE moves it."""
    return (_environment().get(ARM) or "").strip() or DEFAULT_ARM


def _dotenv() -> Mapping[str, str | None]:
    """What lies beside us in .env. Raises BadRequest where it is no text."""
    try:
        return dotenv_values(".env")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest("cannot be read as UTF-8 text", where=".env", do="Save it so, or remove it.") from error


def load_settings(**given: object) -> Settings:
    """Raises BadRequest naming the setting that is wrong."""
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic checks what mypy cannot
        environment = _environment()
        named = {name: value for name, value in environment.items() if value and (MARK in name or name == ARM)}
        found = {model: EndpointConfig(**fields) for model, fields in endpoints_of(named).items()} if named else {}
        return settings.model_copy(
            update={"endpoints": found | settings.endpoints, "language_models": _models(environment, settings)}
        )
    except (TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot be read ({error})", where="readingroom.toml", do="Mend or remove it.") from error
    except SettingsError as error:  # its words are "error parsing value for field ... from source ..."
        field = str(error).split('"')[1::2][:1]
        raise BadRequest(f"setting {'.'.join(field)!r}: this is no JSON", do="Check READINGROOM_*.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name, wrong = ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
        raise BadRequest(f"setting {name!r}: {wrong}", do="Check READINGROOM_* and readingroom.toml.") from error


def subject_key(config: Path) -> bytes:
    """32 random bytes made at first use and kept from others: two installations give one patient two pseudonyms."""
    path = config / "subject.key"
    try:
        if path.exists():
            return path.read_bytes()
        config.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = config / f".{path.name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another thread's or process's key is the key
            os.link(aside, path)  # whole or not at all: an empty file would be read as an empty key
        aside.unlink()
        return path.read_bytes()
    except OSError as error:
        raise RecordError(
            f"cannot keep the key for pseudonyms ({error.strerror})",
            where=str(config),
            do="Choose another place with READINGROOM_CONFIG.",
        ) from error
