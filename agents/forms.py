"""Typed answers of a model: the JSON schema that it is held to, and its text read strictly."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from readingroom.domain.value import Value
from readingroom.errors import BadReply

Form = TypeVar("Form", bound=Value)

_UNSENT = frozenset(("title", "default", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "pattern",
                     "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))  # fmt: skip
"""Bounds that strict structured output refuses with some providers; they are held when the answer is read."""
_NAMED = frozenset(("properties", "$defs"))
"""Keys below which names are ours and not keywords."""


def schema_of(form: type[Value]) -> dict[str, Any]:
    """JSON schema in the subset that strict structured output takes: every field required, no others allowed."""
    found: dict[str, Any] = _strict(form.model_json_schema())
    return found


def _strict(node: Any, named: bool = False) -> Any:
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _strict(one, name in _NAMED and not named) for name, one in node.items()
            if named or name not in _UNSENT}  # fmt: skip
    if not named and kept.get("type") == "object" and "properties" in kept:
        kept["required"] = list(kept["properties"])
        kept["additionalProperties"] = False
    return kept


def read_form(form: type[Form], text: str) -> Form:
    """The text as that value; a fence of Markdown around it is allowed, for local models write one.

    Raises BadReply that says which fields are wrong and never what was written in them.
    """
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```"):
        bare = bare[3:-3].removeprefix("json").strip()
    try:
        return form.model_validate_json(bare, strict=True)
    except ValidationError as error:
        flaws = [f"{'.'.join(str(part)[:40] for part in one['loc']) or 'the answer'}: {one['msg'][:120]}"
                 for one in error.errors(include_input=False, include_context=False)[:5]]  # fmt: skip
        raise BadReply("; ".join(flaws), where=form.__name__, do="Answer with JSON of the schema alone.") from None
