"""Files and folders of many patients as what is read together."""

from readingroom.imaging.image import Image
from readingroom.imaging.reader import read_study
from readingroom.imaging.slices import slice_of
from readingroom.imaging.sources import sources_of
from readingroom.imaging.windowing import default_window
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.phantoms.parameters import ChestPhantom

KEY = b"k" * 32


def test_series_go_together_pictures_alone_and_what_cannot_be_read_has_its_error(tmp_path):
    write_ct(make_ct(CtPhantom(spacing_mm=(10.0, 8.0, 8.0))), tmp_path / "all")
    write_chest(make_chest(ChestPhantom(seed=1, spacing_mm=2.0)), tmp_path / "all")
    (tmp_path / "all" / "notes.txt").write_text("not an image, but words of some length")
    found = list(sources_of([tmp_path / "all", tmp_path / "gone.png"], key=KEY))
    by_error = {source.where: source.error.what for source in found if source.error}
    assert set(by_error) == {"gone.png", "notes.txt"}
    series = [source for source in found if not source.error]
    assert sorted(len(source.paths) > 1 for source in series) == [False, True]
    assert len({source.study for source in series}) == 2
    assert all(len(source.study) == 12 for source in series)


def test_a_slice_is_seen_through_the_window_of_its_volume_and_is_no_other(tmp_path):
    folder = write_ct(make_ct(CtPhantom(spacing_mm=(10.0, 8.0, 8.0))), tmp_path)
    volume: Image = read_study([folder], subject_key=KEY).images[0]
    first, second = slice_of(volume, 0), slice_of(volume, 1)
    assert first.window == default_window(volume)
    assert (first.ref.kind, first.ref.depth, first.pixels.shape) == ("image", 1, volume.pixels.shape[1:])
    assert len({volume.ref.sha256, first.ref.sha256, second.ref.sha256}) == 3
