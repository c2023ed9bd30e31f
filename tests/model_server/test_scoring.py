"""The scoring route: who gets in, what it answers when something is wrong, and the simulator's limits."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from readingroom.errors import InputRefused, NotServed, ReadingRoomError, Unavailable
from readingroom.model_server.limits import Limits
from readingroom.tools.backends.protocol import Embedded
from tests.model_server.asking import KEY, Drawn, ask_all, grey, png, rows, score, settings

TEXT = rows(["text"], ["x-ray chest"])


@pytest.mark.parametrize("sent", [None, "Bearer wrong", f"Basic {KEY}", KEY, "Bearer ", f"Bearer {KEY}x", "Bearer é"])
def test_without_the_key_there_is_no_answer(sent: str | None) -> None:
    headers = {"Authorization": (sent or "").encode("latin-1")} if sent is not None else {"Authorization": b""}
    answer = score(settings(), TEXT, headers=headers)
    assert answer.status_code == 401
    assert KEY not in answer.text


def test_either_key_opens_an_endpoint() -> None:
    told = settings()
    for key in (told.key, told.secondary_key):
        headers = {"Authorization": f"bearer {key.get_secret_value()}"}
        assert score(told, TEXT, headers=headers).status_code == 200


def test_in_token_mode_the_keys_open_nothing() -> None:
    told = settings(auth_mode="AADToken")
    assert score(told, TEXT).status_code == 401
    headers = {"Authorization": f"Bearer {told.access_token.get_secret_value()}"}
    assert score(told, TEXT, headers=headers).status_code == 200


def test_paths_name_the_endpoint() -> None:
    both = settings("medimageinsight", "gigapath")
    assert score(both, TEXT, path="/medimageinsight/score").status_code == 200
    assert score(both, TEXT, path="/MedImageInsight/score").status_code == 200
    assert score(both, TEXT, path="/score").status_code == 404  # which of the two is not said
    assert score(both, TEXT, path="/cxrreportgen/score").status_code == 404
    assert score(both, TEXT, path="/nothing/here").status_code == 404


def test_a_deployment_may_be_named() -> None:
    answer = score(settings(deployment="blue"), TEXT, headers={"azureml-model-deployment": "blue"})
    assert (answer.status_code, answer.headers["azureml-model-deployment"]) == (200, "blue")
    assert score(settings(), TEXT, headers={"azureml-model-deployment": "green"}).status_code == 404


def test_other_methods_are_refused() -> None:
    assert ask_all(settings(), lambda client: client.get("/score")).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not json", b"[]", b"{}", b'{"input_data": 3}', b"[" * 100_000,
        b'{"input_data": {"columns": ["image"], "data": [["x"]]}}',
        b'{"input_data": {"columns": ["image"], "data": [["AAAA"]]}}',
        b'{"input_data": {"columns": ["image"], "data": [[3]]}}',
        b'{"input_data": {"columns": ["zzz"], "data": [["x"]]}}',
        b'{"input_data": {"columns": ["image", "text"], "index": [0], "data": [[null, null]]}}',
        b'{"input_data": {"columns": ["text"], "index": [0, 1], "data": [["x"]]}}',
        b'{"input_data": {"columns": ["text"], "data": [["x", "y"]]}}',
        json.dumps(rows(["text"], *[["x"]] * 1025)).encode(),
        json.dumps(rows(["text"], ["x"], params={"get_scaling_factor": "perhaps"})).encode(),
    ],
)  # fmt: skip
def test_input_that_is_wrong_is_the_senders_fault(body: bytes) -> None:
    answer = score(settings(), body)
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "400"
    assert answer.headers["ms-azureml-model-error-reason"]
    assert "Traceback" not in answer.text


def test_an_error_quotes_nothing_that_was_sent() -> None:
    canary = "SMITH^JOHN"
    for body in (
        rows([canary], ["x"]), rows(["image"], [canary]), rows(["text"], ["x"], params={"get_scaling_factor": canary}),
        canary.encode(), rows(["image", "text"], ["AAAA", canary]),
    ):  # fmt: skip
        answer = score(settings(), body)
        assert answer.status_code == 424
        assert canary not in answer.text + str(answer.headers)


class Failing(Drawn):
    """Raises what it is told to when a text is embedded."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def embed_texts(self, texts: tuple[str, ...]) -> tuple[object, ...]:  # type: ignore[override]
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotServed("no"), "400"),
        (InputRefused("no"), "400"),
        (Unavailable("down"), "500"),
        (ReadingRoomError("x"), "500"),
    ],
)
def test_whose_fault_it_was_is_in_the_headers(error: Exception, status: str) -> None:
    answer = score(settings(), TEXT, open_backend=lambda: Failing(error))
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == status


