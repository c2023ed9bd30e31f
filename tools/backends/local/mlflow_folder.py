"""A model in an MLflow folder, as Azure's catalog gives it, run here by the folder's own code."""

from __future__ import annotations

import importlib
import os
from itertools import groupby
from pathlib import Path
from typing import Any

import pybase64

from readingroom.errors import BadFile, BadRequest, NotServed, ReadingRoomError, ToolFailed
from readingroom.imaging.cleared import Cleared
from readingroom.tools.backends.local.loaded import Loaded
from readingroom.tools.backends.local.mlflow_card import read_card
from readingroom.tools.backends.local.plain_json import plain
from readingroom.tools.backends.local.weights import check_memory, digest
from readingroom.tools.backends.protocol import Model
from readingroom.tools.backends.scorer import Decode, Row
from readingroom.tools.contracts.ask import Ask, Cell, ModelId

OWN_ID = "mlflow-folder-own"
"""The folder's code prepares the pixels it is given; only its digest, in the version, says how."""
MOST_ROWS = 32
""""Keep it in the dozens" (MedImageInsight's page); a longer request is asked in parts of this many."""
FOREIGN = (ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, MemoryError, NameError, OSError,
           RuntimeError, SyntaxError, TypeError, ValueError)  # fmt: skip
"""What other people's code may raise."""


class MlflowFolder:
    """A `Scorer` over `mlflow.pyfunc.load_model(folder)`.

    Loading runs the folder's code, pickled code among it, with the rights of this user: `trust_code` says that the
    user wants that. Without it nothing of the folder but MLmodel is read.
    """

    def __init__(self, model: ModelId, folder: Path, *, trust_code: bool) -> None:
        self._folder, self._card = folder, read_card(folder, model)
        if not trust_code:
            what = "an MLflow folder runs its own code on this machine, pickled code among it"
            do = "If you trust where the folder comes from, set trust_model_code to true; or name an endpoint."
            raise BadRequest(what, where=str(folder), do=do)
        self._loaded = Loaded(self._load)
        self.model = Model(
            backend="local", name=model, version=f"sha256:{digest(self._card.code, folder)}",
            preprocessing_id=OWN_ID, description=f"{model} from an MLflow folder on this machine; for research",
        )  # fmt: skip

    async def score(self, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """All rows, in order. Raises NotServed, ToolFailed, Unavailable, BadFile, BadRequest or BadReply."""
        if self._card.columns is not None and (extra := set(ask.columns) - set(self._card.columns)):
            what = f"its signature has no column {', '.join(sorted(extra))}"
            raise NotServed(what, where=str(self._folder), do="Leave it out, or name an endpoint that takes it.")
        return await self._loaded.run(lambda loaded: self._answer(loaded, ask, decode))

    def _load(self) -> Any:
        check_memory(sum(file.stat().st_size for file in self._folder.rglob("*") if file.is_file()), str(self._folder))
        # MLflow sends usage reports to its makers unless it is told not to before it is imported.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        try:
            import mlflow.pyfunc  # noqa: PLC0415  (an extra)

            # mlflow-skinny does without it, a prediction does not.
            importlib.import_module("pandas")
        except ImportError as error:
            do = "Install them: pip install 'readingroom[mlflow]'."
            raise BadRequest("MLflow or pandas is not installed", where=str(self._folder), do=do) from error
        try:
            return mlflow.pyfunc.load_model(str(self._folder))
        except (*FOREIGN, mlflow.MlflowException) as error:
            lacks = f": no module {error.name}" if isinstance(error, ImportError) and error.name else ""
            what = f"the folder's own code could not be loaded ({type(error).__name__}{lacks})"
            do = "Install what its requirements.txt names, and try it alone with mlflow.pyfunc.load_model."
            raise BadFile(what, where=str(self._folder), do=do) from error

    def _answer(self, loaded: Any, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """Rows with the same cells filled go together: the published code takes images, or texts, or both in all."""
        answers: dict[int, Row] = {}
        for places in _alike(ask):
            part = Ask(ask.model, ask.columns, tuple(ask.rows[place] for place in places), ask.params)
            answers |= zip(places, decode(plain(self._predicted(loaded, part)), part), strict=True)
        return tuple(answers[place] for place in range(len(ask.rows)))

    def _predicted(self, loaded: Any, ask: Ask) -> Any:
        import mlflow  # noqa: PLC0415  (an extra)

        absent = [name for name in self._card.required if name not in ask.columns]
        rows = [[*(_told(cell) for cell in row), *("" for _ in absent)] for row in ask.rows]
        params = {name: value for name, value in ask.params.items() if name in self._card.params}
        table = importlib.import_module("pandas").DataFrame(rows, columns=[*ask.columns, *absent])
        try:
            return loaded.predict(table, params=params or None)
        except ReadingRoomError:
            raise
        except (*FOREIGN, mlflow.MlflowException) as error:
            # Not chained: what foreign code writes into its errors may quote the input.
            what = f"the folder's own code failed on this input ({type(error).__name__})"
            raise ToolFailed(what, where=str(self._folder), do="Try the folder alone to see its traceback.") from None


def _alike(ask: Ask) -> list[list[int]]:
    """Places of rows with the same cells filled, at most MOST_ROWS together."""

    def filled(place: int) -> tuple[bool, ...]:
        return tuple(bool(cell) for cell in ask.rows[place])

    groups = [list(group) for _, group in groupby(sorted(range(len(ask.rows)), key=filled), key=filled)]
    return [group[start : start + MOST_ROWS] for group in groups for start in range(0, len(group), MOST_ROWS)]


def _told(cell: Cell) -> str:
    """As on the wire: base64 without line breaks, and an absent cell as an empty text."""
    if isinstance(cell, Cleared):
        return pybase64.b64encode_as_string(cell.content)
    return cell or ""
