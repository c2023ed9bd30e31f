"""A model that was saved with its program, by torch.jit.save or torch.export.save, run here.

Three models have a signature so plain that a saved program says it all; each takes float32 (N, 3, H, W):

medimageinsight  the image tower: (1, 3, 480, 480) to (1, 1024). It reads no text and tells no scaling factor.
gigapath         (1, 3, 224, 224) to the patches' features: (1, 1536, 14, 14), or tokens (1, 196, 1536) or, with the
                 class token first, (1, 197, 1536), as timm's forward_features returns them.
gigatime         (n, 3, 256, 256) to probabilities (n, 23, 256, 256), windows of 256 as scripts/db_test.py uses them.

A saved program is one: like an MLflow folder it is run only where the user says that its source is trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from readingroom.errors import BadFile, BadReply, BadRequest, InputRefused, NotServed
from readingroom.imaging.cleared import Cleared
from readingroom.tools.backends.local.insight_ask import Wish, column, wish_of
from readingroom.tools.backends.local.loaded import Loaded
from readingroom.tools.backends.local.pixels import (
    GIGAPATH_ID,
    GIGATIME_ID,
    INSIGHT_ID,
    INSIGHT_SIZE,
    Pixels,
    insight_picture,
    joined,
    picture,
    scaled,
    tile_picture,
    windows,
)
from readingroom.tools.backends.local.torch_file import kind_of
from readingroom.tools.backends.local.weights import check_memory, digest
from readingroom.tools.backends.protocol import Model
from readingroom.tools.backends.scorer import Decode, Row
from readingroom.tools.contracts.ask import Ask, ModelId
from readingroom.tools.contracts.base64_text import to_base64
from readingroom.tools.contracts.gigapath import SHAPE
from readingroom.tools.contracts.gigatime import CHANNELS
from readingroom.tools.contracts.medimageinsight import DIMENSION
from readingroom.tools.contracts.torch_file import write_tensor

PREPROCESSING: dict[ModelId, str] = {
    "medimageinsight": INSIGHT_ID,
    "gigapath": GIGAPATH_ID,
    "gigatime": GIGATIME_ID,
}
"""The models that a saved program can serve."""
WINDOW = 256
"""Pixels a side, as scripts/db_test.py of GigaTIME's repository cuts a tile."""

Network = Callable[[Pixels], Pixels]
"""(n, 3, H, W) float32 to whatever the program returns, float32."""


