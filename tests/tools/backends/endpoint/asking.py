"""Requests, a decoder and an endpoint for the tests of this folder."""

from __future__ import annotations

import hashlib

import numpy as np

from readingroom.errors import BadReply
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.png import encode_png
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.contracts.ask import Ask
from tests.tools.backends.endpoint.published_stub import KEY


def texts(*rows: str) -> Ask:
    return Ask("medimageinsight", ("image", "text"), tuple((None, row) for row in rows))


def cleared(seed: int = 0, size: int = 16) -> Cleared:
    content = encode_png(np.random.default_rng(seed).integers(0, 255, (size, size)).astype(np.uint8))
    digest = hashlib.sha256(content).hexdigest()
    return Cleared(content, "image/png", digest, "test-1", size, size, 1, size, size, "stretch")


def decode(parsed, ask):
    """One (length, sum) a row, as the stub's echo answers."""
    if not isinstance(parsed, list) or len(parsed) != len(ask.rows):
        raise BadReply(f"expected a list of {len(ask.rows)}", where="$")
    for number, row in enumerate(parsed):
        if not isinstance(row, dict) or not isinstance(row.get("text_features"), list):
            raise BadReply("expected a list", where=f"$[{number}].text_features")
    return tuple(tuple(row["text_features"]) for row in parsed)


def expected(*rows: str):
    return tuple((float(len(row)), float(sum(map(ord, row)))) for row in rows)


def endpoint(url: str, *, cache=None, clock=None, model="medimageinsight", **config) -> Endpoint:
    config.setdefault("key", KEY)
    told = {} if clock is None else {"clock": clock}
    return Endpoint(model, EndpointConfig(address=url, **config), cache=cache, **told)
