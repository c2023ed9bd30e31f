"""The published four-statistic test: the same p-values as SciPy's, and a file read strictly."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from readingroom.errors import BadFile
from readingroom.tools.presence_published import Published, read_published

FOUR = [[8.0, 2.0], [5.0, 9.0], [4.0, 9.0], [3.0, 9.0]]


def written(tmp_path, content):
    path = tmp_path / "target_dist.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def published_way(plane, shown, betas):
    """check_mask_stats as published, with SciPy's own test."""
    mask = plane >= 128
    values = [plane[mask].mean() / 256, *(shown[:, :, channel][mask].mean() / 256 for channel in range(3))]
    ps = [stats.ks_1samp([v], stats.beta(*ab).cdf).pvalue for v, ab in zip(values, betas, strict=True)]
    return float(np.prod(ps) ** 0.25)


@pytest.mark.parametrize("seed", range(8))
def test_the_p_value_is_that_of_the_published_code(seed):
    rng = np.random.default_rng(seed)
    plane, shown = rng.integers(0, 256, (20, 30)).astype(np.uint8), rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    betas = tuple((float(a), float(b)) for a, b in rng.uniform(0.5, 12, (4, 2)))
    held = Published({"Dermoscopy": {"lesion": betas}})
    assert held.p_value("Dermoscopy", "lesion", plane, shown) == pytest.approx(
        published_way(plane, shown, betas), rel=1e-6
    )
    grey = shown[:, :, 0]
    expected = published_way(plane, np.stack([grey] * 3, axis=2), betas)
    assert held.p_value("Dermoscopy", "lesion", plane, grey) == pytest.approx(expected, rel=1e-6)


def test_an_empty_mask_is_rejected_and_an_unknown_target_is_not_tested():
    held = Published({"OCT": {"edema": tuple((a, b) for a, b in FOUR)}})
    low, grey = np.full((4, 4), 127, np.uint8), np.full((4, 4), 100, np.uint8)
    assert held.p_value("OCT", "edema", low, grey) == 0
    assert held.p_value("OCT", "drusen", low, grey) is None
    assert held.p_value("", "edema", low, grey) is None


def test_a_good_file_is_read(tmp_path):
    held = read_published(written(tmp_path, {"X-Ray-Chest": {"left lung": FOUR}, "Pathology": {"nuclei": FOUR}}))
    assert held.betas["X-Ray-Chest"]["left lung"] == ((8, 2), (5, 9), (4, 9), (3, 9))


@pytest.mark.parametrize(
    ("modality", "anatomy", "found"),
    [
        ("x_ray", "chest", "X-Ray-Chest"),
        ("ct", "abdomen", "CT-Abdomen"),
        ("ct", "lung", "CT-Chest"),
        ("mr", "heart", "MRI-Cardiac"),
        ("pathology", "breast", "Pathology"),
        ("fundus", "retinal", "Fundus"),
        ("mr", "brain", ""),
        ("unknown", "unknown", ""),
    ],
)
def test_an_image_finds_its_type_by_modality_and_anatomy(modality, anatomy, found):
    names = ("X-Ray-Chest", "CT-Abdomen", "CT-Chest", "MRI-Cardiac", "MRI-FLAIR-Brain", "Pathology", "Fundus")
    assert Published({name: {} for name in names}).image_type(modality, anatomy) == found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 11183\n", "Git LFS pointer"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "no JSON"),
        ([], "the file must hold names"),
        ({}, "the file must hold names"),
        ({"OCT": []}, "OCT must hold names"),
        ({"OCT": {"edema": FOUR[:3]}}, "OCT/edema must be a list of four pairs and is list of 3"),
        ({"OCT": {"edema": "abcd"}}, "OCT/edema must be a list of four pairs and is str"),
        ({"OCT": {"edema": [[1, 2], [1, 2], [1, 2], [1, 2, 3]]}}, "OCT/edema/3 must be two numbers above 0"),
        ({"OCT": {"edema": [[1, 2], [0, 2], [1, 2], [1, 2]]}}, "OCT/edema/1"),
        ({"OCT": {"edema": [[1, 2], [1, True], [1, 2], [1, 2]]}}, "OCT/edema/1"),
        ('{"OCT": {"edema": [[NaN, 2], [1, 2], [1, 2], [1, 2]]}}', "OCT/edema/0"),
        ('{"OCT": {"edema": [[1, 2], [1, 2], [1, Infinity], [1, 2]]}}', "OCT/edema/2"),
    ],
)
def test_any_other_form_is_refused_with_its_place(tmp_path, content, words):
    with pytest.raises(BadFile) as refused:
        read_published(written(tmp_path, content))
    assert words in refused.value.line()
    assert "huggingface.co/microsoft/BiomedParse" in refused.value.line()


def test_a_missing_or_huge_file_is_refused(tmp_path):
    with pytest.raises(BadFile, match="cannot be read"):
        read_published(tmp_path / "nowhere.json")
    with pytest.raises(BadFile, match="more than"):
        read_published(written(tmp_path, " " * (4 * 2**20 + 1)))


LEAF = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
ANY = st.recursive(
    LEAF, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=5), part, max_size=3)
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY)
def test_whatever_the_file_holds_it_is_read_or_refused(tmp_path, content):
    path = written(tmp_path, content)
    try:
        held = read_published(path)
    except BadFile:
        return
    assert all(len(betas) == 4 for targets in held.betas.values() for betas in targets.values())
