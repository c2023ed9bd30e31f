"""What is served, to whom, and within which limits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from pydantic import SecretStr

from readingroom.errors import BadRequest
from readingroom.model_server.limits import PUBLISHED, Limits, limits_of
from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Answers = Literal["baseline", "canned"]
"""baseline: the backend answers; canned: one fixed valid answer a row, for load tests."""

AuthMode = Literal["Key", "AMLToken", "AADToken"]


def _secret() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(32))


@dataclass(frozen=True)
class ServerSettings:
    """Everything that `serve` and `build_app` can be told. Keys are random unless they are given."""

    models: tuple[ModelId, ...] = MODEL_IDS
    limits: Mapping[ModelId, Limits] = field(default_factory=lambda: dict(PUBLISHED))
    answers: Answers = "baseline"
    key: SecretStr = field(default_factory=_secret)
    """The endpoints' primary key."""
    secondary_key: SecretStr = field(default_factory=_secret)
    identity_header: SecretStr = field(default_factory=_secret)
    """Secret of the managed-identity route (IDENTITY_HEADER)."""
    access_token: SecretStr = field(default_factory=_secret)
    """What that route hands out and the resource routes ask for."""
    auth_mode: AuthMode = "Key"
    """Key: either key opens an endpoint; AMLToken and AADToken: the token of the token route or the identity route."""
    deployment: str = "default"
    """The one deployment of each endpoint; azureml-model-deployment may name it."""
    remote: bool = False
    """Whether others than this machine may ask: needed for any address but loopback."""
    hosts: tuple[str, ...] = ()
    """With `remote`: the names by which it may be asked; empty: any."""
    body_bytes: int = 256 << 20
    """The largest request body; a packed CT of 300 slices is some 130 MB in base64."""

    def __post_init__(self) -> None:
        """Raises BadRequest for a model that is not known or has no limits, and for a key that is empty."""
        if not self.models:
            raise BadRequest("no model is named", do=f"Choose among {', '.join(MODEL_IDS)}.")
        for model in self.models:
            if model not in MODEL_IDS:
                raise BadRequest(f"there is no model {model!r}", do=f"Choose among {', '.join(MODEL_IDS)}.")
            if model not in self.limits:
                raise BadRequest(f"there are no limits for {model}", do="Use limits_of(models).")
        if not self.key.get_secret_value():
            raise BadRequest("the key is empty", do="Leave it out for a random one.")

    @property
    def credentials(self) -> tuple[SecretStr, ...]:
        """What a scoring route takes as a bearer token."""
        return (self.key, self.secondary_key) if self.auth_mode == "Key" else (self.access_token,)


def settings_of(
    *,
    models: tuple[str, ...] = (),
    answers: str = "baseline",
    key: str | None = None,
    remote: bool = False,
    limits: Mapping[str, float | None] | None = None,
) -> ServerSettings:
    """Settings from what a command line gives: no models are all; `limits` by the fields of Limits, None as published.

    Raises BadRequest for a model, a kind of answer or a limit that is not known or cannot be.
    """
    for name in models:
        if name not in MODEL_IDS:
            raise BadRequest(f"there is no model {name!r}", do=f"Choose among {', '.join(MODEL_IDS)}.")
    if answers not in get_args(Answers):
        raise BadRequest(f"there are no answers {answers!r}", do=f"Choose {' or '.join(get_args(Answers))}.")
    served = tuple(model for model in MODEL_IDS if model in (models or MODEL_IDS))
    return ServerSettings(
        models=served,
        limits=limits_of(served, **(limits or {})),
        answers=cast(Answers, answers),
        key=_secret() if key is None else SecretStr(key),
        remote=remote,
    )
