"""The backend that the settings ask for: where models run, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.settings import Settings, subject_key
from readingroom.tools.backends.chain import Chain
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.contracts.model_ids import ModelId

if TYPE_CHECKING:
    from readingroom.tools import presence_published
    from readingroom.tools.backends.endpoint import cache, endpoint
    from readingroom.tools.backends.foundation import backend as foundation
    from readingroom.tools.backends.local import opening
    from readingroom.tools.backends.scorer import Scorer
else:  # none of them is loaded for the embedded baseline
    presence_published = Later("readingroom.tools.presence_published")
    cache = Later("readingroom.tools.backends.endpoint.cache")
    endpoint = Later("readingroom.tools.backends.endpoint.endpoint")
    foundation = Later("readingroom.tools.backends.foundation.backend")
    opening = Later("readingroom.tools.backends.local.opening")


class Serving:
    """Keeps endpoints and loaded weights for as long as a room lives; a backend is made anew for each study."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoints: dict[ModelId, endpoint.Endpoint] = {}
        self._part = (0, 1)

    def backend(self, marks: frozenset[str] = frozenset()) -> Backend:
        """For one study; `marks` are its patient's. Raises BadRequest where a named backend has nothing configured."""
        makers: Mapping[str, Callable[[], Backend]] = {
            "classical": ClassicalBackend,
            "endpoint": lambda: self._foundation("endpoint", self._deployed, marks),
            "local": lambda: self._foundation("local", self._loaded, marks),
        }
        made = tuple(makers[name]() for name in self._settings.backend.split(","))
        return made[0] if len(made) == 1 else Chain(made)

    def _foundation(self, name: str, scorers: Mapping[ModelId, Scorer], marks: frozenset[str]) -> Backend:
        key = subject_key(self._settings.config) if marks else b""
        return foundation.FoundationBackend(name, scorers, self._terms._replace(marks=marks, key=key))

    @cached_property
    def _terms(self) -> foundation.Terms:
        path = self._settings.presence_parameters
        return foundation.Terms(
            self._settings.burned_in_text, presence_published.read_published(path) if path else None
        )

    @cached_property
    def _deployed(self) -> Mapping[ModelId, Scorer]:
        if not self._settings.endpoints:
            raise BadRequest(
                "the endpoint backend has no endpoint",
                do="Set MI2_MODEL_ENDPOINT, MIP_MODEL_ENDPOINT, CXRREPORTGEN_MODEL_ENDPOINT or their like.",
            )
        answers = cache.ResponseCache(self._settings.home / "answers") if self._settings.cache else None
        self._endpoints = {
            model: endpoint.Endpoint(model, config, cache=answers) for model, config in self._settings.endpoints.items()
        }
        self.share(*self._part)
        return self._endpoints

    def share(self, part: int, parts: int) -> None:
        """Of every endpoint's limit use one of `parts` shares: other processes have the others."""
        self._part = (part, parts)
        for one in self._endpoints.values():
            one.share(part, parts)

    @cached_property
    def _loaded(self) -> Mapping[ModelId, Scorer]:
        if not self._settings.weights:
            raise BadRequest(
                "the local backend has no weights",
                do='Name them in readingroom.toml: [weights] medimageinsight = "folder".',
            )
        trust = self._settings.trust_model_code
        return {
            model: opening.open_local(model, path, trust_code=trust) for model, path in self._settings.weights.items()
        }

    async def aclose(self) -> None:
        """Close every connection; the next call opens them again."""
        for one in self._endpoints.values():
            await one.aclose()
