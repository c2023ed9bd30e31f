"""Five writers who share no sentence, each with words for every concept, and slots that fill as they should."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from readingroom.verifier_bench.controls import LENGTHS, _converted
from readingroom.verifier_bench.drafts import draw_draft
from readingroom.verifier_bench.phrasebook import WRITERS, Phrasebook, Writer, of_phrasings, phrasebook
from readingroom.verifier_bench.wording import SLOT, Worded, _tidy

SLOTS = frozenset((
    "noun", "a", "is", "has", "severity", "degree", "side", "site", "spot", "size", "sizes", "long", "prior", "with",
    "other", "third", "value",
))  # fmt: skip


def sentences(book: Phrasebook) -> dict[str, set[str]]:
    """Every frame there is, by table, those for one kind of study with the rest."""
    books = [book, *(book.within(kind.name) for kind in book.kinds)]
    found = {name: {frame for one in books for frame in one.frames(name)} for name in book.words["frames"]}
    own = [text for kind in book.kinds for entry in kind.entries for text in (*entry.idioms, *entry.denials)]
    numbers = {frame for one in books for frame in one.own("numbers")}
    return {**found, "numbers": numbers, "forbidden": set(book.own("forbidden")), "own": set(own)}


@pytest.mark.parametrize(("one", "two"), list(combinations(WRITERS, 2)))
def test_the_writers_share_no_sentence(one: Writer, two: Writer) -> None:
    first, second = sentences(phrasebook(one)), sentences(phrasebook(two))
    assert first.keys() == second.keys()
    for name in first:
        shared = len(first[name] & second[name])  # a number: a failure shows no sentence of a test set
        assert shared == 0, name


@pytest.mark.parametrize("writer", ["fresh", "unseen"])
def test_a_test_set_has_twice_the_frames_of_the_second_set(writer: Writer) -> None:
    held_out, tested = sentences(phrasebook("held_out")), sentences(phrasebook(writer))
    for name, frames in held_out.items():
        assert len(tested[name]) >= 2 * len(frames), name


def test_the_unseen_set_has_its_own_word_for_every_slot() -> None:
    book, tuned = phrasebook("unseen"), phrasebook("tuned")
    for table in ("sides", "site", "places", "sizes", "heads"):
        assert book.own(table).keys() == tuned.own(table).keys() | ({"long"} if table == "sizes" else set())
        assert all(book.own(table).values())
    for scale in book.words["severity"].values():
        assert scale["unseen"].keys() == scale["tuned"].keys()
        words = [word for degree in scale["unseen"].values() for word in degree]
        assert all(scale["unseen"].values())
        assert len(set(words)) == len(words)
    assert all(entry.nouns for kind in book.kinds for entry in (*kind.entries, *kind.numbers))


def test_every_writer_tells_the_same_concepts_of_the_same_studies() -> None:
    def told(book: Phrasebook) -> list[tuple[str, list[str], list[str]]]:
        return [(kind.name, [one.observation for one in kind.entries], [one.observation for one in kind.numbers])
                for kind in book.kinds]  # fmt: skip

    first, *others = (told(phrasebook(writer)) for writer in WRITERS)
    assert all(other == first for other in others)
    assert all(entry.nouns for writer in WRITERS for kind in phrasebook(writer).kinds for entry in kind.entries)


@pytest.mark.parametrize("writer", WRITERS)
def test_every_slot_is_known_and_left_has_as_many_words_as_right(writer: Writer) -> None:
    book = phrasebook(writer)
    for frames in sentences(book).values():
        assert {slot for frame in frames for slot in SLOT.findall(frame)} <= SLOTS
    for kind in book.kinds:
        own = book.within(kind.name)
        tables = [own.own("sides"), own.own("site")["side"], own.own("site")["both"]]
        assert all(len(table["left"]) == len(table["right"]) for table in tables)


@pytest.mark.parametrize("writer", WRITERS)
def test_every_frame_is_used_and_leaves_no_slot_open(writer: Writer) -> None:
    book = phrasebook(writer)
    frames = {frame for name, told in sentences(book).items() if name not in ("forbidden", "own") for frame in told}
    for number in range(6000):
        draft = draw_draft(book, 11, number)
        for line in (*draft.lines, *draft.statements):
            frames.discard(line.frame)
            worded = draft.worded(line) if number < 400 else Worded((), frozenset())
            assert worded is not None
            assert not any(re.search(r"[{}\[\]\x01]|  | [.,;]", text) for text in worded.texts)
        if not frames:
            break
    assert not frames


def test_a_kind_of_study_adds_lists_and_lays_tables_over() -> None:
    book = phrasebook("fresh")
    eye, film = book.within("fundus"), book.within("chest_film")
    assert set(book.frames("absent")) < set(eye.frames("absent"))
    assert eye.own("site")["side"] != book.own("site")["side"]
    assert eye.own("site")["both"] == book.own("site")["both"]
    assert film.own("site")["side"] == book.own("site")["side"]
    assert set(eye.frames("absent")) != set(film.frames("absent"))
    assert phrasebook("tuned").within("fundus") == phrasebook("tuned")


def test_a_set_is_named_by_itself_or_with_others() -> None:
    assert of_phrasings("fresh") == ("fresh",)
    assert of_phrasings("unseen") == ("unseen",)
    assert of_phrasings("both") == ("tuned", "held_out")
    assert of_phrasings("all") == WRITERS


@pytest.mark.parametrize(("text", "other"), [
    ("12 millimetres", "1.2 centimetres"), ("1.2 centimeters", "12 millimeters"), ("12x8mm", "1.2x0.8cm"),
    ("1.2 cm x 0.8 cm", "12 mm x 8 mm"), ("Grade 3", "Grade 3"),
])  # fmt: skip
def test_a_length_in_the_other_unit(text: str, other: str) -> None:
    assert LENGTHS.sub(_converted, text) == other


@pytest.mark.parametrize(("text", "told"), [
    ("\x01 L effusion", "An L effusion"), ("\x01 left effusion", "A left effusion"), ("\x01 8 mm node", "An 8 mm node"),
    ("\x01 ulcer", "An ulcer"), ("\x01 R-sided mass", "An R-sided mass"),
])  # fmt: skip
def test_the_article_before_a_word_said_as_letters(text: str, told: str) -> None:
    assert _tidy(text) == told
