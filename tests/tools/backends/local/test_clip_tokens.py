"""The tokenizer gives what the published one gives, and cuts where the published server cuts."""

import gzip
import json
import time

import pytest

from readingroom.errors import BadFile
from readingroom.tools.backends.local.clip_tokens import find_tokenizer
from tests.tools.backends.local.networks import END, MERGES, START, VOCABULARY, write_vocabulary

RECORDED = [
    ("", [534, 535]),
    ("x-ray chest", [534, 343, 268, 517, 515, 535]),
    ("Chest  X-Ray\tNORMAL lung.", [534, 515, 343, 268, 517, 525, 520, 269, 535]),
    ("the patient's lungs", [534, 83, 71, 324, 79, 64, 83, 72, 68, 77, 339, 526, 518, 77, 70, 338, 535]),
    ("dose 12.5mg/ml", [534, 67, 78, 82, 324, 272, 273, 269, 276, 76, 326, 270, 76, 331, 535]),
    ("café ½ 日", [534, 66, 64, 69, 531, 126, 377, 162, 245, 354, 535]),
    ("don't 'S we'll", [534, 67, 78, 333, 6, 339, 526, 86, 324, 6, 75, 331, 535]),
    ("normal normal lung of 3", [534, 525, 525, 520, 529, 274, 535]),
    ("__init__", [534, 62, 318, 533, 72, 339, 62, 318, 535]),
]
"""Recorded from CLIPTokenizer of transformers 5.23.0 over the same vocabulary."""


def write_openai(folder):
    text = "\n".join(["#version: 0.2", *MERGES, ""])
    (folder / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress(text.encode()))


def write_tokenizer_json(folder, *, kind="BPE", pairs=True):
    merges = [pair.split(" ") for pair in MERGES] if pairs else MERGES
    model = {"type": kind, "end_of_word_suffix": "</w>", "vocab": VOCABULARY, "merges": merges}
    (folder / "tokenizer.json").write_text(json.dumps({"model": model, "added_tokens": []}), encoding="utf-8")


WRITERS = {
    "vocab.json and merges.txt": write_vocabulary,
    "tokenizer.json": write_tokenizer_json,
    "tokenizer.json of older make": lambda folder: write_tokenizer_json(folder, pairs=False),
    "OpenAI's file": write_openai,
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_every_form_of_the_files_gives_the_recorded_tokens(tmp_path, write):
    write(tmp_path)
    tokenizer = find_tokenizer(tmp_path)
    assert [(text, tokenizer.encode(text)) for text, _ in RECORDED] == RECORDED


def test_it_is_found_where_the_catalog_keeps_it(tmp_path):
    write_vocabulary(tmp_path / "artifacts" / "model" / "language_model" / "clip_tokenizer_4.16.2")
    assert find_tokenizer(tmp_path).encode("lung") == [START, 520, END]


def test_no_tokenizer_is_none(tmp_path):
    assert find_tokenizer(tmp_path) is None


def test_a_short_text_is_filled_up_with_the_end(tmp_path):
    write_vocabulary(tmp_path)
    ids, mask = find_tokenizer(tmp_path).padded("x-ray chest")
    assert ids.tolist() == [534, 343, 268, 517, 515, 535] + [END] * 71
    assert mask.tolist() == [1] * 6 + [0] * 71


def test_a_long_text_keeps_its_start_75_tokens_and_the_end(tmp_path):
    write_vocabulary(tmp_path)
    tokenizer = find_tokenizer(tmp_path)
    ids, mask = tokenizer.padded("lung " * 100)
    assert ids.tolist() == [START, *[520] * 75, END]
    assert mask.tolist() == [1] * 77
    assert len(tokenizer.encode("lung " * 100)) == 102


def test_a_special_token_written_out_is_plain_text(tmp_path):
    write_vocabulary(tmp_path)
    assert find_tokenizer(tmp_path).encode("a<|endoftext|>b").count(END) == 1


@pytest.mark.parametrize("text", ["a" * 100_000, "ab " * 30_000, "'" * 50_000, "日" * 50_000])
def test_a_huge_text_costs_no_more_than_its_length(tmp_path, text):
    write_vocabulary(tmp_path)
    start = time.perf_counter()
    ids, _ = find_tokenizer(tmp_path).padded(text)
    assert ids.shape == (77,)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "vocab.json").write_text("{", encoding="utf-8"), "JSONDecodeError"),
        (lambda folder: (folder / "merges.txt").unlink(), "FileNotFoundError"),
        (lambda folder: (folder / "merges.txt").write_text("a b c\n", encoding="utf-8"), "ValueError"),
        (lambda folder: (folder / "vocab.json").write_text('{"a": 1}', encoding="utf-8"), "lacks"),
        (lambda folder: (folder / "vocab.json").write_text("[1]", encoding="utf-8"), "TypeError"),
        (lambda folder: write_vocabulary(folder / "other"), None),
    ],
)
def test_a_broken_tokenizer_is_refused_by_name(tmp_path, spoil, words):
    write_vocabulary(tmp_path)
    spoil(tmp_path)
    with pytest.raises(BadFile) as refused:
        find_tokenizer(tmp_path)
    assert (words or "several tokenizers") in refused.value.line()
    assert str(tmp_path) in refused.value.line()


def test_a_tokenizer_of_another_kind_is_refused(tmp_path):
    write_tokenizer_json(tmp_path, kind="WordPiece")
    with pytest.raises(BadFile, match="cannot be read"):
        find_tokenizer(tmp_path)
