"""A cohort: every item once, failures as rows, tables that do not know in which order things came."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from benchmarks.quick_backend import QuickBackend
from readingroom.cohorts import Options
from readingroom.cohorts import cohort as module
from readingroom.cohorts.tables import COMPARED
from readingroom.errors import BadRequest, InputRefused, NotAuthorised, Unavailable
from readingroom.imaging.png import encode_png
from tests.cohorts.quick import REPORT, STATED, Place, QuickServing, films


@pytest.fixture
def place(tmp_path):
    films(tmp_path / "films", 5)
    (tmp_path / "films" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return Place(tmp_path)


def rows(place, name="items", out="out"):
    return pq.read_table(place.folder / out / f"{name}.parquet").to_pylist()


def contents(place, out):
    return {name: (place.folder / out / name).read_bytes() for name in COMPARED if (place.folder / out / name).exists()}


class Serving(QuickServing):
    """The quick backend, with what it does of a draft told by `draft`, called with how often it was asked."""

    def __init__(self, calls, draft):
        super().__init__(calls, 0.0)
        self.asked, self.draft = [], draft

    def backend(self, marks=frozenset()):
        serving = self

        class Told(QuickBackend):
            async def draft(self, images, request):
                serving.asked.append(images[0].ref.sha256)
                await serving.draft(images[0].ref.sha256, len(serving.asked))
                return await super().draft(images, request)

        return Told(self._calls, 0.0)


async def nothing(digest, number):
    return None


def test_each_item_is_a_row_and_so_is_what_failed_of_it(place):
    found = place.run()
    assert found.counts == {"done": 5, "failed": 1}
    assert not found.clean
    table = pq.read_table(place.folder / "out" / "items.parquet")
    assert str(table.schema.field("sentences").type) == "int32"
    assert str(table.schema.field("clean").type) == "bool"
    items = table.to_pylist()
    assert [row["id"] for row in items] == sorted(row["id"] for row in items)
    (failed,) = [row for row in items if row["status"] == "failed"]
    assert failed["error"] == "BadFile"
    assert failed["reason"].startswith("this PNG is broken")  # names of files may be names of patients
    done = next(row for row in items if row["status"] == "done")
    findings = [row for row in rows(place, "findings") if row["id"] == done["id"]]
    assert {"finding", "evidence", "measurement", "limitation"} <= {row["row"] for row in findings}
    assert any(row["value"] is not None and row["unit"] for row in findings)
    artifact = place.folder / "out" / "artifacts" / done["report_sha256"][:2] / done["report_sha256"] / "report.json"
    assert artifact.is_file()
    runs = {row["run"] for row in rows(place, "timings") if row["run"]}
    assert len(runs) == 5
    assert (place.folder / "out" / "summary.html").read_text(encoding="utf-8").count("<svg") >= 1
    assert len(place.calls()) == 2 * 5  # outlines and a draft each


def test_the_same_line_again_does_nothing_and_only_failures_are_tried_again(place):
    place.run()
    before = contents(place, "out")
    place.calls()
    again = place.run()
    assert again.session.items == 0
    assert place.calls() == []
    assert contents(place, "out") == before
    films(place.folder / "other", 1, start=77)
    os.replace(place.folder / "other" / "f77.png", place.films / "broken.png")
    assert place.run(retry_failed=True).counts == {"done": 6}
    assert len(place.calls()) == 2


def test_a_file_that_was_touched_is_known_by_its_contents_and_one_that_changed_is_done_again(place):
    place.run()
    before = contents(place, "out")
    place.calls()
    os.utime(place.films / "f00.png", (1, 1))
    place.run()
    assert place.calls() == []
    assert contents(place, "out") == before
    place.films.joinpath("f00.png").write_bytes(place.films.joinpath("f01.png").read_bytes() + b"\0")
    place.run()
    assert len(place.calls()) == 2
    place.films.joinpath("f04.png").unlink()
    assert place.run().counts == {"done": 4, "failed": 1}  # what is not in the manifest is in no table


def test_the_tables_do_not_depend_on_the_order_in_which_items_end(place):
    chance = random.Random(3)

    async def some_time(digest, number):
        await asyncio.sleep(chance.uniform(0, 0.05))

    place.run(serving=Serving(place.calls_file, some_time))
    place.run("other", serving=Serving(place.calls_file, some_time), at_once=1)
    assert contents(place, "out") == contents(place, "other")


def test_other_settings_are_refused_or_a_generation_of_their_own(place):
    place.run()
    place.calls()
    other = REPORT.model_copy(update={"words": {"stated": STATED, "indication": "Cough."}})
    with pytest.raises(BadRequest, match="begun otherwise: the words or options of the command have changed"):
        place.run(given=other)
    with pytest.raises(BadRequest, match="the workflow is classify, and was report"):
        place.run(given=Options(workflow="classify"))
    assert place.calls() == []
    assert {row["generation"] for row in rows(place)} == {1}
    place.run(given=other, new_generation=True)
    assert len(place.calls()) == 2 * 5
    assert {row["generation"] for row in rows(place)} == {2}


HOLD = """
import sys, time
from pathlib import Path
from readingroom.cohorts.lease import leased
with leased(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_process_at_one_cohort_is_refused_until_the_first_is_gone(place):
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(place.folder / "out")], stdin=-1, stdout=-1, text=True)
    with held:
        assert held.stdout.readline() == "held\n"
        with pytest.raises(BadRequest, match="another process is at this cohort"):
            place.run()
        held.kill()
    assert place.run().counts["done"] == 5


