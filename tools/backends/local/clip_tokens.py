"""The CLIP tokenizer: text to the 77 numbers that MedImageInsight's text tower reads.

Byte-pair encoding as in Radford et al., "Learning Transferable Visual Models From Natural Language Supervision"
(2021): NFC, white space joined, lower case, words split by kind of character, bytes written as printable signs, the
last one of a word marked </w>, pairs merged in the order in which they were learned. The vocabulary is not shipped: it
is read from the model's folder. A literal special token in a text is taken as the plain characters it is made of.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadFile

CONTEXT = 77
"""LANG_ENCODER.CONTEXT_LENGTH of the published configuration."""
START, END, LAST = "<|startoftext|>", "<|endoftext|>", "</w>"
OPENAI_FILE = "bpe_simple_vocab_16e6.txt.gz"
OPENAI_MERGES = 49152 - 256 - 2
"""Of the merges in OpenAI's file those that its tokenizer uses."""
PLACES = ("", "*/", "*/*/", "*/*/*/", "*/*/*/*/")
"""How deep below the folder the tokenizer may lie; the catalog keeps it in <model>/language_model/<tokenizer>/."""
LARGEST_FILE = 64 << 20
LONGEST_WORD, MOST_WORDS = 256, 20_000
CONTRACTION = re.compile(r"'(?:s|t|re|ve|m|ll|d)")

Pair = tuple[str, str]


class ClipTokenizer:
    """A vocabulary and its merges in order; `pieces` of a word are remembered."""

    def __init__(self, vocabulary: dict[str, int], merges: list[Pair]) -> None:
        self._ids = vocabulary
        self._rank = {pair: place for place, pair in enumerate(merges)}
        self._known: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """All tokens with start and end, however many: more than 77 are cut by `padded`."""
        # Sign by sign: str.lower() writes a final sigma where the published tokenizer does not.
        tidy = "".join(sign.lower() for sign in " ".join(unicodedata.normalize("NFC", text).split()))
        inner = [token for word in split(tidy) for token in self._pieces(word)]
        return [self._ids[START], *inner, self._ids[END]]

    def padded(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids and attention mask (77,), cut as the published server cuts: the start, 75 tokens, the end."""
        tokens = self.encode(text)
        if len(tokens) > CONTEXT:
            tokens = [*tokens[: CONTEXT - 1], tokens[-1]]
        ids = np.full(CONTEXT, self._ids[END], np.int64)
        ids[: len(tokens)] = tokens
        return ids, (np.arange(CONTEXT) < len(tokens)).astype(np.int64)

    def _pieces(self, word: str) -> list[int]:
        if len(self._known) > MOST_WORDS:
            self._known.clear()
        if word not in self._known:
            unknown = self._ids[END]
            self._known[word] = [self._ids.get(piece, unknown) for piece in self._merged(word)]
        return self._known[word]

    def _merged(self, word: str) -> list[str]:
        signs = [byte_signs()[byte] for byte in word.encode()]
        pieces = [*signs[:-1], signs[-1] + LAST]
        while len(pieces) > 1:
            pairs = set(pairwise(pieces)) & self._rank.keys()
            if not pairs:
                break
            pieces = join(pieces, min(pairs, key=self._rank.__getitem__))
        return pieces


def join(pieces: list[str], pair: Pair) -> list[str]:
    """Every occurrence of the pair made one, from the left."""
    joined: list[str] = []
    place = 0
    while place < len(pieces):
        found = tuple(pieces[place : place + 2]) == pair
        joined.append(pieces[place] + pieces[place + 1] if found else pieces[place])
        place += 2 if found else 1
    return joined


def split(text: str) -> list[str]:
    """Words: an English contraction, a run of letters, one number, or a run of other signs; white space parts them.

    A run of more than 256 signs is parted there, so that no text costs more than its length.
    """
    words: list[str] = []
    place = 0
    while place < len(text):
        found = CONTRACTION.match(text, place)
        end = found.end() if found else _run(text, place)
        if not text[place].isspace():
            words.append(text[place:end])
        place = end
    return words


def _run(text: str, place: int) -> int:
    """Where the run of one kind that begins at `place` ends."""
    kind, end = _kind(text[place]), place + 1
    while kind != "N" and end < len(text) and end - place < LONGEST_WORD and _kind(text[end]) == kind:
        end += 1
    return end


def _kind(sign: str) -> str:
    category = " " if sign.isspace() else unicodedata.category(sign)[0]
    return category if category in " LN" else "other"


@cache
def byte_signs() -> dict[int, str]:
    """One printable sign for each byte: itself where it prints, otherwise the next free one from U+0100."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + place) for place, byte in enumerate(others)}


def find_tokenizer(folder: Path) -> ClipTokenizer | None:
    """The tokenizer in or below the folder: vocab.json with merges.txt, tokenizer.json, or OpenAI's file; or None.

    Raises BadFile where several lie there or one cannot be read.
    """
    for name in ("vocab.json", "tokenizer.json", OPENAI_FILE):
        found = [file for place in PLACES for file in folder.glob(place + name)]
        if len(found) > 1:
            names = ", ".join(file.relative_to(folder).as_posix() for file in found)
            raise BadFile(f"several tokenizers lie here: {names}", where=str(folder), do="Leave the model's own.")
        if found:
            return _read(found[0])
    return None


def _read(file: Path) -> ClipTokenizer:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise ValueError("it is larger than any vocabulary")
        vocabulary, merges = _parsed(file)
    except (OSError, EOFError, ValueError, LookupError, TypeError, RecursionError) as error:
        what = f"the tokenizer cannot be read ({type(error).__name__})"
        raise BadFile(
            what, where=str(file), do="Copy vocab.json and merges.txt from the model's own folder."
        ) from error
    if not {START, END} <= vocabulary.keys():
        raise BadFile(f"the vocabulary lacks {START} or {END}", where=str(file), do="Give a CLIP tokenizer.")
    return ClipTokenizer(vocabulary, merges)


def _parsed(file: Path) -> tuple[dict[str, int], list[Pair]]:
    if file.name == OPENAI_FILE:
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            lines = opened.read(LARGEST_FILE).split("\n")[1:]
        merges = [_pair(line) for line in lines[:OPENAI_MERGES] if line]
        order = list(byte_signs().values())
        tokens = [*order, *(sign + LAST for sign in order), *("".join(pair) for pair in merges), START, END]
        return {token: place for place, token in enumerate(tokens)}, merges
    told = json.loads(file.read_text(encoding="utf-8"))
    if file.name == "vocab.json":
        lines = (file.parent / "merges.txt").read_text(encoding="utf-8").split("\n")
        vocabulary, merges = (
            dict(told),
            [_pair(line) for line in lines if line.strip() and not line.startswith("#version")],
        )
    else:
        if told["model"]["type"] != "BPE" or told["model"]["end_of_word_suffix"] != LAST:
            raise ValueError("it is not CLIP's")
        vocabulary, merges = dict(told["model"]["vocab"]), [_pair(pair) for pair in told["model"]["merges"]]
        vocabulary |= {added["content"]: added["id"] for added in told.get("added_tokens", ())}
    return {str(token): int(place) for token, place in vocabulary.items()}, merges


def _pair(told: str | list[str]) -> Pair:
    left, right = told.split() if isinstance(told, str) else told
    return left, right
