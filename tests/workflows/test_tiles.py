"""A slide to one vector and to a table of markers, over real HTTP; with every figure's number of tiles."""

import asyncio
import base64
import io

import numpy as np
import pytest
from PIL import Image as Pillow
from pydantic import SecretStr

from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.slide import Slide
from readingroom.imaging.slide_tiles import Terms
from readingroom.tools.backends.chain import Chain
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.backends.foundation.backend import FoundationBackend
from readingroom.tools.contracts.gigapath import TileRow, encode_tiles
from readingroom.tools.contracts.gigatime import CHANNELS
from readingroom.workflows.tiles import slide_entry, slide_markers, slide_vector
from tests.imaging.slide_files import stained, write_slide
from tests.tools.backends.foundation.blob_server import KEY, blob_server


def seen_colours(row):
    with Pillow.open(io.BytesIO(base64.b64decode(row["image"]))) as picture:
        return np.asarray(picture.convert("RGB"), float)


def tiles(row, said):
    """Features whose mean over the patches is the tile's mean red and blue."""
    colour = seen_colours(row).mean(axis=(0, 1))
    features = np.zeros((1536, 14, 14), np.float32)
    features[0], features[1], features[2] = colour[0], colour[2], 200
    return encode_tiles([TileRow(features, "")])[0]


def stains(row, said):
    """DAPI is 0.8 on the left half of each tile; Ki67 is 0.3 everywhere; CD8 grows with the tile's red."""
    colours = seen_colours(row)
    planes = np.zeros((23, 16, 16))
    planes[0, :, :8] = 0.8
    planes[CHANNELS.index("Ki67")] = 0.3
    planes[CHANNELS.index("CD8")] = colours[..., 0].mean() / 255
    return planes.tolist()


@pytest.fixture(scope="module")
def url():
    with blob_server(tiles=tiles, stains=stains) as (found, _):
        yield found


@pytest.fixture
def slide(tmp_path):
    with Slide(write_slide(tmp_path / "s.tif")) as found:
        yield found


def asked(url, call):
    async def run():
        endpoints = {
            model: Endpoint(model, EndpointConfig(address=f"{url}/{path}/score", key=SecretStr(KEY)), cache=None)
            for model, path in (("gigapath", "tiles"), ("gigatime", "stains"))
        }
        try:
            return await call(Chain((ClassicalBackend(), FoundationBackend("endpoint", endpoints))))
        finally:
            for endpoint in endpoints.values():
                await endpoint.aclose()

    return asyncio.run(run())


def test_a_slide_is_the_mean_of_its_tiles_in_a_space_that_names_the_cutting(url, slide):
    told = []
    vector, about = asked(url, lambda backend: slide_vector(slide, backend, tell=lambda *one: told.append(one)))
    part = stained()[:768, :1024].astype(float)
    one = np.array([[part[row : row + 256, column : column + 256, at].mean() for at in (0, 2)] + [200.0]
                    for row in range(0, 768, 256) for column in range(0, 1024, 256)])  # fmt: skip
    expected = (one / np.linalg.norm(one, axis=1, keepdims=True)).mean(axis=0)
    assert vector[:3] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-4)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert (about.tiles, about.space.dimensions, about.mpp_source) == (12, 1536, "XResolution")
    assert about.space.preprocessing_id.endswith("+tiles256at0.5um-tissue0.5+mean")
    assert told == [(8, 12), (12, 12)]
    entry = slide_entry(slide, about, {"subject": "abc"})
    assert entry.metadata["pooling"] == "mean of 12 tiles"
    assert entry.id == slide.digest()


def test_markers_have_means_areas_units_and_tiles(url, slide):
    found = asked(url, lambda backend: slide_markers(slide, backend, Terms(side=256)))
    by_name = {one.name: one for one in found.markers}
    assert tuple(by_name) == CHANNELS
    assert found.tiles == 12
    assert found.seen_mm2 == pytest.approx(12 * 0.128**2)
    dapi, ki67, cd8, cd3 = (by_name[name] for name in ("DAPI", "Ki67", "CD8", "CD3"))
    assert (dapi.mean, dapi.area) == (pytest.approx(0.4), pytest.approx(0.5))
    assert dapi.area_mm2 == pytest.approx(found.seen_mm2 / 2)
    assert (ki67.area, ki67.cut) == (1.0, 0.2)  # 0.3 is above its own published cut
    assert cd3.mean == cd3.area == 0
    assert cd8.mean == pytest.approx(stained()[:768, :1024, 0].mean() / 255, abs=1e-3)
    assert cd8.mean_low < cd8.mean < cd8.mean_high
    assert "no stain was made" in found.caution


def test_what_is_not_there_is_named(url, slide, tmp_path):
    with pytest.raises(NotServed, match="no virtual stains"):
        asyncio.run(slide_markers(slide, ClassicalBackend()))
    with pytest.raises(NotServed, match="gigapath"):
        asyncio.run(slide_vector(slide, ClassicalBackend()))
    with pytest.raises(BadRequest, match="no tile of the slide holds enough tissue"):
        asked(url, lambda backend: slide_vector(slide, backend, Terms(mpp=2.0, side=512, tissue=1.0)))
