"""Runs tab with what really stands there: a cohort that was run, and an experiment with its own page."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="needs readingroom[cohort]")

from readingroom.cohorts.cohort import run_cohort
from readingroom.experiments.experiment import parse_experiment
from readingroom.experiments.results import Results
from readingroom.experiments.running import run_experiment
from readingroom.experiments.view import write_view
from readingroom.settings import load_settings
from tests.cohorts.quick import REPORT, Place, films
from tests.web.browser.conftest import Visit
from tests.web.entering import API, Page

EXPERIMENT = """
name: one film
cases: {phantoms: {n: 1, seed: 3}}
templates: [chest_xray]
writers: {template: {}}
tools: {all: {planner: fixed, workflow: chest_xray_report}}
checks: [mark]
"""


@pytest.fixture(scope="module")
def filled(house: Page, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The house with a cohort of two films and one that is broken, and an experiment of one case."""
    folder = tmp_path_factory.mktemp("work")
    films(folder / "films", 2)
    (folder / "films" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    home = house.front.settings.home

    def made() -> None:
        place = Place(folder)
        asyncio.run(run_cohort(place.room, place.films, REPORT, home / "cohorts" / "three"))
        experiment = parse_experiment(EXPERIMENT, "e.yaml", Path())
        settings = load_settings(home=folder / "home2", config=folder / "config")
        out = home / "experiments" / "one"
        asyncio.run(run_experiment(experiment, settings, out, lambda progress: None))
        write_view(Results(out))

    with ThreadPoolExecutor(1) as pool:  # a loop of its own: the browser's is running in this thread
        pool.submit(made).result()
    return house


def test_a_cohort_and_an_experiment_are_told_and_opened(visit: Visit, filled: Page) -> None:
    page = visit("/#tab=runs")
    cohort = page.locator(".cohort", has_text="three")
    cohort.wait_for()
    assert "2 of 3 done, 1 failed" in cohort.inner_text()
    assert cohort.locator("progress").evaluate("(e) => e.value") == 1
    experiment = page.locator(".experiment", has_text="one film")
    assert "3 of 3 cells" in experiment.inner_text()
    with page.context.expect_page() as coming:
        experiment.get_by_role("link").click()
    view = coming.value
    view.wait_for_load_state()
    assert view.url.endswith("/experiments/one/view")
    assert "one film" in view.locator("h1").inner_text()
    assert view.evaluate("document.querySelectorAll('table, svg').length") > 0
    assert view.evaluate("origin") == "null", "an origin of its own"
    asked = view.evaluate(
        "(url) => fetch(url, { credentials: 'include' }).then((answer) => answer.status, () => 'refused')",
        f"{filled.base}{API}/studies",
    )
    assert asked == "refused"
    view.close()


def test_guests_see_none_of_it(filled: Page) -> None:
    with filled.another(filled.owner.post(f"{API}/invitations").json()["url"]) as guest:
        assert guest.owner.get(f"{API}/cohorts").json() == []
        assert guest.owner.get(f"{API}/experiments").json() == []
        assert guest.owner.get(f"{API}/experiments/one/view").status_code == 404
