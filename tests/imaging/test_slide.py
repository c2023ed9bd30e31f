"""Slides: levels, regions, overviews, tissue, and tiles whose pixels come from where they say."""

import tracemalloc
import zlib

import numpy as np
import pytest
import tifffile

from readingroom.errors import BadFile, BadRequest
from readingroom.imaging.slide import Slide
from readingroom.imaging.slide_tiles import Terms, places, tile, tiles, tissue_mask
from tests.imaging.slide_files import SHAPE, STAINED, stained, write_slide

QUARTER = Terms(mpp=0.5)


@pytest.mark.parametrize("sub", [True, False])
def test_levels_are_found_as_sub_images_and_as_pages(tmp_path, sub):
    with Slide(write_slide(tmp_path / "s.tif", sub=sub)) as slide:
        assert [level[:2] for level in slide.levels] == [(1536, 1024), (768, 512), (384, 256)]
        assert [level.downsample for level in slide.levels] == [1, 2, 4]
        assert (slide.mpp, slide.mpp_source) == (pytest.approx(0.5), "XResolution")
        assert [slide.level_of(down) for down in (1, 1.5, 2, 3.9, 4, 100)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("tile_side", [128, None])
def test_a_region_is_the_pixels_there_and_white_beyond(tmp_path, tile_side):
    whole = stained()
    with Slide(write_slide(tmp_path / "s.tif", tile=tile_side)) as slide:
        assert (slide.read(0, 100, 70, (300, 260)) == whole[70:330, 100:400]).all()
        over = slide.read(0, 1500, 1000, (100, 50))
        assert (over[:24, :36] == whole[1000:, 1500:]).all()
        assert (over[24:] == 255).all()
        assert (slide.read(0, -10, -10, (20, 20))[10:, 10:] == whole[:10, :10]).all()
        assert slide.overview(384).shape == (256, 384, 3)
        assert abs(slide.overview(192).astype(int)[40, 40] - whole[320, 320]).max() <= 2


@pytest.mark.parametrize(
    ("description", "mpp", "source"),
    [
        ("Aperio Image Library\n1536x1024|AppMag = 40|MPP = 0.2522", 0.2522, "ImageDescription MPP"),
        ("nothing", 0.5, "XResolution"),
    ],
)
def test_the_size_of_a_pixel_says_where_it_is_from(tmp_path, description, mpp, source):
    path = write_slide(tmp_path / "s.tif", description=description)
    with Slide(path) as slide:
        assert (slide.mpp, slide.mpp_source) == (pytest.approx(mpp), source)
    with Slide(path, mpp=0.23) as slide:
        assert (slide.mpp, slide.mpp_source) == (0.23, "stated")


def test_of_an_ome_slide_the_physical_size_counts(tmp_path):
    path = tmp_path / "s.ome.tif"
    about = {"axes": "YXS", "PhysicalSizeX": 325, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 325}
    tifffile.imwrite(path, stained(), photometric="rgb", tile=(128, 128), metadata=about)
    with Slide(path) as slide:
        assert (slide.mpp, slide.mpp_source) == (pytest.approx(0.325), "OME PhysicalSizeX")


def test_what_nobody_says_is_not_guessed(tmp_path):
    with pytest.raises(BadRequest, match="micrometres a pixel are not known"):
        Slide(write_slide(tmp_path / "s.tif", mpp=None))
    printing = write_slide(tmp_path / "p.tif", mpp=None, resolution=(72, 72), resolutionunit="INCH")
    with pytest.raises(BadRequest, match="not known"):
        Slide(printing)
    whole = write_slide(tmp_path / "w.tif").read_bytes()
    for length in (6, 900, 4000, len(whole) - 100):
        (tmp_path / "broken.tif").write_bytes(whole[:length])
        with pytest.raises(BadFile):
            Slide(tmp_path / "broken.tif")
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((256, 256), np.uint16), metadata=None)
    with pytest.raises(BadFile, match="not colours of 8 bits"):
        Slide(tmp_path / "grey.tif", mpp=0.5)
    tifffile.imwrite(tmp_path / "strip.tif", np.zeros((4100, 4100, 3), np.uint8), rowsperstrip=4100, metadata=None,
                     photometric="rgb", compression="deflate")  # fmt: skip
    with pytest.raises(BadFile, match="in pieces of 4100 x 4100"):
        Slide(tmp_path / "strip.tif", mpp=0.5)


def test_a_tile_that_ends_early_is_named(tmp_path):
    path = write_slide(tmp_path / "s.tif")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        offset, count = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    content[offset : offset + count] = b"\0" * count
    path.write_bytes(content)
    with Slide(path) as slide, pytest.raises(BadFile, match="a tile of this slide is broken"):
        slide.read(0, 0, 0, (10, 10))


