"""Studies into an index: each once, failures as rows, metadata without a name, and safe to start again."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest

from readingroom.archive import Archive
from readingroom.errors import BadFile, BadRequest, InputRefused, NotAuthorised
from readingroom.imaging.png import encode_png
from readingroom.imaging.sources import sources_of
from readingroom.imaging.subject import pseudonym_of
from readingroom.index.entry import Filter
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.tools.backends.classical.backend import DESCRIPTOR, ClassicalBackend
from readingroom.tools.backends.protocol import Embedded
from readingroom.workflows.batching import BATCH, Budget
from readingroom.workflows.collecting import OtherModel, Shelf, Terms, collect
from readingroom.workflows.manifest import read_manifest

KEY = b"k" * 32


@dataclass
class Counted(ClassicalBackend):
    """The baseline, with what it was asked counted; as another version or refusing where a test wants that."""

    version: str = "0.1.0"
    model_version: str = "0.1.0"
    asked: list[str] = field(default_factory=list)
    refuses: type[Exception] | None = None

    async def embed(self, image, model=""):
        self.asked.append(image.ref.sha256)
        if self.refuses:
            raise self.refuses("it will not")
        found = await super().embed(image, model)
        return Embedded(found.vector, DESCRIPTOR.model_copy(update={"version": self.model_version}), found.scaling)


@dataclass
class InBatches(Counted):
    """As an endpoint: several in one call."""

    calls: list[int] = field(default_factory=list)

    async def embed_several(self, images):
        self.calls.append(len(images))
        return [await self.embed(image) for image in images]


def pictures(folder, count, start=0):
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(start, start + count):
        grain = np.random.default_rng(place).integers(0, 255, (80, 96), np.uint8)
        (folder / f"p{place:03d}.png").write_bytes(encode_png(grain))
    return folder


def collected(folder, *paths, backend=None, described=None, **terms):
    archive = Archive(folder)
    shelf = Shelf(archive.open(), archive.begin)
    try:
        given = [*paths, *(described or {})]
        sources = sources_of(given, key=KEY)
        return asyncio.run(collect(sources, backend or Counted(), shelf, Terms(KEY, **terms), described))
    finally:
        if shelf.index:
            shelf.index.close()


def entries(folder, where=None):
    with Archive(folder).opened() as index:
        return index.entries(where or Filter())


def test_each_image_is_embedded_once_and_a_broken_file_is_a_row(tmp_path):
    folder, backend = pictures(tmp_path / "in", 5), Counted()
    (folder / "broken.png").write_bytes((folder / "p000.png").read_bytes()[:60])
    (folder / "twice.png").write_bytes((folder / "p001.png").read_bytes())
    first = collected(tmp_path / "i", folder, backend=backend)
    assert (first.count("added"), first.count("known"), first.count("failed"), first.held) == (5, 1, 1, 5)
    failed = next(row for row in first.rows if row.status == "failed")
    assert "broken.png" in failed.reason
    assert len(backend.asked) == 5
    again = collected(tmp_path / "i", pictures(folder, 2, start=7), backend=backend)
    assert (again.count("added"), again.count("known"), again.held) == (2, 6, 7)
    assert len(backend.asked) == len(set(backend.asked)) == 7


def test_another_process_of_the_same_model_does_not_embed_again_and_another_model_is_refused(tmp_path):
    folder = pictures(tmp_path / "in", 3)
    collected(tmp_path / "i", folder)
    with pytest.raises(OtherModel, match=r"the index holds rr-descriptor-1024-v1 0\.1\.0.*this is .* 0\.2\.0"):
        collected(tmp_path / "i", folder, backend=Counted(version="9", model_version="0.2.0"))
    assert len(entries(tmp_path / "i")) == 3


def test_a_volume_is_one_pooled_row_with_rows_of_slices_where_they_are_wanted(tmp_path):
    scan = write_ct(make_ct(CtPhantom(spacing_mm=(10.0, 8.0, 8.0))), tmp_path / "scan")
    assert collected(tmp_path / "i", scan).held == 1
    (whole,) = entries(tmp_path / "i")
    assert (whole.metadata["level"], whole.metadata["pooled"]) == ("volume", True)
    assert str(whole.metadata["pooling"]).startswith("median of ")
    found = collected(tmp_path / "i", scan, slices=True)
    depth = int(whole.metadata["depth"])
    assert found.held == depth + 1
    of_slices = entries(tmp_path / "i", Filter(equals={"level": ("slice",)}))
    assert sorted(entry.metadata["slice"] for entry in of_slices) == list(range(depth))
    assert {entry.metadata["sha256"] for entry in of_slices} == {whole.id}
    with Archive(tmp_path / "i").opened() as index:
        middle = np.median(index.vectors([entry.id for entry in of_slices]), axis=0)
        assert np.allclose(index.vectors([whole.id])[0], middle / np.linalg.norm(middle), atol=1e-6)


def test_metadata_tell_what_it_is_and_nothing_of_who_it_is(tmp_path):
    film = write_chest(make_chest(ChestPhantom(seed=1, spacing_mm=2.0)), tmp_path / "Mustermann^Max")
    collected(tmp_path / "i", film)
    (entry,) = entries(tmp_path / "i")
    assert (entry.metadata["modality"], entry.metadata["anatomy"]) == ("x_ray", "chest")
    assert len(str(entry.metadata["subject"])) == len(str(entry.metadata["study"])) == 12
    stored = b"".join(path.read_bytes() for path in (tmp_path / "i").rglob("*") if path.is_file())
    assert b"Mustermann" not in stored
    assert b".dcm" not in stored


def test_a_table_describes_files_with_pseudonyms_and_without_names(tmp_path):
    pictures(tmp_path, 2)
    table = tmp_path / "t.csv"
    table.write_text(
        "file,patient_id,name,modality,label,score,dataset\n"
        "p000.png,A-17,Max Mustermann,X-Ray,mass,3,d1\n"
        "p000.png,A-17,Max Mustermann,X-Ray,nodule,3,d1\n"
        "p001.png,B-2,,MRI,none,4.5,d2\n"
        "p009.png,B-2,,MRI,none,4.5,d2\n",
        encoding="utf-8",
    )
    described = read_manifest(table, key=KEY, columns=["score"])
    found = collected(tmp_path / "i", described=described)
    assert (found.count("added"), found.count("failed")) == (2, 1)
    first, second = sorted((entry.metadata for entry in entries(tmp_path / "i")), key=lambda one: one["modality"])
    assert (first["modality"], first["score"], second["modality"]) == ("mr", 4.5, "x_ray")
    assert second["label"] == ["mass", "nodule"]
    assert second["subject"] == pseudonym_of("A-17", KEY)
    assert "Mustermann" not in str(second)
    assert "patient_id" not in second
    with pytest.raises(BadRequest, match="'name' is not kept"):
        read_manifest(table, key=KEY, columns=["name"])
    with pytest.raises(BadRequest, match="no column 'colour'"):
        read_manifest(table, key=KEY, columns=["colour"])
    table.write_text("what\n1\n", encoding="utf-8")
    with pytest.raises(BadFile, match="no column of files"):
        read_manifest(table, key=KEY)


def test_what_a_table_says_anew_is_written_without_embedding_again(tmp_path):
    folder, backend = pictures(tmp_path / "in", 1), Counted()
    collected(tmp_path / "i", folder, backend=backend)
    found = collected(tmp_path / "i", described={folder / "p000.png": {"label": "noise"}}, backend=backend)
    assert (found.count("known"), len(backend.asked)) == (1, 1)
    assert entries(tmp_path / "i")[0].metadata["label"] == "noise"


def test_a_refused_image_is_a_row_and_wrong_credentials_end_it_all(tmp_path):
    folder = pictures(tmp_path / "in", 3)
    found = collected(tmp_path / "i", folder, backend=Counted(refuses=InputRefused))
    assert (found.count("failed"), found.held, found.space) == (3, 0, None)
    with pytest.raises(NotAuthorised):
        collected(tmp_path / "i", folder, backend=Counted(refuses=NotAuthorised))


@dataclass
class Short(InBatches):
    """Forgets one."""

    async def embed_several(self, images):
        return (await super().embed_several(images))[1:]


@pytest.mark.parametrize(
    ("backend", "said"),
    [(Counted(refuses=KeyError), "a fault (KeyError)"), (Short(), "vectors came for")],
)
def test_a_fault_of_a_backend_is_a_row_for_each_image_and_nobody_waits(tmp_path, backend, said):
    found = collected(tmp_path / "i", pictures(tmp_path / "in", 3), backend=backend)
    assert (found.count("failed"), found.held) == (3, 0)
    assert all(said in row.reason and "it will not" not in row.reason for row in found.rows)


def test_a_fault_of_reading_is_a_row_and_the_others_are_added(tmp_path):
    def keep(name, image):
        raise ZeroDivisionError("a patient's name")

    folder = pictures(tmp_path / "in", 2)
    found = collected(tmp_path / "i", folder, keep_picture=keep)
    assert [row.reason for row in found.rows] == ["a fault (ZeroDivisionError)"] * 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("file,label,label\na.png,x,y\n", "the column 'label' stands twice"),
        ("file,patient_id\na.png,7\nb.png,1.23457E+11\n", "row 2: a spreadsheet has spoiled the number"),
        ("file;label\na.png;1\n", "its columns stand apart by semicolons"),
        ("file,label\n,x\n", "row 1: the row names no file. Fill the column 'file'"),
        ("file,label\n", "the table has no rows"),
        ('file,label\na.png,"x\n', "line 2: unexpected end of data"),
    ],
)
def test_a_table_is_refused_for_the_same_as_that_of_a_cohort(tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match=said):
        read_manifest(tmp_path / "t.csv", key=KEY)


def test_several_go_in_one_call_where_the_backend_takes_several(tmp_path):
    backend = InBatches()
    scan = write_ct(make_ct(CtPhantom(spacing_mm=(10.0, 8.0, 8.0))), tmp_path / "scan")
    collected(tmp_path / "i", scan, backend=backend)
    assert max(backend.calls) == BATCH
    assert sum(backend.calls) == len(backend.asked)


def test_pixels_that_wait_are_bounded_and_a_larger_volume_goes_alone():
    async def tried():
        budget, held, most = Budget(100), 0, []

        async def hold(size):
            nonlocal held
            async with budget.of(size):
                held += size
                most.append(held)
                await asyncio.sleep(0)
                held -= size

        await asyncio.gather(*(hold(size) for size in (40, 40, 40, 250, 60, 10)))
        return most

    most = asyncio.run(tried())
    assert len(most) == 6
    assert all(held <= 100 or held == 250 for held in most)