def test_refused_credentials_stop_everything_and_the_same_line_goes_on(place):
    async def no_entry(digest, number):
        if number > 2:
            raise NotAuthorised("the endpoint refuses the key", do="Mend it.")

    with pytest.raises(NotAuthorised):
        place.run(serving=Serving(place.calls_file, no_entry), at_once=1)
    states = [row["status"] for row in rows(place)]
    assert states.count("done") == 2
    assert "waiting" in states
    second = Serving(place.calls_file, nothing)
    assert place.run(serving=second).counts == {"done": 5, "failed": 1}
    assert len(second.asked) == 3  # the two that were done are not asked for again


def test_models_that_are_away_for_long_stop_the_cohort_and_nothing_counts_as_failed(place, monkeypatch):
    monkeypatch.setattr(module, "GIVE_UP", 3)

    async def away(digest, number):
        if number > 1:
            raise Unavailable("no connection came about", where="host")

    with pytest.raises(Unavailable, match="3 items in a row failed"):
        place.run(serving=Serving(place.calls_file, away), at_once=1)
    assert {row["status"] for row in rows(place)} <= {"done", "waiting", "failed"}
    assert sum(row["status"] == "failed" for row in rows(place)) <= 1  # the broken file
    assert place.run(serving=Serving(place.calls_file, nothing)).counts == {"done": 5, "failed": 1}


def test_a_report_without_one_of_its_tools_is_partial_and_tried_again_when_asked(place):
    poison = []

    async def refused_once(digest, number):
        poison.append(digest)
        if digest == poison[0]:
            raise InputRefused("the model refused this input (424)", where="host")

    found = place.run(serving=Serving(place.calls_file, refused_once))
    assert found.counts == {"done": 4, "partial": 1, "failed": 1}
    (partial,) = [row for row in rows(place) if row["status"] == "partial"]
    assert partial["error"] == "InputRefused"
    assert "refused this input" in partial["reason"]
    retried = Serving(place.calls_file, nothing)
    assert place.run(serving=retried, retry_failed=True).counts == {"done": 5, "failed": 1}
    assert retried.asked == poison[:1]


def test_a_fault_or_an_endless_item_fails_alone(place):
    async def strange(digest, number):
        if number == 1:
            raise KeyError("a word of the report")
        if number == 2:
            await asyncio.Event().wait()

    place.run("before")  # what a process loads once is in nobody's time
    given = REPORT.model_copy(update={"seconds": 3.0})
    found = place.run(given=given, serving=Serving(place.calls_file, strange), at_once=1)
    assert found.counts == {"done": 3, "failed": 3}
    reasons = {row["reason"] for row in rows(place) if row["status"] == "failed"}
    assert "a fault of this program (KeyError)" in reasons
    assert any(reason.startswith("it took longer than 3 s") for reason in reasons)


