"""Search of an index by image, volume, slice and words; what is the query's own left out, other spaces refused."""

import asyncio

import numpy as np
import pytest

from readingroom import ReadingRoom
from readingroom.errors import BadRequest, NotServed
from readingroom.exports.neighbours import SIDE
from readingroom.imaging.png import encode_png
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry, Filter, Space
from readingroom.indexing import Adding, index_add, index_delete, index_evaluate, index_show, search, sheet_of
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.tools.backends.classical.text_vector import unseen_words


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two films and two scans of phantoms, and pictures of noise, in one index with slices and thumbnails."""
    home = tmp_path_factory.mktemp("world")
    room = ReadingRoom(home=home / "data", config=home / "config")
    for seed in (1, 2):
        write_chest(make_chest(ChestPhantom(seed=seed, spacing_mm=2.0)), home / "films" / str(seed))
        write_ct(make_ct(CtPhantom(seed=seed, spacing_mm=(10.0, 8.0, 8.0))), home / "scans" / str(seed))
    (home / "noise").mkdir()
    for seed in range(3):
        grain = np.random.default_rng(seed).integers(0, 255, (80, 96), np.uint8)
        (home / "noise" / f"{seed}.png").write_bytes(encode_png(grain))
    adding = Adding(slices=True, thumbnails=True)
    found = room.wait_for(index_add(room, [home / "films", home / "scans", home / "noise"], adding))
    assert found.count("failed") == 0
    return room, home


def sought(world, *paths, **named):
    room, _ = world
    return room.wait_for(search(room, list(paths) or None, **named))


def test_a_film_finds_the_other_film_and_not_itself(world):
    _, home = world
    found = sought(world, home / "films" / "1", k=2)
    assert found.neighbours[0].metadata["modality"] == "x_ray"
    assert all(hit.metadata["level"] != "slice" for hit in found.neighbours)
    itself = sought(world, home / "films" / "1", k=1, exclude_own=())
    assert itself.neighbours[0].similarity == pytest.approx(1, abs=1e-5)
    assert itself.neighbours[0].id not in {hit.id for hit in found.neighbours}
    assert "rr-descriptor-1024-v1" in found.provenance
    assert "uncalibrated" in found.provenance


def test_a_volume_is_pooled_as_those_of_the_index_and_finds_a_volume(world):
    _, home = world
    same = sought(world, home / "scans" / "1", k=1, exclude_own=()).neighbours[0]
    assert same.similarity == pytest.approx(1, abs=1e-5)
    assert sought(world, home / "scans" / "1", k=1).neighbours[0].metadata["pooled"] is True


def test_a_slice_finds_its_place_in_its_own_volume_and_nothing_outside_it(world):
    _, home = world
    volume = sought(world, home / "scans" / "1", k=1, exclude_own=()).neighbours[0].id
    found = sought(world, home / "scans" / "1", plane=7, slices=True, k=1, exclude_own=()).neighbours[0]
    assert (found.metadata["slice"], found.metadata["sha256"]) == (7, volume)
    film = sought(world, home / "films" / "1", within=volume[:20], k=4)
    assert {hit.metadata["sha256"] for hit in film.neighbours} == {volume}
    with pytest.raises(BadRequest, match="no volume has slices"):
        sought(world, home / "films" / "1", within="00ff")


def test_filters_hold_and_the_queries_own_subject_and_study_stay_out(world):
    _, home = world
    ct = sought(world, home / "films" / "1", where=Filter(equals={"modality": ("ct",)}))
    assert {hit.metadata["modality"] for hit in ct.neighbours} == {"ct"}
    everyone = sought(world, home / "films" / "1", k=9, exclude_own=())
    own = next(hit for hit in everyone.neighbours if hit.similarity > 0.9999)
    others = sought(world, home / "films" / "1", k=9, exclude_own=("subject",))
    assert own.metadata["subject"] not in {hit.metadata.get("subject") for hit in others.neighbours}
    with pytest.raises(BadRequest, match="own dataset is not known"):
        sought(world, home / "films" / "1", exclude_own=("dataset",))


def test_words_find_their_modality_and_pathology_is_refused_by_name(world):
    assert {hit.metadata["modality"] for hit in sought(world, text="chest x-ray", k=2).neighbours} == {"x_ray"}
    for text, named in (("x-ray chest pneumothorax", "pneumothorax"), ("dermoscopy melanoma", "melanoma"),
                        ("a big dog", "big, dog")):  # fmt: skip
        with pytest.raises(NotServed, match=f"cannot look for '{named}'"):
            sought(world, text=text)
    for both in ({"text": "ct"}, {}):
        with pytest.raises(BadRequest, match="one of them alone"):
            sought(world, *([world[1] / "films"] if both else []), **both)


@pytest.mark.parametrize(
    ("text", "strange"),
    [("CT of the abdomen", ()), ("axial MR brain", ()), ("x-ray chest PA view", ()),
     ("polyps of the colon", ("polyps",)), ("pneumonia", ("pneumonia",)), ("view", ("view",)),
     ("ct liver tumour", ("tumour",))],
)  # fmt: skip
def test_only_words_of_modality_part_and_view_are_seen(text, strange):
    assert unseen_words(text) == strange


def test_an_index_of_another_model_is_refused_by_name(world, tmp_path):
    room, home = world
    space = Space(model="MedImageInsight", version="5", preprocessing_id="p", dimensions=1024)
    index = EmbeddedIndex(tmp_path / "i", space)
    index.add([Entry(id="a")], np.ones((1, 1024), np.float32))
    index.close()
    for given in ({"paths": [home / "films" / "1"]}, {"text": "chest x-ray"}):
        with pytest.raises(BadRequest, match=r"holds MedImageInsight 5.*the query is rr-descriptor"):
            room.wait_for(search(room, index=tmp_path / "i", **given))


def test_a_search_of_no_index_makes_none(world, tmp_path):
    room, home = world
    with pytest.raises(BadRequest, match="there is no index yet"):
        room.wait_for(search(room, home / "films" / "1", index=tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_searches_at_the_same_time_share_the_index(world):
    room, home = world

    async def together():
        return await asyncio.gather(*(search(room, home / "films" / "1", k=1) for _ in range(4)))

    assert len({found.neighbours[0].id for found in asyncio.run(together())}) == 1
    assert index_show(room).rows > 0


def test_thumbnails_are_small_and_only_where_they_were_asked_for(world, tmp_path):
    room, home = world
    found = sought(world, home / "films" / "1", k=3)
    sheet = sheet_of(room, found, home / "films" / "1")
    assert all(card.png for card in sheet.neighbours)
    room.wait_for(index_add(room, home / "noise", index=tmp_path / "bare"))
    assert not list((tmp_path / "bare").rglob("*.png"))
    bare = room.wait_for(search(room, home / "films" / "1", k=3, index=tmp_path / "bare"))
    assert [card.png for card in sheet_of(room, bare, index=tmp_path / "bare").neighbours] == [None] * 3
    named = sheet_of(room, bare, pictures=home / "noise", index=tmp_path / "bare")
    assert all(card.png and len(card.png) < 3 * SIDE * SIDE for card in named.neighbours)


def test_rows_go_with_their_slices_and_thumbnails(world, tmp_path):
    room, home = world
    asyncio.run(index_add(room, home / "scans", Adding(slices=True, thumbnails=True), index=tmp_path / "i"))
    before = index_show(room, tmp_path / "i")
    assert before.values["level"]["volume"] == 2
    with pytest.raises(BadRequest, match="nothing was named"):
        index_delete(room, Filter(), index=tmp_path / "i")
    first = min(path.stem for path in (tmp_path / "i" / "thumbnails").iterdir())
    gone = index_delete(room, Filter(), [first], index=tmp_path / "i")
    after = index_show(room, tmp_path / "i")
    assert (after.rows, after.values["level"]["volume"]) == (before.rows - gone, 1)
    assert gone == 1 + before.values["level"]["slice"] // 2
    assert len(list((tmp_path / "i" / "thumbnails").iterdir())) == 1


def test_evaluation_leaves_the_queries_own_group_out(world):
    room, _ = world
    found = index_evaluate(room, ["modality"], "study", (1,))
    assert found.at[0].precision.n == 4
    assert found.at[0].precision.share == 1
    assert found.at[0].precision.low < 0.6
