"""Cases from lists, folders and phantoms: what is read, what is refused, and what is true of a drawn one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readingroom.errors import BadFile, BadRequest
from readingroom.experiments.case import Case
from readingroom.experiments.cohort import cases_of, content_of
from readingroom.experiments.experiment import Phantoms, Source
from readingroom.experiments.phantom_cohort import STABLE, drawn, truth_of
from readingroom.imaging.mask_file import decode_mask
from readingroom.phantoms.chest import make_chest
from readingroom.room import ReadingRoom


def of(adapter: str, path: Path, **more) -> tuple[Case, ...]:
    return cases_of((Source(adapter=adapter, path=path, **more),), path.parent)


def test_a_list_of_cases_as_csv(tmp_path: Path):
    (tmp_path / "list.csv").write_text(
        "case,subject,images,prior,indication,report,choices,answer,split\n"
        "one,p1,a.dcm;b.dcm,old/a.dcm,Cough.,No pneumothorax.,,,test\n"
        "two,p1,c.dcm,,,,left | right,B,train\n"
    )
    one, two = of("csv", tmp_path / "list.csv")
    assert one.paths == (str(tmp_path / "a.dcm"), str(tmp_path / "b.dcm"))
    assert one.prior == (str(tmp_path / "old" / "a.dcm"),)
    assert (one.subject, one.words) == ("p1", {"indication": "Cough."})
    assert one.reference is not None
    assert one.reference.text == "No pneumothorax."
    assert two.reference is not None
    assert (two.reference.choices, two.reference.answer) == (("left", "right"), "B")
    assert [case.id for case in of("csv", tmp_path / "list.csv", split="train")] == ["two"]
    assert [case.id for case in of("csv", tmp_path / "list.csv", limit=1)] == ["one"]


def test_a_list_of_cases_as_json_and_as_a_folder(tmp_path: Path):
    (tmp_path / "cases.json").write_text(json.dumps([{"id": "a", "subject": "p", "paths": ["a.dcm"]}]))
    (case,) = of("json", tmp_path / "cases.json")
    assert case.paths == (str(tmp_path / "a.dcm"),)
    (tmp_path / "films" / "x").mkdir(parents=True)
    (tmp_path / "films" / "y.dcm").write_bytes(b"")
    assert [one.id for one in of("folder", tmp_path / "films")] == ["x", "y.dcm"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "case,images,colour\na,a.dcm,red\n", "has a column 'colour'"),
        ("a.csv", "case,images\na,\n", "a.csv, line 2: names no images"),
        ("a.csv", "case,images\na,a.dcm\na,b.dcm\n", "case 'a' is there twice"),
        ("a.csv", "case,images\n", "the experiment has no case"),
        ("a.json", '[{"id": "a", "subject": "p"}]', "a.json, case 1: paths: Field required"),
        ("a.json", '[{"id": "a", "subject": "p", "paths": [], "words": {"shoes": 1}}]', "case a: words.shoes: Extra"),
        ("a.json", "{", "is no JSON"),
        ("a.json", "{}", "is no list"),
    ],
)
def test_what_cannot_be_a_case_is_told_with_its_place(tmp_path: Path, name: str, content: str, told: str):
    (tmp_path / name).write_text(content)
    with pytest.raises((BadFile, BadRequest)) as raised:
        of(name.rpartition(".")[2], tmp_path / name)
    assert told in raised.value.line()


def test_an_adapter_or_a_path_that_there_is_not(tmp_path: Path):
    with pytest.raises(BadRequest, match=r"there is no adapter .mimik.\. There are folder, csv"):
        of("mimik", tmp_path)
    with pytest.raises(BadFile, match="is not there"):
        of("csv", tmp_path / "none.csv")


def test_a_drawn_case_is_what_its_truth_says_and_is_drawn_once(tmp_path: Path):
    asked = Phantoms(n=1, seed=7, priors=1.0)
    (case,) = cases_of((Source(phantoms=asked),), tmp_path)
    assert case.reference is not None
    study = ReadingRoom(home=tmp_path / "home", config=tmp_path / "config").read(case.paths, prior=case.prior)
    assert [image.ref.role for image in study.images] == ["current", "prior"]
    claims = {claim.observation: claim for claim in case.reference.claims if claim.observation != "lung"}
    number = claims["cardiothoracic_ratio"].measurement
    assert number is not None
    phantom, earlier = drawn(asked, 0)
    assert number.value == pytest.approx(phantom.cardiothoracic_ratio, abs=0.002)
    assert claims["cardiac_enlargement"].presence == ("present" if number.value > 0.5 else "absent")
    step = number.value - (earlier or 0)
    course = "stable" if abs(step) < STABLE else "larger" if step > 0 else "smaller"
    assert claims["cardiothoracic_ratio"].change == course
    for region in case.reference.regions:
        mask = decode_mask(Path(region.mask or "").read_bytes())
        assert mask.shape == study.images[0].pixels.shape
        x0, y0, x1, y1 = (int(part) for part in region.box)
        assert mask.sum() == mask[y0:y1, x0:x1].sum() > 0
    stamp = Path(case.paths[0]).stat().st_mtime_ns
    assert cases_of((Source(phantoms=asked),), tmp_path) == (case,)
    assert Path(case.paths[0]).stat().st_mtime_ns == stamp


def test_cohorts_are_the_same_for_one_seed_and_others_for_another():
    first, again, other = ([drawn(Phantoms(n=30, seed=seed), number) for number in range(30)] for seed in (1, 1, 2))
    assert first == again != other
    ill = [phantom for phantom, _ in first if phantom.effusion or phantom.nodule or phantom.consolidation]
    assert 5 < len(ill) < 25
    assert any(phantom.cardiothoracic_ratio > 0.5 for phantom, _ in first)


def test_a_disease_is_claimed_on_its_side_and_the_others_are_denied():
    asked = Phantoms(n=40, seed=1)
    phantom = next(one for one, _ in (drawn(asked, number) for number in range(40)) if one.effusion)
    claims = {claim.observation: claim for claim in truth_of(make_chest(phantom))}
    assert phantom.effusion is not None
    assert claims["pleural_effusion"].laterality == phantom.effusion.side
    assert claims["pleural_effusion"].severity in ("mild", "moderate", "severe")
    assert {claims[name].presence for name in ("nodule", "pneumothorax", "consolidation")} == {"absent"}


def test_content_is_the_bytes_whatever_the_files_are_called(tmp_path: Path):
    for name, content in (("a.dcm", b"1"), ("b.dcm", b"1"), ("c.dcm", b"2")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (content_of(Case(id=x, subject="", paths=(str(tmp_path / f"{x}.dcm"),))) for x in "abc")
    assert a == b != c
