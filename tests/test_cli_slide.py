"""The commands about whole slides as they are typed: tiles on disk, a vector in an index, a table of markers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from readingroom.cli_slide import slide
from readingroom.errors import BadFile, BadRequest, NotServed, ReadingRoomError
from readingroom.imaging.slide import Slide
from readingroom.imaging.subject import pseudonym_of
from readingroom.index.embedded import EmbeddedIndex
from readingroom.settings import subject_key
from readingroom.tools.contracts.gigapath import TileRow, encode_tiles
from tests.imaging.slide_files import stained, write_slide
from tests.tools.backends.foundation.blob_server import KEY, blob_server


def tiles(row, said):
    features = np.zeros((1536, 14, 14), np.float32)
    features[3] = 0.5
    return encode_tiles([TileRow(features, "")])[0]


def stains(row, said):
    planes = np.zeros((23, 16, 16))
    planes[0, :, :8] = 0.8  # DAPI on the left half of each tile
    return planes.tolist()


@pytest.fixture(scope="module")
def url():
    with blob_server(tiles=tiles, stains=stains) as (found, _):
        yield found


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(tmp_path / "config"))
    write_slide(tmp_path / "s.tif")

    def call(*words):
        found = CliRunner().invoke(slide, [str(word) for word in words])
        if isinstance(found.exception, ReadingRoomError):
            raise found.exception
        assert found.exit_code == 0, found.output
        return found

    return call


@pytest.fixture
def models(url, monkeypatch):
    monkeypatch.setenv("READINGROOM_BACKEND", "classical,endpoint")
    for name, path in (("GIGAPATH", "tiles"), ("GIGATIME", "stains")):
        monkeypatch.setenv(f"{name}_MODEL_ENDPOINT", f"{url}/{path}/score")
        monkeypatch.setenv(f"{name}_MODEL_KEY", KEY)


def test_every_tile_is_the_slides_own_pixels_at_the_place_that_the_manifest_tells(run, tmp_path):
    told = run("tiles", "s.tif", "--out", "out")
    assert "12 tiles of 256 x 256 pixels at 0.5 micrometres a pixel, from level 0" in told.stdout
    assert told.stderr.splitlines()[-1] == "12 of 12 tiles"
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "manifest.csv").read_text())))
    assert len(rows) == 12
    for row in rows:
        with Pillow.open(tmp_path / "out" / row["file"]) as picture:
            pixels = np.asarray(picture)
        x, y = int(row["x"]), int(row["y"])
        assert np.array_equal(pixels, stained()[y : y + 256, x : x + 256])
        assert row["sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()
        assert (row["level"], row["mpp"], row["pixels"]) == ("0", "0.5", "256")
        assert float(row["tissue"]) > 0.99
    with Pillow.open(tmp_path / "out" / "overview.png") as picture:
        seen = np.asarray(picture)
    assert seen[256, 256].tolist() == [0, 120, 60]  # the corner of a tile
    assert seen[900, 1400].tolist() == [244] * 3
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "out").iterdir()} == {0}


def test_a_coarser_cut_is_read_from_a_smaller_level(run, tmp_path):
    found = json.loads(run("tiles", "s.tif", "--out", "out", "--mpp", "1", "--side", "128", "--json").stdout)
    assert (found["level"], found["tiles"], found["slide_mpp"]) == (1, 12, 0.5)
    rows = list(csv.DictReader(io.StringIO(Path(found["manifest"]).read_text())))
    assert {int(row["x"]) for row in rows} == {0, 256, 512, 768}  # in pixels of the largest level
    fewer = json.loads(run("tiles", "s.tif", "--out", "few", "--most", "2", "--json").stdout)
    assert fewer["tiles"] == 2


def test_a_slide_goes_into_an_index_under_its_patients_pseudonym(run, models, tmp_path):
    told = run("embed", "s.tif", "--index", "i", "--subject", "patient 7")
    assert "mean of 12 tiles" in told.stdout
    assert "12 of 12 tiles" in told.stderr
    values = json.loads(run("embed", "s.tif", "--json").stdout)["values"]
    index = EmbeddedIndex(tmp_path / "i")
    (entry,) = index.entries()
    assert index.vectors([entry.id])[0].tolist() == pytest.approx(values, abs=1e-6)
    index.close()
    with Slide(tmp_path / "s.tif") as opened:
        assert entry.id == opened.digest()
    assert entry.metadata["subject"] == pseudonym_of("patient 7", subject_key(tmp_path / "config"))
    with pytest.raises(BadRequest, match="the index holds"):
        run("embed", "s.tif", "--index", "i", "--mpp", "1")


def test_markers_are_a_table_that_says_what_it_is_not(run, models):
    lines = run("stain", "s.tif", "--side", "256").stdout.splitlines()
    assert lines[0].startswith("12 tiles, 0.197 mm2, by GigaTIME")
    assert lines[2].split() == ["DAPI", "0.400", "(0.400-0.400)", "0.500", "(0.500-0.500)", "0.098", "0.5"]
    assert "no stain was made" in lines[-1]
    assert len(json.loads(run("stain", "s.tif", "--side", "256", "--json").stdout)["markers"]) == 23


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("embed", "s.tif"), NotServed, "no Prov-GigaPath is configured .* GIGAPATH_MODEL_ENDPOINT"),
        (("stain", "s.tif"), NotServed, "no GigaTIME is configured .* GIGATIME_MODEL_ENDPOINT"),
        (("tiles", "none.tif", "--out", "o"), BadFile, "none.tif: there is no such file"),
        (("tiles", "s.tif", "--out", "o", "--mpp", "0.1"), BadRequest, "no finer than the slide"),
        (("tiles", "s.tif", "--out", "full"), BadRequest, "full: the folder holds tiles already"),
        (("tiles", "bare.tif", "--out", "o"), BadRequest, "--slide-mpp"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(run, tmp_path, words, error, said):
    write_slide(tmp_path / "bare.tif", mpp=None)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "manifest.csv").write_text("file\n")
    with pytest.raises(error, match=said):
        run(*words)
    assert not (tmp_path / "o" / "manifest.csv").exists()
