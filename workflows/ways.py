"""How a question is answered: which models and which people have a part in it, and what the record says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readingroom.agents.events import Tell
from readingroom.agents.planning import Planner
from readingroom.agents.rule_planner import plan_by_rules
from readingroom.domain.finding import Limitation
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.tools.tool import Tool
from readingroom.tools.toolbox import TOOLS
from readingroom.workflows.approval import Approve
from readingroom.workflows.wording import Consult, Write

if TYPE_CHECKING:
    from readingroom.workflows.looking import Look


def silent(event: object) -> None:
    """Where nobody listens."""
    del event


@dataclass(frozen=True)
class Ways:
    """How a question is answered: who plans, who approves what, who is told, with which tools, after what else."""

    planner: Planner = plan_by_rules
    approve: Approve | None = None
    tell: Tell = silent
    tools: Sequence[Tool] = TOOLS
    approve_all: bool = True
    """Every plan waits for a word, or only one that calls a tool which requires it."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Ids that evidence has already from earlier questions of the same chat (agents/numbering.py)."""
    look: Look | None = None
    """Gathers evidence call by call, where no plan is made before."""
    looker: str = "imager"
    """Who looks, for the record: the signature of its desk."""
    write: Write | None = None
    """Words the report; else the template does."""
    consult: Consult | None = None
    """Answers of a finished report; else the rules do."""
    notes: tuple[Limitation, ...] = ()
    """What is to be said of how it was answered, whatever comes of it."""


class Roles(Value):
    """What models do in this run, kept so that it is told again the same without them."""

    planner: bool
    look: bool
    looker: str
    write: bool
    consult: bool
    index: bool = False
    """Whether the room had an index to search."""
    adapted: tuple[str, ...] = ()
    """Labels that its adapters told."""


def roles_of(ways: Ways, *, index: bool = False, adapted: Sequence[str] = ()) -> dict[str, Any]:
    """As the record keeps them: an index and labels of adapters are told only where there are any."""
    given = {name: getattr(ways, name) is not None for name in ("look", "write", "consult")}
    return {"planner": ways.planner is not plan_by_rules, "looker": ways.looker if ways.look else "", **given,
            **({"index": True} if index else {}), **({"adapted": list(adapted)} if adapted else {})}  # fmt: skip


def there(way: Callable[..., Any] | None, role: str) -> Any:
    """Raises BadRequest where a run goes on without the model that it was begun with."""
    if way is None or way is plan_by_rules:
        do = "Name it in the settings as it was."
        raise BadRequest(f"this run was begun with a model to {role}, and there is none now", do=do)
    return way
