"""The table says what is wrong in words, and nothing in it can act on a terminal."""

from __future__ import annotations

from rich.console import Console

from readingroom.conformance.found import Checked, Conformance, Latency, Limits, Mark
from readingroom.conformance.table import print_table


def one(name: str, verdict: Mark, found: str) -> Checked:
    return Checked(id=name, asked="a film", expected="length 1", found=found, verdict=verdict, milliseconds=12.4)


FOUND = Conformance(
    model="medimageinsight", host="host.test", passed=False, variants=("one object a row", "one object"),
    checks=(one("reachable", "pass", "200"), one("vector.norm", "fail", "lengths from 3.0 \x1b[31m"),
            one("scaling_factor", "warn", "missing"), one("tls", "skipped", "plain HTTP")),
    latency=Latency(calls=8, first=1.5, median=0.25, p95=0.5, request_bytes=126_000, answer_bytes=21_000),
    limits=Limits(admitted=12, refused_at=16),
)  # fmt: skip


def printed(found: Conformance, width: int = 200) -> str:
    console = Console(width=width, highlight=False, color_system=None)
    with console.capture() as held:
        print_table(console, found)
    return held.get()


def test_what_is_wrong_is_told_with_what_was_asked_and_expected() -> None:
    text = printed(FOUND)
    assert "✗ fail" in text
    assert "lengths from 3.0" in text
    assert text.count("asked: a film; expected: length 1") == 2
    assert "\x1b" not in text


def test_the_summary_names_forms_times_limits_and_the_verdict() -> None:
    text = printed(FOUND)
    assert "medimageinsight at host.test" in text
    assert "Answer forms met: one object a row; one object." in text
    assert "8 calls, one at a time: median 250 ms, p95 500 ms; the first call took 1500 ms" in text
    assert "Admission: 12 calls at once; a 429 came at 16 (no Retry-After)." in text
    assert "Does not conform: 1 pass, 1 warn, 1 fail, 1 skipped." in text


def test_an_endpoint_that_passed() -> None:
    good = FOUND.model_copy(update={"passed": True, "checks": FOUND.checks[:1], "limits": None, "latency": None})
    assert printed(good).rstrip().endswith("Conforms: 1 pass.")


def test_it_comes_back_from_its_json() -> None:
    assert Conformance.model_validate_json(FOUND.model_dump_json()) == FOUND
