"""MedImageInsight from ONNX files on this machine, answering as its endpoint does.

One image or text a run, as the published server runs them: a vector does not depend on its neighbours in a batch. A
file that holds both towers runs both at every question; the part not asked for is given zeros and not read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from readingroom.errors import BadFile, BadReply, InputRefused, NotServed
from readingroom.tools.backends.local.clip_tokens import CONTEXT, ClipTokenizer, find_tokenizer
from readingroom.tools.backends.local.insight_ask import Wish, column, wish_of
from readingroom.tools.backends.local.loaded import Loaded
from readingroom.tools.backends.local.onnx_layout import Layout, Port, layout_of
from readingroom.tools.backends.local.onnx_session import described, open_session, run, weight_files
from readingroom.tools.backends.local.pixels import INSIGHT_ID, insight_picture, picture, raw, scaled
from readingroom.tools.backends.local.weights import check_memory, digest
from readingroom.tools.backends.protocol import Model
from readingroom.tools.backends.scorer import Decode, Row
from readingroom.tools.contracts.ask import Ask

LARGEST_LOG, SMALLEST_TEMPERATURE, LARGEST_TEMPERATURE = 6.0, 10.0, 1000.0
"""The published scaling factor is a logarithm, 4.51; the published network's own third output is its exponential, 91.2.
CLIP stops training at 100, whose logarithm is 4.61: up to 6 a number is the log, from 10 to 1000 the temperature."""


@dataclass(frozen=True)
class Tower:
    """One ONNX file, open."""

    session: onnxruntime.InferenceSession
    layout: Layout


class OnnxInsight:
    """A `Scorer` over one file with both towers, or one file for each."""

    def __init__(self, files: tuple[Path, ...], folder: Path) -> None:
        self._files, self._folder = files, folder
        self._weights = {one for file in files for one in weight_files(file)}
        self._loaded = Loaded(self._open)
        words = f"MedImageInsight from ONNX files on this machine, {described()}; embeddings for research"
        version = f"sha256:{digest(self._weights, folder)}"
        self.model = Model(
            backend="local", name="medimageinsight", version=version, preprocessing_id=INSIGHT_ID, description=words
        )

    async def score(self, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """One vector an image and one a text. Raises InputRefused, NotServed, Unavailable, BadFile or BadReply."""
        wish = wish_of(ask)
        return await self._loaded.run(lambda network: decode(network.answer(ask, wish), ask))

    def _open(self) -> _Network:
        check_memory(sum(file.stat().st_size for file in self._weights), str(self._folder))
        towers = []
        for file in self._files:
            session = open_session(file)
            towers.append(Tower(session, layout_of(session, str(file))))
        for given in ("image", "text", "scaling"):
            if sum(getattr(tower.layout, given) is not None for tower in towers) > 1:
                what = f"both files have an output for the {given}"
                raise BadFile(what, where=str(self._folder), do="Name the one file that is meant.")
        return _Network(tuple(towers), find_tokenizer(self._folder), str(self._folder))


class _Network:
    """The open towers with what they need."""

    def __init__(self, towers: tuple[Tower, ...], tokenizer: ClipTokenizer | None, where: str) -> None:
        self._towers, self._tokenizer, self._where = towers, tokenizer, where

    def answer(self, ask: Ask, wish: Wish) -> list[dict[str, Any]]:
        """The recorded form of the endpoint: one object a row with the keys that were asked for."""
        images, texts = column(ask, "image"), column(ask, "text")
        return [self._row(image, text, wish) for image, text in zip(images, texts, strict=True)]

    def _row(self, image: Any, text: Any, wish: Wish) -> dict[str, Any]:
        if image is None and text is None:
            raise InputRefused("it has neither an image nor a text", where="row", do="Leave it out.")
        told: dict[str, Any] = {}
        for tower in self._towers:
            layout = tower.layout
            asked = {
                "image": layout.image if image is not None else None,
                "text": layout.text if text is not None else None,
                "scaling": layout.scaling if wish.scaling else None,
            }
            names = {part: name for part, name in asked.items() if name is not None}
            if names:
                outputs = run(tower.session, list(names.values()), self._feed(layout, image, text, wish))
                told |= dict(zip(names, outputs, strict=True))
        for part, cell in (("image", image), ("text", text)):
            if cell is not None and part not in told:
                what = f"these weights have no tower for an {part}" if part == "image" else "these weights read no text"
                raise NotServed(what, where=self._where, do="Add the other ONNX file, or name an endpoint.")
        return _as_published(told)

    def _feed(self, layout: Layout, image: Any, text: Any, wish: Wish) -> dict[str, Any]:
        """Every input of the file; zeros where the row has nothing for it."""
        feed: dict[str, Any] = {}
        if port := layout.inputs.get("image"):
            feed[port.name] = _image(image, port, wish)[None]
        if port := layout.inputs.get("texts"):
            feed[port.name] = np.array([text or ""], dtype=object).reshape((1,) * port.rank)
        if "ids" in layout.inputs:
            numbers = np.zeros(CONTEXT, np.int64), np.ones(CONTEXT, np.int64)
            if text is not None:
                numbers = self._tokens(text)
            for part, row in zip(("ids", "mask"), numbers, strict=True):
                if port := layout.inputs.get(part):  # type: ignore[call-overload]
                    feed[port.name] = row[None].astype(port.dtype)
        return feed

    def _tokens(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if self._tokenizer is None:
            what = "these weights need a tokenizer for texts and none lies in their folder"
            do = "Copy vocab.json and merges.txt of the model's language_model folder beside the ONNX file."
            raise NotServed(what, where=self._where, do=do)
        return self._tokenizer.padded(text)


def _image(image: Any, port: Port, wish: Wish) -> NDArray[Any]:
    if image is None:
        return np.zeros((3, port.side, port.side), port.dtype)
    shown = insight_picture(picture(image), wish.size, wish.quality, port.side)
    return raw(shown) if port.dtype == np.uint8 else scaled(shown).astype(port.dtype, copy=False)


def _as_published(told: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if "image" in told:
        row["image_features"] = [_flat(told["image"])]
    if "text" in told:
        row["text_features"] = _flat(told["text"])
    if "scaling" in told:
        row["scaling_factor"] = _log(float(np.asarray(told["scaling"], np.float64).ravel()[0]))
    return row


def _flat(vector: Any) -> list[float]:
    """(1, 1024) or (1, 1, 1024) to numbers; the codec refuses another length."""
    numbers: list[float] = np.asarray(vector, np.float32).ravel().tolist()
    return numbers


def _log(scale: float) -> float:
    if 0 < scale <= LARGEST_LOG:
        return scale
    if SMALLEST_TEMPERATURE <= scale <= LARGEST_TEMPERATURE:
        return math.log(scale)
    what = "the network's scale is neither the log of a temperature (to 6) nor a temperature (10 to 1000)"
    raise BadReply(what, where="scaling_factor")