class TorchProgram:
    """A `Scorer` over one file."""

    def __init__(self, model: ModelId, file: Path, *, trust_code: bool) -> None:
        if model not in PREPROCESSING:
            what = f"a saved torch program cannot stand for {model}: its published model is more than one network"
            raise NotServed(what, where=str(file), do="Give its MLflow folder, or name an endpoint.")
        if not trust_code:
            what = "a saved torch program is run on this machine, and torch reads parts of it by pickle"
            do = "If you trust where the file comes from, set trust_model_code to true; or give it as ONNX."
            raise BadRequest(what, where=str(file), do=do)
        self._model, self._file = model, file
        self._loaded = Loaded(self._load)
        self.model = Model(
            backend="local", name=model, version=f"sha256:{digest((file,), file.parent)}",
            preprocessing_id=PREPROCESSING[model], description=f"{model} from a saved torch program on this machine; "
            "for research",
        )  # fmt: skip

    async def score(self, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """All rows, in order. Raises InputRefused, NotServed, Unavailable, BadFile, BadRequest or BadReply."""
        answer = self._answerer(ask)
        images = column(ask, "image")
        if not all(images):
            raise InputRefused("a row has no image", where="image", do="Send one a row.")
        return await self._loaded.run(lambda network: decode([answer(network, image) for image in images], ask))

    def _answerer(self, ask: Ask) -> Callable[[Network, Cleared], Any]:
        if self._model == "medimageinsight":
            wish = wish_of(ask)
            if any(column(ask, "text")):
                what = "a saved torch program of MedImageInsight is its image tower and reads no text"
                raise NotServed(what, where=str(self._file), do="Give ONNX files with a tokenizer, or an endpoint.")
            return lambda network, image: _insight(network, image, wish)
        if ask.columns != ("image",):
            raise InputRefused(f"the columns are {', '.join(ask.columns)}", where="columns", do="Send image alone.")
        return _gigapath if self._model == "gigapath" else _gigatime

    def _load(self) -> Network:
        check_memory(self._file.stat().st_size, str(self._file))
        return open_program(self._file)


def open_program(file: Path) -> Network:
    """The program on CUDA where it can be moved there and there is one, otherwise on the processor. Raises BadFile."""
    try:
        import torch  # noqa: PLC0415  (the user's own)
    except ImportError as error:
        do = "Install torch as it suits your machine (pytorch.org), or give the model as ONNX."
        raise BadRequest("torch is not installed", where=str(file), do=do) from error
    try:
        if kind_of(file) == "exported":
            device = "cpu"  # an exported program keeps the device on which it was traced
            program = torch.export.load(str(file)).module()
        else:
            device = "cuda" if torch.cuda.is_available() else "cpu"
            load: Any = torch.jit.load
            program = load(str(file), map_location=device).eval()
        first = next(program.parameters(), torch.zeros(0))
    except (RuntimeError, ValueError, LookupError, OSError, AssertionError) as error:
        what = f"torch {torch.__version__} cannot load it ({type(error).__name__})"
        raise BadFile(what, where=str(file), do="Save it again with this version of torch.") from error

    def network(pixels: Pixels) -> Pixels:
        with torch.inference_mode():
            given = torch.from_numpy(pixels).to(device, first.dtype)
            try:
                found = program(given)
            except (RuntimeError, ValueError, TypeError, AssertionError) as failed:
                shape = "x".join(map(str, pixels.shape))
                what = f"the program does not take {shape} ({type(failed).__name__})"
                raise BadFile(
                    what, where=str(file), do="Save it with the signature of docs/local_weights.md."
                ) from None
            found = found[0] if isinstance(found, tuple | list) and found else found
            if not isinstance(found, torch.Tensor):
                raise BadReply(f"expected a tensor, but {type(found).__name__} came", where="program")
            return cast(Pixels, found.to("cpu", torch.float32).numpy())

    return network


def _insight(network: Network, image: Cleared, wish: Wish) -> dict[str, Any]:
    shown = insight_picture(picture(image), wish.size, wish.quality, INSIGHT_SIZE)
    return {"image_features": _shaped(network(scaled(shown)[None]), (1, DIMENSION)).tolist()}


def _gigapath(network: Network, image: Cleared) -> dict[str, Any]:
    found = network(scaled(tile_picture(picture(image)))[None])
    channels, rows, columns = SHAPE
    if found.ndim == 3 and found.shape[1] in (rows * columns, rows * columns + 1):
        tokens = found[0, -rows * columns :]
        found = (
            np.ascontiguousarray(tokens.T).reshape(1, channels, rows, columns) if tokens.shape[1] == channels else found
        )
    if found.shape == (1, channels):
        what = "the program returns one vector a tile, and the contract is the map of its patches"
        raise BadReply(what, where="program", do="Save timm's forward_features instead of its forward.")
    return {"image_features": to_base64(write_tensor(_shaped(found, (1, *SHAPE))))}


def _gigatime(network: Network, image: Cleared) -> Any:
    numbers = scaled(picture(image))
    parts, grid = windows(numbers, WINDOW)
    found = _shaped(network(parts), (len(parts), len(CHANNELS), WINDOW, WINDOW))
    return joined(found, grid, (numbers.shape[1], numbers.shape[2])).tolist()


def _shaped(found: Pixels, expected: tuple[int, ...]) -> Pixels:
    if found.shape != expected:
        shapes = ("x".join(map(str, shape)) or "a number" for shape in (expected, found.shape))
        raise BadReply("expected {}, but {} came".format(*shapes), where="program")
    return found
