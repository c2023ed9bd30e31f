"""What a model's own code returned, as the JSON value that its endpoint would have sent."""

from __future__ import annotations

from typing import Any

import numpy as np

from readingroom.errors import BadReply


def plain(value: Any, path: str = "answer") -> Any:
    """Lists, objects, texts and numbers only: arrays and tables of one object a row are taken apart.

    Raises BadReply for anything that JSON cannot hold, naming its type and where it was.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufU":
        return value.tolist()
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(entry, f"{path}.{key}") for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(entry, f"{path}[{place}]") for place, entry in enumerate(value)]
    # A pandas table or column, which is how a pyfunc may answer; pandas itself need not be here.
    if type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "to_dict"):
        records = value.to_dict("records") if hasattr(value, "columns") else list(value)
        return plain(records, path)
    what = f"the model returned {type(value).__name__}, which JSON cannot hold"
    raise BadReply(what, where=path)
