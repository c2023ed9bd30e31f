"""The same request as other documented clients write it: base64 with line breaks, and `params` in other forms."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any, Literal

from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask, Cell

Params = Literal["given", "absent", "null", "empty", "text"]

PARAMS_TEXT = "get_scaling_factor"


@dataclass(frozen=True)
class Flavour:
    """How a request is written."""

    breaks: bool = False
    """A newline after every 76 characters of base64 (base64.encodebytes), as Microsoft's toolkit sends it."""
    params: Params = "given"


PLAIN = Flavour()
"""As this package's own client writes it."""


@dataclass(frozen=True, eq=False)
class Flavoured(Ask):
    """A request whose cells the egress vets as any other's, and that is written in another flavour."""

    flavour: Flavour = PLAIN

    def body(self) -> bytes:
        """The JSON envelope in its flavour."""
        rows = [[_cell(cell, self.flavour.breaks) for cell in row] for row in self.rows]
        told: dict[str, Any] = {"input_data": {"columns": self.columns, "index": list(range(len(rows))), "data": rows}}
        params: dict[Params, Any] = {"given": dict(self.params), "null": None, "empty": {}, "text": PARAMS_TEXT}
        if self.flavour.params != "absent":
            told["params"] = params[self.flavour.params]
        return json.dumps(told).encode()


def flavoured(ask: Ask, flavour: Flavour) -> Ask:
    """The same request, to be written so."""
    return ask if flavour == PLAIN else Flavoured(ask.model, ask.columns, ask.rows, ask.params, flavour)


def _cell(cell: Cell, breaks: bool) -> str | None:
    if not isinstance(cell, Cleared):
        return cell
    return (base64.encodebytes if breaks else base64.b64encode)(cell.content).decode("ascii")
