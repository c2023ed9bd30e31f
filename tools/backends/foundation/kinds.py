"""The labels by which an image's modality and body part are told, each with its prompt."""

from __future__ import annotations

from functools import cache

from readingroom.prompts.words import load_words, read_words

FILE = "labels/kinds.yaml"


@cache
def kinds() -> dict[str, str]:
    """Label ("x_ray chest") to prompt ("x-ray chest anteroposterior.")."""
    found: dict[str, str] = load_words(read_words(FILE), FILE)
    return found
