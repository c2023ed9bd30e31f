"""Acquisition by pixels against header: planted mismatches flagged with neighbours, and the query's own left out."""

import json
from contextlib import closing

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from readingroom import ReadingRoom
from readingroom.acquiring import acquisition
from readingroom.cli_acquisition import acquisition as command
from readingroom.errors import BadRequest
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry, Filter, Space
from readingroom.indexing import Adding, index_add, index_delete
from readingroom.learning.adapter import to_text
from readingroom.learning.fitting import Naming
from readingroom.learning.validation import Plan
from readingroom.workflows.acquisition import UNDECIDED, Voter, Wanted, familiarity, label_of, value_of, voted
from readingroom.workflows.adapting import Table, recipes_of, train_adapter
from tests.imaging.dicom_files import AXIAL, dataset, dicom_bytes

MR_CLASS = "1.2.840.10008.5.1.4.1.1.4"


def slice_of(kind, seed):
    """A bright disc with a dark middle (T2 here), or a dark one with a bright rim (T1 here), with grain of its own."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    radius = np.hypot(x * (1 + 0.05 * chance.random()), y)
    disc = np.where(radius < 0.8, np.where(radius < 0.35, 40, 200), 0) if kind == "T2" else np.where(
        radius < 0.8, np.where(radius > 0.7, 220, 70 + 30 * np.sin(12 * x)), 0)  # fmt: skip
    return np.clip(disc + chance.normal(0, 6, disc.shape), 0, 255).astype(np.uint8)


def write(folder, name, kind, seed, **more):
    study = f"1.2.3.{seed}"
    told = {
        "Modality": "MR", "SOPClassUID": MR_CLASS, "PatientID": f"P{seed}", "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.1", "ImageOrientationPatient": AXIAL, "BodyPartExamined": "BRAIN",
        "SOPInstanceUID": f"{study}.1.1", "PixelSpacing": [1, 1], **more,
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(dicom_bytes(dataset(slice_of(kind, seed), **told)))
    return folder / name


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("world")
    room = ReadingRoom(home=home / "data", config=home / "config")
    rows = ["file,sequence,contrast"]
    for seed in range(24):
        kind = "T2" if seed % 2 else "T1"
        write(home / "held", f"{seed}.dcm", kind, seed)
        rows.append(f"held/{seed}.dcm,{kind},{'with' if seed % 4 < 2 else 'without'}")
    (home / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    adding = Adding(manifest=home / "table.csv", columns=("sequence", "contrast"))
    assert room.wait_for(index_add(room, None, adding)).count("failed") == 0
    return room, home


def asked(world, path, **named):
    room, _ = world
    found = room.wait_for(acquisition(room, [path], wanted=Wanted(k=7), **named))
    return found, {one.field: one for one in found.parameters}


def test_a_header_that_names_another_sequence_is_flagged_with_its_neighbours(world):
    _, home = world
    wrong = write(home / "asked", "wrong.dcm", "T1", 101, SeriesDescription="AX T2 TSE")
    found, by_field = asked(world, wrong)
    assert [one.field for one in found.mismatches] == ["sequence"]
    one = by_field["sequence"]
    assert (one.header, one.header_source, one.pixels, one.verdict) == ("T2", "SeriesDescription", "T1", "mismatch")
    assert {voter.label for voter in one.voters} <= {"T1", "T2"}
    assert len(one.voters) == 7
    assert one.share.n == 7
    assert "say T1" in one.reason
    assert "uncalibrated" in found.provenance
    assert by_field["contrast"].pixels == UNDECIDED  # labels that the pixels do not tell
    assert by_field["modality"].verdict == by_field["anatomy"].verdict == "agrees"


def test_a_right_header_agrees_and_a_silent_one_is_told_from_a_mismatch(world):
    _, home = world
    right = write(home / "asked", "right.dcm", "T2", 102, SeriesDescription="AX T2 TSE")
    silent = write(home / "asked", "silent.dcm", "T2", 103)
    assert asked(world, right)[1]["sequence"].verdict == "agrees"
    _, by_field = asked(world, silent)
    assert (by_field["sequence"].pixels, by_field["sequence"].verdict) == ("T2", "header silent")
    assert by_field["sequence"].header == "not said"


def test_other_images_of_the_patient_have_no_vote(world):
    room, home = world
    own = [write(home / "own", f"{place}.dcm", "T1", 200, SOPInstanceUID=f"1.2.9.{place}",
                 SeriesInstanceUID=f"1.2.9.{place}.1") for place in range(3)]  # fmt: skip
    rows = [f"{path},T2,with" for path in own[1:]]
    (home / "own.csv").write_text("file,sequence,contrast\n" + "\n".join(rows), encoding="utf-8")
    room.wait_for(index_add(room, None, Adding(manifest=home / "own.csv", columns=("sequence", "contrast"))))
    try:
        _, by_field = asked(world, own[0])
        assert by_field["sequence"].voters[0].label == "T1"  # the patient's own, labelled T2, is nearer
    finally:
        index_delete(room, Filter(equals={"subject": (room.read([own[0]]).subject,)}))


def test_an_image_that_is_like_nothing_in_the_index_is_not_told_by_its_neighbours(world):
    _, home = world
    path = write(home / "asked", "noise.dcm", "T1", 107, SeriesDescription="AX T2 TSE")
    noise = np.random.default_rng(9).integers(0, 255, (96, 96), np.uint8)
    told = {"Modality": "MR", "SOPClassUID": MR_CLASS, "PatientID": "P107", "SeriesDescription": "AX T2 TSE"}
    path.write_bytes(dicom_bytes(dataset(noise, **told)))
    found, by_field = asked(world, path)
    assert found.mismatches == ()
    assert by_field["sequence"].pixels == by_field["modality"].pixels == UNDECIDED
    assert "nothing in the index is as near as usual (p 0.04)" in by_field["sequence"].reason
    assert by_field["sequence"].voters  # shown all the same


def test_familiarity_by_hand(tmp_path):
    """Four patients on a circle at 0, 10, 20 and 60 degrees: nearest others at 10, 10, 10 and 40."""
    turns = np.radians([0.0, 10, 20, 60])
    vectors = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    entries = [Entry(id=str(at), metadata={"subject": f"s{at}"}) for at in range(4)]
    with closing(EmbeddedIndex(tmp_path, Space(model="m", version="1", preprocessing_id="p", dimensions=2))) as index:
        index.add(entries, vectors)

        def at(degrees):
            turn = np.radians(degrees)
            return familiarity(index, np.array([np.cos(turn), np.sin(turn)], np.float32), {})

        assert at(5.0) == pytest.approx(1.0)  # 5 degrees from a row: all others are as far or farther
        assert at(85.0) == pytest.approx(2 / 5)  # 25: one row is farther
        assert at(150.0) == pytest.approx(1 / 5)  # 90: none is


def test_one_vote_a_patient_and_a_majority_that_chance_does_not_make():
    def votes(text):
        return [Voter(id=str(place), label=one, similarity=0.5) for place, one in enumerate(text)]

    assert voted(votes("aaaa"), 0.7)[0] == "a"  # Wilson's lower end of 4 of 4 is 0.51
    assert voted(votes("aaa"), 0.7)[0] == UNDECIDED  # of 3 of 3 it is 0.44
    assert voted(votes("aaaaaaaabbbb"), 0.7)[0] == UNDECIDED
    assert voted(votes("a" * 30 + "b" * 14), 0.7)[0] == UNDECIDED  # 0.68 is below the share
    assert voted(votes("a" * 31 + "b" * 12), 0.7)[0] == "a"
    label, rate, _ = voted(votes("aaaab"), 0.7)
    assert label == UNDECIDED
    assert (rate.low, rate.high) == (pytest.approx(0.3755, abs=1e-4), pytest.approx(0.9638, abs=1e-4))
    assert voted([], 0.7) == (UNDECIDED, None, "no neighbour carries this label")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [("modality", "MR", "mr"), ("modality", "x_ray", "x_ray"), ("modality", "photo", ""),
     ("plane", "Sagittal", "sagittal"),
     ("sequence", "T2 flair", "FLAIR"), ("sequence", "7", ""), ("contrast", "post contrast", "with"),
     ("contrast", "Without", "without"), ("anatomy", "THORAX", "chest")],
)  # fmt: skip
def test_labels_are_read_in_the_words_of_headers(field, text, value):
    assert value_of(field, text) == value


def test_a_row_with_two_labels_has_none():
    assert label_of("sequence", {"sequence": ["T1", "T2"]}) == ""
    assert label_of("plane", {"view": "axial"}) == "axial"


def test_an_adapter_goes_before_neighbours_where_it_knows(world, tmp_path):
    room, home = world
    labels = ["id,sequence"]
    with room.archive.opened() as opened:
        labels += [f"{one.id},{one.metadata['sequence']}" for one in opened.entries() if "sequence" in one.metadata]
    (tmp_path / "labels.csv").write_text("\n".join(labels), encoding="utf-8")
    made = train_adapter(room.archive.folder, Table(tmp_path / "labels.csv", ("sequence",)),
                         Plan(recipes_of("logistic")[:1]), Naming("sequences", "phantoms", "test"))  # fmt: skip
    (tmp_path / "made.json").write_text(to_text(made), encoding="utf-8")
    query = write(home / "asked", "adapted.dcm", "T1", 105, SeriesDescription="AX T2 TSE")
    _, by_field = asked(world, query, adapter=tmp_path / "made.json")
    one = by_field["sequence"]
    assert one.reason.startswith("adapter sequences")
    assert one.pixels in ("T1", UNDECIDED)
    assert one.share is None
    assert by_field["contrast"].share is not None  # it does not know contrast


def test_an_index_of_another_model_is_refused(world, tmp_path):
    room, home = world
    space = Space(model="other", version="1", preprocessing_id="p", dimensions=4)
    with closing(EmbeddedIndex(tmp_path, space)) as index:
        index.add([Entry(id="a")], np.ones((1, 4), np.float32))
    with pytest.raises(BadRequest, match="the index holds other 1"):
        room.wait_for(acquisition(room, [home / "held" / "0.dcm"], index=tmp_path))


def test_the_command_ends_in_one_where_header_and_pixels_differ(world, monkeypatch):
    room, home = world
    monkeypatch.setenv("READINGROOM_HOME", str(room.settings.home))
    monkeypatch.setenv("READINGROOM_CONFIG", str(room.settings.config))
    wrong = write(home / "asked", "again.dcm", "T1", 106, SeriesDescription="AX T2 TSE")
    app = Typer()
    app.command()(command)
    found = CliRunner().invoke(app, [str(wrong), "-k", "7"])
    assert found.exit_code == 1
    assert "sequence: MISMATCH header T2 (SeriesDescription); pixels T1" in found.stdout
    told = json.loads(CliRunner().invoke(app, [str(wrong), "-k", "7", "--json"]).stdout)
    assert {one["field"] for one in told["parameters"]} == {"modality", "anatomy", "plane", "sequence", "contrast"}
