"""The steps of a run as they happen, below a notebook's cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import escape

from readingroom.errors import NotServed

if TYPE_CHECKING:
    from readingroom.runs.run import Step

MOST = 40
"""Lines; of a longer run the last."""
SIGNS = {"started": "…", "done": "✓", "failed": "✗"}


class Steps:
    """A listener: `await room.draft(paths, listen=Steps())`. One line for each step, with its time."""

    def __init__(self) -> None:
        """Raises NotServed outside IPython."""
        try:
            from IPython import display  # noqa: PLC0415 - whoever has no notebook has no IPython
        except ImportError:
            raise NotServed("this shows itself in a notebook alone", do="pip install ipykernel") from None
        self._steps: dict[int, Step] = {}
        show: Any = display.display
        self._place: Any = show(self, display_id=True)

    def __call__(self, step: Step) -> None:
        self._steps[step.number] = step
        if self._place is not None:  # there is none in a script
            self._place.update(self)

    def _repr_html_(self) -> str:
        lines = [_line(step) for step in list(self._steps.values())[-MOST:]]
        return f'<div style="font: 13px/1.5 system-ui, sans-serif">{"".join(lines) or "reading the study"}</div>'

    def __repr__(self) -> str:
        done = sum(step.status == "done" for step in self._steps.values())
        return f"{done} of {len(self._steps)} steps done"


def _line(step: Step) -> str:
    took = f" {step.elapsed_ms / 1000:.2f} s" if step.elapsed_ms is not None else ""
    known = ", from the record" if step.of is not None else ""
    wrong = f": {step.error}" if step.error else ""
    return f"<div>{SIGNS[step.status]} {escape(step.name)}{took}{known}{escape(wrong)}</div>"
