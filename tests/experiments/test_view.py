"""The page of an experiment: all of it in one file, worst first, bounded, and no text of a draft can act."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from readingroom.domain.report import Report
from readingroom.experiments.results import Results
from readingroom.experiments.view import view_html, write_view
from tests.experiments.shown import ERROR, WRONG, Change, written
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.page import Page


def data_of(html: str) -> dict[str, Any]:
    start = html.index('id="data">') + len('id="data">')
    found: dict[str, Any] = json.loads(html[start : html.index("</script>", start)])
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    return written(tmp_path_factory.mktemp("shown") / "out")


@pytest.fixture(scope="module")
def html(results: Results) -> str:
    return view_html(results)


def test_the_page_is_one_file_that_asks_for_nothing(html: str):
    page = Page(html)
    policy = next(one.attributes["content"] for one in page.elements if "http-equiv" in one.attributes)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert [one for one in page.with_attribute("src") if one.tag != "img"] == []
    assert [one.attributes["href"] for one in page.with_attribute("href") if one.attributes["href"][:1] != "#"] == []
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")


def test_it_is_written_beside_the_results(results: Results):
    path = write_view(results)
    assert path == results.folder / "view.html"
    assert path.read_text() == view_html(results)


def test_figures_are_there_with_failures_and_without(html: str, results: Results):
    data = data_of(html)
    place = [one["name"] for one in data["metrics"]].index("completed")
    included, without = data["arms"][0]["figures"][str(place)]
    assert (round(included[0], 3), without[0]) == (0.667, 1.0)
    assert data["arms"][0]["failed"] == 1
    (against,) = data["against"]
    assert (against["arm"], against["base"]) == (1, 0)
    row = dict(zip(("difference", "low", "high", "p", "p_holm", "detectable", "cases", "patients", "why"),
                   against["rows"][str(place)][0], strict=True))  # fmt: skip
    assert row["difference"] == pytest.approx(1 / 3, abs=1e-3)
    assert row["patients"] == 3


def test_a_case_has_its_pictures_drafts_and_who_says_what_is_wrong(html: str):
    data = data_of(html)
    case = next(one for one in data["cases"] if one["id"] == "case 0")
    assert [len(picture["outlines"]) > 0 for picture in case["pictures"]] == [True, True, True]
    assert all(picture["url"].startswith("data:image/png;base64,") for picture in case["pictures"])
    assert [one["label"] for one in case["pictures"][0]["outlines"] if one["truth"]] == ["reference: heart"]
    wrong = [line for line in case["lines"] if line.get("wrong")]
    assert {line["text"] for line in wrong} == {WRONG}
    assert {line.get("verdict", "") for line in wrong} == {"", "unsupported"}
    names = [case["proofs"][place]["id"] for place in wrong[0]["proofs"]]
    assert names == ["E2"]
    assert case["reference"]["claims"] == ["cardiac enlargement", "no pleural effusion"]
    classes = [data["classes"][place] for place in case["drafts"][0]["classes"]]
    assert "wrong sentence, unmarked" in classes


def test_evidence_that_arms_share_is_there_once(html: str):
    case = data_of(html)["cases"][0]
    ids = [proof["id"] for proof in case["proofs"]]
    assert len(ids) == len(set(ids)) == 8


def test_a_failed_draft_tells_its_error(html: str):
    case = next(one for one in data_of(html)["cases"] if one["id"] == "case 2")
    assert [draft["error"] for draft in case["drafts"]] == [ERROR, ""]
    assert case["told"][0]["said"] == []


def test_a_page_that_would_be_too_large_keeps_the_worst_cases_and_says_so(html: str, results: Results):
    largest = len(html.encode()) - 1000
    small = view_html(results, largest)
    assert len(small.encode()) <= largest
    cases = data_of(small)["cases"]
    assert ["told" in case for case in cases] == [True, True, False]
    assert len(cases[2]["drafts"]) == 2  # its figures are still there
    assert "the 2 worst of 3 cases are here" in Page(small).words
    assert "worst of" not in Page(html).words


def test_cases_that_do_not_even_fit_by_their_counts_are_told_of(html: str, results: Results):
    room = len(html.encode()) - sum(len(json.dumps(case, separators=(",", ":"))) for case in data_of(html)["cases"])
    small = view_html(results, room + 200)
    assert data_of(small)["cases"] == []
    assert "the 0 worst of 3 cases" in Page(small).words
    assert "3 more are in the figures of the arms alone" in Page(small).words


def test_the_worst_regression_comes_first(html: str):
    """Unmarked wrong sentences: none of the failed draft and one of its arm would be worse than the rest."""
    data = data_of(html)
    assert sorted(case["id"] for case in data["cases"]) == ["case 0", "case 1", "case 2"]
    assert data["cases"][-1]["id"] == "case 0"  # there the check made it better


def test_pictures_that_are_gone_leave_their_outlines(tmp_path: Path):
    results = written(tmp_path / "out", cases=1)
    (tmp_path / "out" / "prior.png").unlink()
    (case,) = data_of(view_html(results))["cases"]
    assert [picture["caption"][:28] for picture in case["pictures"]] == ["The image is not at hand: on"] * 3
    assert case["pictures"][0]["outlines"]


def poison(payload: str) -> Change:
    """Every text and id poisoned, but for the digests by which pictures and masks are found."""

    def change(report: Report) -> Report:
        bad = poisoned(report, payload)
        images = tuple(
            new.model_copy(update={"sha256": old.sha256}) for new, old in zip(bad.images, report.images, strict=True)
        )
        digests = {old.mask_digest + payload: old.mask_digest for item in report.evidence for old in item.regions
                   if old.mask_digest}  # fmt: skip
        evidence = tuple(
            item.model_copy(update={"regions": tuple(
                one.model_copy(update={"mask_digest": digests.get(one.mask_digest or "")}) for one in item.regions
            )}) for item in bad.evidence
        )  # fmt: skip
        return bad.model_copy(update={"images": images, "evidence": evidence})

    return change


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> str:
    """All payloads at once, in every text of drafts, cases and references."""
    payload = " ".join(PAYLOADS)
    return view_html(written(tmp_path_factory.mktemp("hostile") / "out", poison(payload), words=payload))


def test_no_text_of_a_draft_changes_the_page(hostile: str, html: str):
    assert Page(hostile).structure == Page(html).structure
    assert "\u202e" not in hostile
    assert "window.pwned" in data_of(hostile)["cases"][0]["lines"][0]["text"]


def test_a_case_without_a_report_has_its_bare_pictures(tmp_path: Path):
    results = written(tmp_path / "out", cases=1)
    for planned in results.matrix().cells:
        results.put(results.get(planned.cell).model_copy(update={"report": None, "answer": "B", "error": ""}))
    (case,) = data_of(view_html(results))["cases"]
    assert [picture["url"][:22] for picture in case["pictures"]] == ["data:image/png;base64,"] * 3
    assert [one["truth"] for one in case["pictures"][0]["outlines"]] == [True]
