"""Settings: READINGROOM_* in the environment and readingroom.toml; offline and embedded by default."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from readingroom.errors import BadRequest, RecordError


def _data_home() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "readingroom"


def _config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "readingroom"


class Settings(BaseSettings):
    """Everything that can be set. Given values go before the environment, the environment before the file."""

    model_config = SettingsConfigDict(
        env_prefix="READINGROOM_", toml_file="readingroom.toml", extra="forbid", frozen=True
    )

    home: Path = Field(default_factory=_data_home)
    """Where runs, stored files and reports are kept."""
    config: Path = Field(default_factory=_config_home)
    """Where this installation's key for pseudonyms is kept: apart from the runs."""
    backend: Literal["classical"] = "classical"
    """Where models run."""

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


def load_settings(**given: object) -> Settings:
    """Raises BadRequest naming the setting that is wrong."""
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what mypy cannot
    except (TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot be read ({error})", where="readingroom.toml", do="Mend or remove it.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"setting {name!r}: {first['msg']}", do="Check READINGROOM_* and readingroom.toml.") from error


def subject_key(config: Path) -> bytes:
    """32 random bytes made at first use and kept from others: two installations give one patient two pseudonyms."""
    path = config / "subject.key"
    try:
        config.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_bytes()
        with os.fdopen(file, "wb") as out:
            out.write(key := secrets.token_bytes(32))
    except OSError as error:
        raise RecordError(
            f"cannot keep the key for pseudonyms ({error.strerror})",
            where=str(config),
            do="Choose another place with READINGROOM_CONFIG.",
        ) from error
    return key
