"""ChestAgentBench: multiple-choice questions on chest cases, six options each.

Source: Fallahpour et al. 2025, https://arxiv.org/abs/2502.02673, https://huggingface.co/datasets/wanglab/
chest-agent-bench: metadata.jsonl with full_question_id, case_id, question (with its options: "A) ... B) ..."), answer
(a letter) and images (paths from the folder, figures.zip unpacked).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.datasets.lists import SEE, file_in

OPTION = re.compile(r"(?:^|\s)([A-Z])[).:]\s+")


def chest_agent_bench(folder: Path) -> Iterator[Case]:
    """One case a question that has an image; all of a clinical case are one cluster.

    Raises BadFile where the list, a field or the options are missing.
    """
    path = file_in(folder, "metadata.jsonl")
    try:
        with path.open(encoding="utf-8") as file:
            for line, text in enumerate(file, 1):
                if text.strip():
                    yield from _case(text, folder, f"{path.name}, line {line}")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"cannot be read ({type(error).__name__})", where=path.name, do=SEE) from error


def _case(text: str, folder: Path, where: str) -> Iterator[Case]:
    try:
        told = json.loads(text)
        name, case, answer = (str(told[key]) for key in ("full_question_id", "case_id", "answer"))
        asked, images = str(told["question"]), [str(one) for one in told["images"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadFile(f"lacks a field ({type(error).__name__}: {error})"[:200], where=where, do=SEE) from error
    question, choices = options_in(asked)
    if len(choices) < 2 or answer.strip()[:1] not in ascii_uppercase[: len(choices)]:
        raise BadFile("its options or its answer cannot be read", where=where, do='Expected are "A) ... B) ..." and A.')
    if images:
        yield Case(
            id=name,
            subject=case,
            paths=tuple(str(folder / one) for one in images),
            words={"question": question},
            reference=Reference(choices=choices, answer=answer.strip()[:1]),
        )


def options_in(text: str) -> tuple[str, tuple[str, ...]]:
    """The question, and its options in the order of their letters, which must begin with A and leave none out."""
    marks: list[re.Match[str]] = []
    for found in OPTION.finditer(text):
        if found[1] == ascii_uppercase[len(marks)]:
            marks.append(found)
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    choices = tuple(text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)) if marks else ()
    return (text[: marks[0].start()] if marks else text).strip(), choices