def test_a_tile_that_inflates_beyond_its_size_is_refused(tmp_path):
    path = write_slide(tmp_path / "s.tif")
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        offset, place = page.dataoffsets[0], page.tags["TileByteCounts"].valueoffset
    bomb = zlib.compress(bytes(30_000_000), 9)
    content = bytearray(path.read_bytes())
    content[offset : offset + len(bomb)] = bomb  # over the tiles behind it
    content[place : place + 4] = len(bomb).to_bytes(4, "little")
    path.write_bytes(content)
    with Slide(path) as slide, pytest.raises(BadFile, match="inflates beyond"):
        slide.read(0, 0, 0, (10, 10))


def test_tissue_is_where_the_stain_is_and_bare_glass_has_none():
    mask = tissue_mask(stained())
    truth = np.zeros(SHAPE, bool)
    truth[: STAINED[0], : STAINED[1]] = True
    assert (mask & truth).sum() / (mask | truth).sum() > 0.98
    chance = np.random.default_rng(0)
    assert tissue_mask(np.clip(chance.normal(243, 2, (200, 200, 3)), 0, 255).astype(np.uint8)).mean() < 0.01
    assert not tissue_mask(np.zeros((64, 64, 3), np.uint8)).any()


def test_pale_stroma_between_dark_nuclei_is_tissue_too():
    """Otsu alone parts the nuclei from all else where they fill much of the picture."""
    chance = np.random.default_rng(0)
    glass = np.clip(chance.normal(243, 2, (240, 320, 3)), 0, 255).astype(np.uint8)
    seen = glass.copy()
    seen[40:200, 40:280] = (205, 180, 215)
    rows, columns = np.mgrid[:240, :320]
    nuclei = ((rows % 40 - 20) ** 2 + (columns % 40 - 20) ** 2 < 150) & (seen[..., 1] == 180)
    seen[nuclei] = (70, 10, 150)
    mask = tissue_mask(seen)
    assert mask[44:196, 44:276].mean() > 0.98
    assert mask[:36].mean() == mask[:, 290:].mean() == 0


def test_tiles_lie_on_tissue_and_hold_the_pixels_of_their_place(tmp_path):
    with Slide(write_slide(tmp_path / "s.tif")) as slide:
        found = places(slide, QUARTER)
        assert [(one.column, one.row) for one in found] == [
            (right * 256, down * 256) for down in range(3) for right in range(4)
        ]
        whole = stained()
        for place, image in tiles(slide, found, QUARTER):
            assert (image.pixels == whole[place.row : place.row + 256, place.column : place.column + 256]).all()
            assert image.ref.name == f"tile at column {place.column}, row {place.row}"
            assert image.ref.modality == "pathology"


def test_coarser_tiles_come_from_the_level_below_and_cover_the_same_place(tmp_path):
    terms = Terms(mpp=0.75, side=128)  # 192 pixels of the slide, from level 0; no level is 1.5 times as coarse
    with Slide(write_slide(tmp_path / "s.tif")) as slide:
        place = places(slide, terms)[6]
        assert (place.column, place.row, place.side) == (192, 192, pytest.approx(192))
        seen = tile(slide, place, terms).pixels
        part = stained()[192:384, 192:384]
        assert seen.shape == (128, 128, 3)
        assert seen.reshape(-1, 3).mean(axis=0) == pytest.approx(part.reshape(-1, 3).mean(axis=0), abs=0.6)
        assert len(places(slide, Terms(mpp=2.0, side=64))) == 4 * 3
        assert slide.level_of(2.0 / slide.mpp) == 2


def test_few_tiles_are_taken_at_equal_steps(tmp_path):
    with Slide(write_slide(tmp_path / "s.tif")) as slide:
        found = places(slide, Terms(most=3))
        assert [(one.column, one.row) for one in found] == [(0, 0), (512, 256), (768, 512)]
        assert len(places(slide, Terms(tissue=0.0))) == 24
        with pytest.raises(BadRequest, match=r"0\.5 micrometres a pixel, and 0\.25 are asked for"):
            places(slide, Terms(mpp=0.25))


def test_memory_stays_small_however_large_the_slide(tmp_path):
    """A slide of 12,288 x 8,192 pixels is 302 MB; reading all its tiles takes less than 150."""
    path = tmp_path / "large.tif"
    part = np.ascontiguousarray(stained((512, 512), (512, 512)))
    tifffile.imwrite(path, (part for _ in range(16 * 24)), shape=(8192, 12288, 3), dtype=np.uint8, tile=(512, 512),
                     photometric="rgb", compression="deflate", metadata=None)  # fmt: skip
    tracemalloc.start()
    try:
        with Slide(path, mpp=0.5) as slide:
            found = places(slide, Terms(mpp=2.0))
            seen = sum(int(image.pixels.size) for _, image in tiles(slide, found, Terms(mpp=2.0)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == len(found) * 256 * 256 * 3
    assert len(found) == 12 * 8
    assert peak < 150e6


def test_jpeg_tiles_as_scanners_write_them(tmp_path):
    pytest.importorskip("imagecodecs")
    path = write_slide(tmp_path / "s.tif", compression="jpeg", compressionargs={"level": 95})
    with Slide(path) as slide:
        seen = slide.read(0, 100, 100, (200, 200)).astype(int)
        assert abs(seen - stained()[100:300, 100:300]).max() < 12
        assert len(places(slide)) == 12
