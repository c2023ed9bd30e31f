"""Charts: the same bytes every time, numbers where they belong, and no text of the data that could run or format."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import cv2
import numpy as np
import pytest

from readingroom.exports.chart import Chart, Series, ranges, ticks_of, whole_ticks
from readingroom.exports.curves import Ranked, calibration_chart, map_chart, roc_chart, score_chart, time_chart
from readingroom.exports.html import policy
from readingroom.exports.plots import to_png
from readingroom.exports.plots_page import Page, Picture, Strip, Table, page_html, page_markdown
from readingroom.exports.plots_svg import to_svg
from readingroom.learning.projection import principal
from tests.exports.hostile import PAYLOADS

CHANCE = np.random.default_rng(3)
VECTORS = CHANCE.normal(size=(40, 6))
TRUTH = np.arange(40) >= 25
SCORES = np.arange(40) + CHANCE.normal(0, 12, 40)
SUBJECTS = np.array([f"s{at}" for at in range(40)])
HOSTILE = "\n".join(PAYLOADS)


def charts(name: str = "ct") -> tuple[Chart, ...]:
    periods = [(f"2024-{at:02}", 0.001 if at == 5 else 0.3, at == 5, f"{name} {at}") for at in range(1, 8)]
    return (
        map_chart(principal(VECTORS), VECTORS, [name] * 20 + ["mr"] * 20, [name] * 40, "Map"),
        score_chart(SCORES.tolist(), [(name, 60.0, 0.02)], 50.0),
        time_chart([*periods, ("2024-08", None, False, "not tested")], 0.01, 0.001),
        roc_chart([Ranked(name, TRUTH, SCORES, SUBJECTS)]),
        calibration_chart(TRUTH, (np.arange(40) + 0.5) / 40),
    )


def test_pngs_are_pictures_and_the_same_bytes_every_time() -> None:
    for chart in charts("$x_1$ <b>")[2:4]:
        png = to_png(chart)
        picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
        assert min(picture.shape[:2]) > 600
        assert picture.std() > 5
        assert b"Software" not in png
        assert to_png(chart) == png


def test_svgs_are_xml_without_style_or_script_and_every_mark_is_there() -> None:
    for chart in charts(HOSTILE):
        root = ET.fromstring(str(to_svg(chart)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert names <= {"svg", "g", "path", "text"}
        assert not any(name == "style" or name.startswith("on") for one in root.iter() for name in one.attrib)
        points = [one for one in root.iter() if one.get("class") == "point"]
        assert len(points) == sum(len(one.x) for one in chart.series if one.kind == "points")


def test_marks_stand_where_their_numbers_say() -> None:
    chart = Chart("c", "t", "x", "y", (Series("s", "points", (0.0, 10.0), (5.0, 6.0)),), "told",
                  x_range=(0.0, 10.0), y_range=(5.0, 6.0))  # fmt: skip
    found = re.findall(r'class="point" d="M(-?[\d.]+) ([\d.]+)a4', to_svg(chart))
    (x0, y0), (x1, y1) = [(float(x) + 4, float(y)) for x, y in found]
    assert (x0, x1) == (64.0, 744.0)  # left margin to right margin of 760
    assert (y0, y1) == (362.0, 12.0)  # above the axis' words to the top of 420


def test_an_interval_that_a_rounding_error_puts_beyond_its_share_is_drawn() -> None:
    seen = Series("s", "points", (0.5,), (1.0,), low=(0.8,), high=(1.0 - 1e-16,))
    beyond = Series("t", "points", (0.5,), (0.0,), low=(1e-16,), high=(0.2,))
    assert to_png(Chart("c", "t", "x", "y", (seen, beyond), "told")).startswith(b"\x89PNG")


def test_ticks_are_round() -> None:
    assert [text for _, text in ticks_of((0.0, 1.0))] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [text for _, text in ticks_of((-3.0, 47.0))] == ["0", "10", "20", "30", "40"]
    assert ticks_of((0.0, 1.0), ((0.5, "half"), (2.0, "out"))) == ((0.5, "half"),)


def test_an_axis_that_counts_has_no_half_item() -> None:
    for most in (1.05, 2.1, 3.15, 47.0, 1200.0):
        told = whole_ticks((0.0, most))
        assert len(told) >= 2
        assert all(text == str(round(at)) for at, text in told)


def test_axes_hold_all_that_is_drawn() -> None:
    for chart in charts():
        (left, right), (low, high) = ranges(chart)
        for one in chart.series:
            assert all(left <= x <= right for x in one.x)
            assert all(low <= y <= high for y in (*one.y, *one.low, *one.high))


def test_time_chart_puts_the_alarm_above_the_line() -> None:
    (chart,) = (one for one in charts() if one.name == "drift")
    by_name = {one.name: one for one in chart.series}
    (line,) = by_name["alarm at p 0.01"].y
    assert by_name["alarm"].y == (3.0,)
    assert max(by_name["no alarm"].y) < line == 2.0
    assert len(by_name["no alarm"].x) == 6  # the untested window has no mark


def test_roc_chart_tells_area_interval_and_numbers() -> None:
    (chart,) = (one for one in charts() if one.name == "roc")
    assert re.search(r"ct: area 0\.\d\d \(95 % interval 0\.\d\d-[01]\.\d\d; 40 images of 40 patients\)", chart.told)
    assert (chart.series[0].x[0], chart.series[0].y[0]) == (0.0, 0.0)
    assert (chart.series[0].x[-1], chart.series[0].y[-1]) == (1.0, 1.0)


def test_a_map_of_many_groups_keeps_the_largest_by_name() -> None:
    groups = [f"g{at % 9}" for at in range(40)]
    chart = map_chart(principal(VECTORS), VECTORS, groups, groups, "Map")
    assert [one.name for one in chart.series] == ["g0 (5)", "g1 (5)", "g2 (5)", "g3 (5)", "g4 (4)", "other (16)"]
    assert sum(len(one.x) for one in chart.series) == 40


def hostile_page() -> Page:
    picture = Strip(HOSTILE, (Picture(b"\x89PNG", HOSTILE),))
    table = Table(HOSTILE, (HOSTILE,), ((HOSTILE,),), frozenset({0}))
    return Page(HOSTILE, HOSTILE, True, charts(HOSTILE), (table,), (picture,), (HOSTILE,))


def test_a_page_allows_its_own_style_and_script_alone() -> None:
    html = page_html(hostile_page())
    assert html.count("<script>") == html.count("<style>") == 1
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert style
    assert script
    assert policy(style[1], script[1]) in html.replace("&#39;", "'")
    for payload in PAYLOADS:
        if "<" in payload:
            assert payload not in html
    assert page_html(hostile_page()) == html


def test_markdown_of_hostile_words_makes_no_markup() -> None:
    markdown = pytest.importorskip("markdown_it")
    html = markdown.MarkdownIt("commonmark").enable("table").render(page_markdown(hostile_page()))
    assert not re.search(r"<(?!/?(?:p|h1|h2|ul|li|strong|blockquote|table|thead|tbody|tr|th|td|img|em)\b)[a-z]", html)
    assert html.count("<img") == 5


def test_principal_components_agree_with_scikit_learn() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    wanted = decomposition.PCA(2, svd_solver="full").fit(VECTORS)
    found = principal(VECTORS)
    assert found.shares == pytest.approx(wanted.explained_variance_ratio_)
    assert np.abs(found.of(VECTORS)) == pytest.approx(np.abs(wanted.transform(VECTORS)))
    assert (np.take_along_axis(found.directions, np.abs(found.directions).argmax(1)[:, None], 1) > 0).all()


def test_a_table_without_rows_is_not_shown() -> None:
    empty, full = Table("Flagged", ("study",), ()), Table("Fields", ("field",), (("age",),))
    page = Page("Outliers", "0 of 3", False, (), (empty, full), (), ("by vectors",))
    for text in (page_markdown(page), page_html(page)):
        assert "Flagged" not in text
        assert "Fields" in text
