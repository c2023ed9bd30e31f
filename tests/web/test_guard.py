"""What stands in front of everything: hosts, origins, the header, the cookie, and the headers on every answer."""

from __future__ import annotations

import re

import httpx
import pytest

from readingroom.web.guard import names_of
from readingroom.web.headers import POLICY
from readingroom.web.openapi import document
from tests.web.entering import API, OWN, client

ROUTES = [(method.upper(), path) for path, methods in document()["paths"].items() for method in methods]
UNSAFE = [(method, path) for method, path in ROUTES if method != "GET"]


def filled(path: str) -> str:
    return API + re.sub(r"\{\w+\}", "x-1", path)


def assert_guarded(answer: httpx.Response) -> None:
    headers = answer.headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"
    assert not [name for name in headers if name.startswith("access-control")]
    assert "server" not in headers


def test_the_policy_lets_nothing_inline_and_nothing_from_elsewhere():
    directives = dict(part.strip().partition(" ")[::2] for part in POLICY.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["img-src"] == "'self' blob:"
    assert directives["frame-ancestors"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_has_the_headers_and_asks_who_it_is(page, method, path):
    with client(page.base) as stranger:
        answer = stranger.request(method, filled(path))
    assert answer.status_code == 401, path
    assert answer.json()["kind"] == "NotEntered"
    assert answer.headers["cache-control"] == "no-store"
    assert_guarded(answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/page/../../cli.py", 404),
        ("GET", "/..%2f..%2fcli.py", 404),
        ("GET", "/app.py", 404),
        ("POST", "/", 405),
        ("PUT", f"{API}/studies", 405),
        ("OPTIONS", f"{API}/studies", 405),
        ("TRACE", f"{API}/studies", 405),
        ("GET", f"{API}/studies/none", 404),
        ("GET", "/enter?token=wrong", 401),
        ("GET", f"{API}/openapi.json", 200),
        ("HEAD", f"{API}/session", 200),
    ],
)
def test_errors_have_the_headers_too(page, method, path, status):
    answer = page.owner.request(method, path)
    assert answer.status_code == status
    assert_guarded(answer)


def test_a_fault_of_ours_is_told_in_one_line_with_the_headers(page, study, monkeypatch, caplog):
    def broken(*given):
        raise ZeroDivisionError("Zzyzxcanary")

    monkeypatch.setattr(page.front.house.studies, "image", broken)
    with page.another(page.front.link()) as again:  # whose connection the server closes after a fault
        answer = again.owner.get(f"{API}/studies/{study['id']}/images/img-1/pixels")
    assert answer.status_code == 500
    assert answer.json() == {"error": "a fault of this program (ZeroDivisionError)", "kind": "Fault"}
    assert "Zzyzxcanary" not in caplog.text
    assert_guarded(answer)


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:{port}", "localhost.evil.com:{port}", "127.0.0.1:1", "127.0.0.1",
     "127.0.0.1:{port}.evil.com",
     "[::1", "", "user@127.0.0.1:{port}", "127.0.0.1:{port}, evil.com", "2130706433:{port}", "0.0.0.0:{port}"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/enter?token=x", f"{API}/session"])
def test_a_rebound_name_is_refused(page, host, path):
    port = page.base.rpartition(":")[2]
    answer = page.owner.get(path, headers={"Host": host.format(port=port)})
    assert answer.status_code in (400, 421)
    if answer.status_code == 421:  # what is no host at all the HTTP parser refuses
        assert_guarded(answer)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_loopback_names_with_the_port_are_answered(page, name):
    port = page.base.rpartition(":")[2]
    assert page.owner.get(f"{API}/session", headers={"Host": f"{name}:{port}"}).status_code == 200


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Readingroom": ""},
    ],
    ids=str,
)
def test_what_changes_something_comes_from_our_page_alone(page, method, path, headers):
    answer = page.owner.request(method, filled(path), headers=headers)
    assert answer.status_code == 403
    assert answer.json()["kind"] == "Refused"
    assert_guarded(answer)


def test_reading_across_sites_is_refused_too(page):
    for headers in ({"Origin": "http://evil.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert page.owner.get(f"{API}/runs", headers=headers).status_code == 403


def test_another_page_may_link_here_and_no_more(page):
    """Else any page could use up the tries that an address has at the door."""
    for kind in ("image", "iframe", "script", "empty"):
        told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": kind}
        assert page.owner.get("/enter?token=wrong", headers=told).status_code == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    assert page.owner.get("/enter?token=wrong", headers=followed).status_code == 401


def test_our_own_page_is_let_in(page):
    told = {"Origin": page.base, "Sec-Fetch-Site": "same-origin"}
    assert page.owner.post(f"{API}/invitations", headers=told).status_code == 201


def test_names_of_a_server_that_others_reach():
    names = names_of(8765, remote=True, given=("Reading.Example",))
    assert "reading.example" in names.hosts
    assert "https://reading.example" in names.origins
    assert "evil.com:8765" not in names.hosts
    assert not [origin for origin in names_of(8765, remote=False).origins if origin.startswith("https")]


def test_a_get_needs_no_header(page):
    bare = dict.fromkeys(OWN, "")
    assert page.owner.get(f"{API}/session", headers=bare).status_code == 200
