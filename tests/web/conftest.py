"""One server of a home of its own, and who has entered it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from readingroom import demonstration
from readingroom.web.limits import PageLimits
from tests.chats import NAME, NUMBER, film
from tests.web.entering import Page, opened, upload


@pytest.fixture(scope="session", autouse=True)
def drawn_once() -> Iterator[None]:
    """The demonstration's films, whichever server is asked for them: equal phantoms are equal films."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(demonstration, "make_chest", cache(demonstration.make_chest))
        yield


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """A film and an earlier one of the same patient, by name and number in header and path."""
    folder = tmp_path_factory.mktemp("films")
    return film(folder, 1, NAME, NUMBER), film(folder, 2, NAME, NUMBER)


@pytest.fixture(scope="session")
def page(tmp_path_factory) -> Iterator[Page]:
    """The server, entered by the owner of its home."""
    with opened(tmp_path_factory.mktemp("page"), limits=PageLimits(wrong_tokens=10_000)) as found:
        yield found


@pytest.fixture(scope="session")
def guest(page) -> Iterator[Page]:
    """Another session at the same server."""
    with page.another(page.owner.post("/api/v1/invitations").json()["url"]) as found:
        yield found


@pytest.fixture(scope="session")
def study(page, films):
    """Of the owner: a film with its prior."""
    return upload(page.owner, current=films[0], prior=films[1]).json()


@pytest.fixture(scope="session")
def drafted(page, study):
    """A chat of the owner with a drafted report: its view."""
    begun = page.owner.post("/api/v1/drafts", json={"study": study["id"], "words": {"indication": "Dyspnoea."}}).json()
    page.until_ended(begun["chat"], begun["number"])
    return page.owner.get(f"/api/v1/chats/{begun['chat']}").json()


@pytest.fixture(scope="session")
def run(drafted):
    """The run of that report."""
    return drafted["turns"][-1]["report_run"]
