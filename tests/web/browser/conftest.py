"""A server with the demonstration study and a draft of it, and a real browser that has entered it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.entering import API, OWN, Page, opened

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
window.seen = new Set();
new MutationObserver(() => {
  for (const step of document.querySelectorAll(".step")) window.seen.add(step.className.split("s-")[1]);
}).observe(document, { subtree: true, childList: true });
"""
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
QUIET = "net::ERR_INTERNET_DISCONNECTED"
"""What the browser says where a test itself took the network away; a test may expect another complaint."""

EMPTY = "/mark.svg"
"""Something of the server that is no page: unlike about:blank it leaves the process as it is. It has no icon."""

Visit = Callable[..., Any]


@dataclass(frozen=True)
class Read:
    """A study that was read: its ids."""

    study: str
    chat: str
    run: str

    def address(self, tab: str = "report") -> str:
        return f"/#study={self.study}&chat={self.chat}&run={self.run}&tab={tab}"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(scope="session")
def demo(house: Page) -> str:
    """The demonstration study, by its id."""
    return str(house.owner.post(f"{API}/studies/demo", headers=OWN).json()["id"])


@pytest.fixture(scope="session")
def draft(house: Page, demo: str) -> Callable[[], Read]:
    """Makes a chat with a draft of its own; the study is read once."""

    def make() -> Read:
        begun = house.owner.post(f"{API}/drafts", json={"study": demo, "words": {"indication": "Dyspnoea."}}).json()
        house.until_ended(begun["chat"], begun["number"])
        turns = house.owner.get(f"{API}/chats/{begun['chat']}").json()["turns"]
        return Read(demo, begun["chat"], turns[-1]["report_run"])

    return make


@pytest.fixture(scope="session")
def read(draft: Callable[[], Read]) -> Read:
    """A draft of which no test saves a version."""
    return draft()


@pytest.fixture(scope="session")
def other(draft: Callable[[], Read]) -> Read:
    """A draft of which one test saves a version."""
    return draft()


HELD = ExitStack()
TABS: dict[str, Tab] = {}
BROWSERS: list[Any] = []


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """The browser is closed when a test of another folder follows: as long as it is open an event loop runs, in which
    other tests could run none."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        TABS.clear()
        BROWSERS.clear()
        HELD.close()


@pytest.fixture
def browser() -> Any:
    """One for all tests of this folder that follow each other."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")
    if not BROWSERS:
        driver = HELD.enter_context(playwright.sync_playwright())
        BROWSERS.append(driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS))
        HELD.callback(BROWSERS[0].close)
    return BROWSERS[0]


@dataclass
class Tab:
    """One context of the browser with a page that its tests take up one after the other: a new one costs a second."""

    context: Any
    house: Page
    said: list[str] = field(default_factory=list)
    """What pages complained of, and what they asked of other servers."""
    expected: str = QUIET

    def __post_init__(self) -> None:
        self.context.add_init_script(WATCH)
        self.context.on(
            "request", lambda asked: None if _own(asked.url, self.house.base) else self.said.append(asked.url)
        )
        self.kept = self.new()

    def new(self) -> Any:
        page = self.context.new_page()
        page.on("console", lambda told: self._heard(told.text, told.location["url"]))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda box: box.accept() if box.type == "beforeunload" else self.said.append("dialog"))
        page.set_default_timeout(10_000)
        return page

    def _heard(self, text: str, place: str) -> None:
        if QUIET not in text and self.expected not in text and not place.endswith("/favicon.ico"):
            self.said.append(text)

    def begin(self) -> None:
        """As if nobody had been here."""
        self.said.clear()
        self.expected = QUIET
        self.context.clear_cookies()
        host = urlsplit(self.house.base).hostname
        self.context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"}
                                  for name, value in self.house.owner.cookies.items()])  # fmt: skip
        self.kept.set_viewport_size(WIDE)
        self.kept.emulate_media(color_scheme="dark", reduced_motion="reduce")

    def end(self) -> None:
        """Other pages closed, and what this one keeps thrown away."""
        for page in self.context.pages:
            if page is not self.kept:
                page.close()
        self.context.set_offline(False)
        self.kept.unroute_all()
        self.kept.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.kept.goto(EMPTY)


def tab_of(browser: Any, house: Page) -> Tab:
    """Of any server."""
    if house.base not in TABS:
        context = browser.new_context(base_url=house.base, accept_downloads=True)
        HELD.callback(context.close)
        TABS[house.base] = Tab(context, house)
    return TABS[house.base]


@pytest.fixture
def tab(browser: Any, house: Page) -> Tab:
    return tab_of(browser, house)


@pytest.fixture
def visit(tab: Tab) -> Iterator[Visit]:
    """Opens a page of the server; at the end nothing may have complained, run, or left the origin."""
    tab.begin()
    pages: list[Any] = []

    def open_page(address: str = "/", *, expected: str = QUIET, **size: Any) -> Any:
        page = tab.new() if pages else tab.kept
        pages.append(page)
        tab.expected = expected
        if size:
            page.set_viewport_size(size)
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    held = [page.evaluate("[window.violations, window.pwned]") for page in pages if not page.is_closed()]
    said = list(tab.said)
    tab.end()
    assert all(one == [[], None] for one in held)
    assert said == []


def until(page: Any, expression: str, seconds: float = 10) -> None:
    """Until an expression holds in the page; the page's policy forbids Playwright's own way, which evaluates."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(30)


def _own(url: str, base: str) -> bool:
    return url.startswith((f"{base}/", f"blob:{base}/"))