def test_a_bug_shows_neither_trace_nor_content(caplog: pytest.LogCaptureFixture) -> None:
    told = settings()
    answer = score(told, rows(["text"], ["x-ray of JOHN SMITH"]), open_backend=lambda: Failing(KeyError("JOHN SMITH")))
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "500"
    assert "SMITH" not in answer.text
    assert "Traceback" not in answer.text
    assert "SMITH" not in caplog.text
    assert "KeyError" in caplog.text


def test_the_log_holds_sizes_and_no_content(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "readingroom")
    score(settings(), rows(["text"], ["SMITH^JOHN"]))
    assert "medimageinsight 200" in caplog.text
    assert "SMITH" not in caplog.text
    assert KEY not in caplog.text


def test_a_body_above_the_cap_is_refused() -> None:
    answer = score(settings(body_bytes=1000), rows(["text"], ["x" * 2000]))
    assert answer.status_code == 413


def many(client: httpx.AsyncClient, count: int, body: object = TEXT) -> object:
    """`count` requests at once."""
    return asyncio.gather(*(client.post("/score", json=body) for _ in range(count)))


def test_more_in_flight_than_the_rule_allows_are_refused() -> None:
    told = settings(limits=Limits(instances=2, concurrency=3, latency=0.05), answers="canned")
    answers = ask_all(told, lambda client: many(client, 20))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 12 + [429] * 8
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "too many pending requests" in refused.text
    assert "retry-after" not in refused.headers


def test_after_a_storm_all_slots_are_free_again() -> None:
    told = settings(limits=Limits(instances=1, concurrency=2, latency=0.01, faults=0.3), answers="canned")

    async def storms(client: httpx.AsyncClient) -> list[int]:
        for _ in range(3):
            await many(client, 9)
        return [answer.status_code for answer in await many(client, 4)]

    assert set(ask_all(told, storms)) <= {200, 500, 503}


def test_above_the_rate_the_answer_is_429_too() -> None:
    told = settings(limits=Limits(concurrency=100, requests_per_second=5), answers="canned")
    answers = ask_all(told, lambda client: many(client, 8))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 3
    assert any("rate" in answer.text for answer in answers)


class Counting(Drawn):
    """Counts how many requests are in service at once."""

    now = most = 0

    async def embed_texts(self, texts: tuple[str, ...]) -> tuple[Embedded, ...]:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return await super().embed_texts(texts)


def test_no_more_are_in_service_than_there_are_slots() -> None:
    backend = Counting()
    told = settings(limits=Limits(instances=2, concurrency=2))
    answers = ask_all(told, lambda client: many(client, 8), lambda: backend)
    assert {answer.status_code for answer in answers} == {200}
    assert backend.most == 4


def test_service_takes_its_time() -> None:
    told = settings(limits=Limits(instances=2, concurrency=2, latency=0.05), answers="canned")

    async def timed(client: httpx.AsyncClient) -> float:
        began = time.perf_counter()
        await many(client, 8)
        return time.perf_counter() - began

    assert ask_all(told, timed) >= 0.1  # two rounds of four


def test_bandwidth_delays_and_tells_by_how_much() -> None:
    told = settings(limits=Limits(bandwidth=200_000), answers="canned")
    answer = score(told, rows(["text"], ["x" * 10_000]))
    assert answer.status_code == 200
    assert 45 <= int(answer.headers["ms-azureml-bandwidth-request-delay-ms"]) <= 60
    size = len(answer.content)
    assert int(answer.headers["ms-azureml-bandwidth-response-delay-ms"]) == pytest.approx(size / 200, abs=2)


def test_scoring_past_the_timeout_is_408() -> None:
    told = settings(limits=Limits(latency=0.2, timeout=0.02), answers="canned")
    assert score(told, TEXT).status_code == 408


def test_faults_come_before_the_model_is_reached() -> None:
    answer = score(settings(limits=Limits(faults=1.0)), b"not even json")
    assert answer.status_code in (500, 503)
    assert "ms-azureml-model-error-statuscode" not in answer.headers


def test_an_instance_that_starts_is_not_the_senders_fault() -> None:
    answer = score(settings(limits=Limits(start_delay=60)), TEXT)
    assert answer.status_code == 424
    assert answer.headers["ms-azureml-model-error-statuscode"] == "503"


def test_pixels_are_not_looked_at_for_canned_answers() -> None:
    answer = score(settings(answers="canned"), rows(["image"], [png(grey(seed=1))], [png(grey(seed=2))]))
    one, other = (row["image_features"][0] for row in answer.json())
    assert one != other
    assert sum(value * value for value in one) == pytest.approx(1, abs=0.01)