def test_after_a_loss_of_power_what_was_not_synced_is_done_again(place):
    place.run()
    place.calls()
    base = sqlite3.connect(place.folder / "out" / "cohort.sqlite")
    with base:
        base.execute("UPDATE about SET value = 'another boot' WHERE name = 'boot'")
        base.execute("UPDATE about SET value = '4' WHERE name = 'synced'")
    base.close()
    found = place.run()
    assert "The power went before the last 2 items were safe" in found.notes[-1]
    assert found.session.items == 2
    assert found.counts == {"done": 5, "failed": 1}


def test_words_for_one_item_stand_before_those_for_all_and_subjects_are_pseudonyms(place):
    table = place.folder / "table.csv"
    table.write_text(
        "id,file,prior,view,patient_id,label,note\n"
        "b,films/f01.png,films/f00.png,AP,Doe-17,effusion,not used\n"
        "a,films/f02.png,,,Doe-17,,\n",
        encoding="utf-8",
    )
    found = place.run(manifest=table)
    assert found.notes == ("Columns that are not used: note.",)
    a, b = rows(place)
    assert (a["view"], b["view"]) == ("PA", "AP")
    assert (a["images"], b["images"]) == (1, 2)
    assert a["subject"] == b["subject"]
    assert "Doe" not in a["subject"]
    assert b["about"] == '{"label":"effusion"}'


def test_the_classical_room_embeds_classifies_and_answers(tmp_path):
    folder = tmp_path / "grain"
    folder.mkdir()
    for place_of in range(3):
        grain = random.Random(place_of).randbytes(64 * 96)
        (folder / f"{place_of}.png").write_bytes(encode_png(as_image(grain)))
    place = Place(tmp_path)
    place.room.serving = type(place.room.serving)(place.calls_file)
    place.room = type(place.room)(home=tmp_path / "data", config=tmp_path / "config")
    index = tmp_path / "index"
    assert place.run("e", Options(workflow="embed"), manifest=folder, index=index).counts == {"done": 3}
    vectors = rows(place, "embeddings", "e")
    assert len(vectors) == 3
    assert len(vectors[0]["vector"]) == 1024
    with module.archive_of(place.room.settings, index).opened() as opened:
        assert {entry.id for entry in opened.entries()} == {row["image_sha256"] for row in vectors}
    (index / "index.sqlite").unlink()  # the cohort holds what the index lost
    place.run("e", Options(workflow="embed"), manifest=folder, index=tmp_path / "anew")
    with module.archive_of(place.room.settings, tmp_path / "anew").opened() as opened:
        assert len(opened) == 3
    assert place.run("c", Options(workflow="classify"), manifest=folder).counts == {"done": 3}
    assert all(row["label"] for row in rows(place, "items", "c"))
    asked = Options(workflow="ask", words={"question": "Is the heart enlarged?"})
    assert place.run("a", asked, manifest=folder).counts == {"done": 3}
    assert {row["report_status"] for row in rows(place, "items", "a")} <= {"answered", "partial", "nothing"}


def as_image(grain):
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(grain, np.uint8).reshape(64, 96)


def test_a_cohort_whose_first_items_are_broken_goes_on_with_the_rest(place):
    names = [f"broken{number}.png" for number in range(5)]
    for name in names:
        (place.films / name).write_bytes(b"")
    table = place.films / "t.csv"
    table.write_text("\n".join(["file", *names, "f00.png"]))
    given = Options(workflow="embed", words={"stated": STATED}, seconds=10)  # what never ends fails then
    place.run(given=given, manifest=table)
    (film,) = [row for row in rows(place) if row["error"] != "BadFile"]
    assert film["error"] == "NotServed", film["reason"]  # asked of a backend that embeds nothing, and not kept waiting
