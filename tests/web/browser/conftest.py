"""A server with the demonstration study and a draft of it, and a real browser that has entered it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
"""What the browser says where a test itself took the network away."""

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Closed with its module: as long as it is open an event loop runs, in which other tests could run none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Any, house: Page) -> Iterator[Visit]:
    """Opens a page of the server; at the end nothing may have complained, run, or left the origin."""
    context = browser.new_context(
        viewport=WIDE, color_scheme="dark", base_url=house.base, accept_downloads=True, reduced_motion="reduce"
    )
    host = urlsplit(house.base).hostname
    context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"}
                         for name, value in house.owner.cookies.items()])  # fmt: skip
    context.add_init_script(WATCH)
    said: list[str] = []
    context.on("request", lambda asked: None if _own(asked.url, house.base) else said.append(asked.url))
    pages: list[Any] = []

    def open_page(address: str = "/", **size: Any) -> Any:
        page = context.new_page()
        page.on("console", lambda told: None if QUIET in told.text else said.append(told.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept() if dialog.type == "beforeunload" else said.append("dialog"))
        page.set_default_timeout(10_000)
        if size:
            page.set_viewport_size(size)
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        if not page.is_closed():
            assert page.evaluate("[window.violations, window.pwned]") == [[], None]
    assert said == []
    context.close()


def until(page: Any, expression: str, seconds: float = 10) -> None:
    """Until an expression holds in the page; the page's policy forbids Playwright's own way, which evaluates."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(15)


def _own(url: str, base: str) -> bool:
    return url.startswith((f"{base}/", f"blob:{base}/"))
