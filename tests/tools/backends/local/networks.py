"""Small networks with the signatures of the published ones, a small vocabulary, and what they must answer.

The image tower averages 60 x 60 squares of a 480 image and projects the 8 x 8 x 3 means to 1024 by a fixed random
matrix; the text tower averages the embeddings of the tokens. Both end at unit length.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from readingroom.imaging.cleared import Cleared
from readingroom.tools.backends.scorer import Scorer
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.medimageinsight import decode_insight

RANDOM = np.random.default_rng(20240927)
PROJECTION = RANDOM.standard_normal((192, 1024)).astype(np.float32)
EMBEDDING = RANDOM.standard_normal((600, 1024)).astype(np.float32)
LOG = 4.513362407684326

MERGES = [
    "s t</w>", "e st</w>", "c h", "ch est</w>", "r a", "ra y</w>", "l u", "n g</w>", "lu ng</w>", "n o", "no r",
    "nor m", "a l</w>", "norm al</w>", "' s</w>", "d e", "de x", "o f</w>", "u m</w>", "Ã ©</w>", "de v", "i n",
]  # fmt: skip
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
SIGNS = [chr(byte) for byte in PRINTABLE] + [chr(256 + n) for n in range(256 - len(PRINTABLE))]
TOKENS = [*SIGNS, *(sign + "</w>" for sign in SIGNS), *(pair.replace(" ", "") for pair in MERGES)]
VOCABULARY = {token: n for n, token in enumerate([*TOKENS, "<|startoftext|>", "<|endoftext|>"])}
START, END = 534, 535


def write_vocabulary(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(VOCABULARY), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n", encoding="utf-8")


def phantom(width: int, height: int, *, seed: int = 0, colour: bool = False) -> Image.Image:
    """No symmetry: a ramp, a bright corner, and noise of the seed."""
    noise = np.random.default_rng(seed).integers(0, 60, (height, width, 3 if colour else 1))
    ramp = np.linspace(0, 150, width)[None, :, None] * np.linspace(0.4, 1, height)[:, None, None]
    pixels = (ramp + noise).astype(np.uint8)
    pixels[: height // 5, : width // 3] = 240
    return Image.fromarray(pixels if colour else pixels[..., 0])


def cleared(shown: Image.Image) -> Cleared:
    buffer = io.BytesIO()
    shown.save(buffer, format="PNG")
    return as_cleared(buffer.getvalue(), shown.width, shown.height)


def as_cleared(content: bytes, width: int = 8, height: int = 8) -> Cleared:
    digest = hashlib.sha256(content).hexdigest()
    return Cleared(content, "image/png", digest, "test@1", width, height, 1, width, height, "stretch")


def ask(images: list[Image.Image | None], texts: list[str | None], **params: Any) -> Ask:
    cells = [None if shown is None else cleared(shown) for shown in images]
    return Ask("medimageinsight", ("image", "text"), tuple(zip(cells, texts, strict=True)), params)


def scored(scorer: Scorer, *parts: Any, decode: Any = decode_insight) -> Any:
    """The rows for one request, or for images and texts."""
    return asyncio.run(scorer.score(parts[0] if len(parts) == 1 else ask(*parts), decode))


def published_pixels(shown: Image.Image, *, size: int = 512, quality: int = 75, side: int = 480) -> np.ndarray:
    """The server's way as its pages tell it, written here a second time: (3, side, side), 0..255."""
    buffer = io.BytesIO()
    shown.resize((size, size)).convert("RGB").save(buffer, format="JPEG", quality=quality)
    seen = Image.open(io.BytesIO(buffer.getvalue())).convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(seen, np.float64).transpose(2, 0, 1)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def expected_image(shown: Image.Image, **way: int) -> np.ndarray:
    """The vector that the image tower must give for the published pixels."""
    pixels = published_pixels(shown, **way)
    side = pixels.shape[1] // 8
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    scaled = (pixels / 255 - mean[:, None, None]) / deviation[:, None, None]
    return unit(scaled.reshape(3, 8, side, 8, side).mean((2, 4)).ravel() @ PROJECTION)


def expected_text(ids: list[int], *, masked: bool = False) -> np.ndarray:
    """Of all 77 tokens, or with a mask only of those before the padding."""
    tokens = ids if masked else ids + [END] * (77 - len(ids))
    return unit(EMBEDDING[tokens].mean(0))
