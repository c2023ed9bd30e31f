"""Language models that fail over real HTTP: each row F18 to F26 of the fault matrix, and what is never told."""

import asyncio
import io
import json
import logging
import socket
import traceback
from urllib.parse import urlsplit

import pytest

pytest.importorskip("semantic_kernel", reason="needs readingroom[agent]")
pytest.importorskip("openai", reason="needs readingroom[agent]")

from readingroom.agents import kernel_wire
from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import Message, Offer, ToolCall
from readingroom.agents.conversation import converse
from readingroom.agents.kernel import KernelFunctions
from readingroom.agents.offers import ToolFunctions
from readingroom.domain.value import Value
from readingroom.errors import BadRequest, EgressRefused, ModelFailed, NotAuthorised
from readingroom.tools.backends.endpoint.credentials import Renewed, Token
from tests.agents.chat_stub import Answer, Stub, chat, completion, cut, refusal, sse, stub
from tests.agents.reading_bench import DELIMITER, SYSTEM, bench_at
from tests.tools.backends.endpoint.tls import self_signed

SAID = (Message(role="system", text=SYSTEM), Message(role="user", text="How large is the heart?"))
OFFER = Offer(name="look", description="Look.", parameters={"type": "object", "properties": {}, "required": []})


def turn(*script, told=None, waits=None, keys=frozenset(), **config):
    """One turn against a server that answers by the script; the turn and the server's calls."""

    async def main():
        async with stub(*script, keys=keys) as server:
            model = chat(server, waits, **config)
            tell = None if told is None else told.append
            try:
                return await model.turn(SAID, (OFFER,), tell=tell), server.calls
            finally:
                await model.aclose()

    return asyncio.run(main())


def failed(error, *script, **given):
    with pytest.raises(error) as raised:
        turn(*script, **given)
    return raised.value


def asked(tmp_path, *script, form=None, history=SAID):
    """A whole conversation over semantic-kernel's functions; the outcome and the server's calls."""

    async def main():
        async with stub(*script) as server:
            model, functions = chat(server), KernelFunctions(ToolFunctions(bench_at(tmp_path)))
            try:
                done = await converse(model, functions, history, Budget(), delimiter=DELIMITER, form=form)
                return done, [json.loads(call.body) for call in server.calls]
            finally:
                await model.aclose()

    return asyncio.run(main())


SEGMENT = ("segment", '{"image": "img-1", "targets": ["heart"]}')


@pytest.mark.parametrize("call", [("delete", "{}"), ("segment", "{"), ("segment", '{"image": "/etc/passwd"}')])
def test_f18_f19_a_wrong_call_is_told_and_the_model_recovers(tmp_path, call):
    outcome, bodies = asked(tmp_path, completion(None, call), completion(None, SEGMENT), completion("Large."))
    assert (outcome.text, outcome.evidence) == ("Large.", ("segment-1.1",))
    assert '"error"' in bodies[1]["messages"][-1]["content"]
    assert bodies[1]["messages"][-2]["tool_calls"][0]["id"] == bodies[1]["messages"][-1]["tool_call_id"]


def test_f20_the_same_call_is_not_made_twice(tmp_path):
    outcome, _ = asked(tmp_path, *[completion(None, SEGMENT)] * 3)
    assert (outcome.stopped, outcome.evidence) == ("loop", ("segment-1.1",))


@pytest.mark.parametrize(
    "bad",
    [
        completion(""),
        completion(None),
        completion(None, refusal="I cannot help with that."),
        completion("half a sen", finish="length"),
        completion(None, ("segment", '{"image": "im'), finish="length"),
    ],
)
def test_f22_an_unusable_answer_is_asked_for_once_more_and_then_fails(tmp_path, bad):
    outcome, bodies = asked(tmp_path / "a", bad, completion("Large."))
    assert outcome.text == "Large."
    assert len(bodies) == 2
    with pytest.raises(ModelFailed, match="twice"):
        asked(tmp_path / "b", bad, bad, completion("too late"))


class Size(Value):
    """How large."""

    ratio: float
    sure: bool = False


def test_f22_a_form_is_asked_for_strictly_and_read_strictly(tmp_path):
    outcome, bodies = asked(
        tmp_path, completion('{"ratio": "0.5"}'), completion('{"ratio": 0.5, "sure": true}'), form=Size
    )
    assert outcome.value == Size(ratio=0.5, sure=True)
    wanted = bodies[0]["response_format"]["json_schema"]
    assert wanted["strict"] is True
    assert wanted["schema"]["required"] == ["ratio", "sure"]
    assert wanted["schema"]["additionalProperties"] is False
    assert "ratio" in bodies[1]["messages"][-1]["content"]


FILTERED = (
    refusal(400, "content_filter"),
    completion("", finish="content_filter"),
    sse({"content": "x"}, finish="content_filter"),
)


@pytest.mark.parametrize("bad", FILTERED[:2])
def test_f23_a_content_filter_is_met_once_with_less_and_then_fails(tmp_path, bad):
    note = Message(role="user", text=f"Note:\n<{DELIMITER}>\nblood\n</{DELIMITER}>")
    outcome, bodies = asked(tmp_path / "a", bad, completion("Large."), history=(*SAID, note))
    assert "blood" in bodies[0]["messages"][-1]["content"]
    assert "blood" not in json.dumps(bodies[1])
    assert any("content filter" in one for one in outcome.notes)
    with pytest.raises(ModelFailed, match="content filter"):
        asked(tmp_path / "b", bad, bad, history=(*SAID, note))


def test_f23_a_filter_that_stops_a_stream_is_seen():
    assert turn(FILTERED[2], told=[])[0].finish == "filter"


def test_f23_a_filter_that_did_not_run_is_noted():
    body = json.loads(completion("Large.").body)
    body["choices"][0]["content_filter_results"] = {"error": {"code": "content_filter_error", "message": "x"}}
    found, _ = turn(Answer(body=json.dumps(body).encode()))
    assert (found.text, found.notes) == ("Large.", ("the content filter did not run",))


CALL = {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"a'}}]}
REST = {"tool_calls": [{"index": 0, "function": {"arguments": '": 1}'}}]}
BROKEN = {
    "text, connection closed": cut({"content": "Lar"}),
    "call, connection closed": cut(CALL),
    "no end": sse({"content": "Lar"}, finish=None),
    "no JSON in a chunk": sse({"content": "Lar"}, finish=None, tail=b"data: {oops\n\n"),
    "an error in a chunk": sse({"content": "Lar"}, finish=None, tail=b'data: {"error": {"message": "x"}}\n\n'),
    "another thing in a chunk": sse({"content": "Lar"}, finish=None, tail=b"data: [1]\n\n"),
    "nothing": Answer(body=b"", headers={"Content-Type": "text/event-stream"}),
    "a page": Answer(body=b"<html>", headers={"Content-Type": "text/html"}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_f24_a_stream_that_is_cut_is_asked_again_once(name):
    told = []
    found, calls = turn(BROKEN[name], sse(CALL, REST, finish="tool_calls"), told=told)
    assert found.calls == (ToolCall(id="c1", name="look", arguments='{"a": 1}'),)
    assert found.text == ""
    assert "the stream was cut and asked again" in found.notes
    assert len(calls) == 2
    assert isinstance(failed(ModelFailed, BROKEN[name], BROKEN[name], told=[]), ModelFailed)


def test_f24_what_was_told_is_not_told_twice():
    told = []
    found, _ = turn(cut({"content": "The heart "}), sse({"content": "The "}, {"content": "heart is large."}), told=told)
    assert (found.text, "".join(told)) == ("The heart is large.", "The heart is large.")


def test_f24_another_answer_begins_on_a_line_of_its_own():
    told = []
    turn(cut({"content": "The heart "}), sse({"content": "A large "}, {"content": "heart."}), told=told)
    assert "".join(told) == "The heart \nA large heart."


def test_a_server_that_does_not_stream_is_understood():
    told = []
    answer = completion("Large.")
    found, calls = turn(Answer(body=answer.body, headers={"Content-Type": "application/json"}), told=told)
    assert (found.text, told, len(calls)) == ("Large.", ["Large."], 1)


def test_f26_a_key_that_is_refused_is_not_tried_again():
    async def main():
        async with stub(keys={"right"}) as server:
            model = chat(server, key="wrong-7f31")
            with pytest.raises(NotAuthorised) as error:
                await model.turn(SAID)
            await model.aclose()
            return error.value, len(server.calls)

    error, calls = asyncio.run(main())
    assert calls == 1
    assert "wrong-7f31" not in "".join(traceback.format_exception(error)) + str(vars(error))


@pytest.mark.parametrize("second", ["fresh", "stale2"])
def test_f26_a_token_that_has_ended_is_renewed_once(monkeypatch, second):
    tokens = iter(["stale", second, "never"])

    async def fetch():
        return Token(next(tokens))

    monkeypatch.setattr(kernel_wire, "entra", lambda scope, where: Renewed(fetch, where))

    async def main():
        async with stub(completion("Large."), keys={"fresh"}) as server:
            model = chat(server, provider="azure", address=server.url.replace("/score", ""))
            try:
                return await asyncio.gather(model.turn(SAID), return_exceptions=True), server.calls
            finally:
                await model.aclose()

    (found,), calls = asyncio.run(main())
    assert [call.bearer for call in calls] == ["stale", second]
    assert calls[0].target == "/openai/deployments/m/chat/completions?api-version=2024-10-21"
    assert found.text == "Large." if second == "fresh" else isinstance(found, NotAuthorised)


@pytest.mark.parametrize("told", [None, []])
def test_a_429_is_waited_out_as_told(told):
    waits = []
    answer = completion("Large.") if told is None else sse({"content": "Large."})
    found, calls = turn(refusal(429, "rate_limit", Retry_After="7"), answer, waits=waits, told=told)
    assert (found.text, found.retries, len(calls)) == ("Large.", 1, 2)
    assert 7 <= waits[0] <= 7.7


def test_a_429_that_asks_for_too_long_fails_at_once():
    waits = []
    assert "600 s" in str(failed(ModelFailed, refusal(429, "x", Retry_After="600"), waits=waits))
    assert waits == []


LOST = Answer(raw=lambda writer: asyncio.sleep(0))


@pytest.mark.parametrize(
    "bad",
    [refusal(500, "x"), refusal(503, "x"), refusal(429, "x"), LOST, Answer(body=b"{"), Answer(body=b'{"choices": []}')],
)
def test_what_may_pass_is_tried_again_a_bounded_number_of_times(bad):
    waits = []
    assert turn(bad, completion("Large."), waits=waits)[0].text == "Large."
    error = failed(ModelFailed, *[bad] * 4, completion("too late"), waits=waits)
    assert "4 requests failed" in str(error)
    assert len(waits) == 1 + 3


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (refusal(400, "context_length_exceeded"), ModelFailed, "context_length_exceeded"),
        (refusal(400, "Your text was: BLOOD"), ModelFailed, "(400)"),
        (refusal(403, "x"), NotAuthorised, "may not use"),
        (refusal(404, "model_not_found"), BadRequest, "nothing serves 'm'"),
        (Answer(307, b"", {"Location": "http://127.0.0.1:9/v1"}), EgressRefused, "redirect"),
    ],
)
def test_what_would_not_pass_is_said_at_once(answer, error, words):
    waits = []
    assert words in str(failed(error, answer, waits=waits))
    assert waits == []


def test_a_server_that_says_nothing_is_given_up():
    error = failed(ModelFailed, Answer(delay=60), deadline=0.1)
    assert "within 0.1 s" in str(error)


def test_an_answer_that_takes_too_long_is_told_as_a_timeout():
    error = failed(ModelFailed, *[Answer(delay=60)] * 4, timeout=0.05)
    assert "the last with no answer within 0.05 s. Try again later" in str(error)


def test_a_refused_connection_is_not_told_as_a_timeout():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    error = failed(ModelFailed, address=f"http://127.0.0.1:{port}/v1")
    assert "the last with a refused connection. Start the server there, or mend the address." in str(error)


def test_a_certificate_that_does_not_hold_ends_it_at_once(tmp_path):
    context, _ = self_signed(tmp_path)
    waits = []

    async def main():
        async with Stub(tls=context) as server:
            model = chat(server, waits, address=f"https://127.0.0.1:{urlsplit(server.url).port}/v1")
            try:
                await model.turn(SAID)
            finally:
                await model.aclose()

    with pytest.raises(EgressRefused, match="certificate does not hold, so nothing was sent"):
        asyncio.run(main())
    assert waits == []


def test_a_server_without_encryption_is_told_as_one():
    async def plain(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def main():
        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server, stub() as other:
            model = chat(other, address=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
            try:
                await model.turn(SAID)
            finally:
                await model.aclose()

    with pytest.raises(ModelFailed, match="no encrypted connection"):
        asyncio.run(main())


@pytest.mark.parametrize("address", ["http://models.example.org/v1", "ftp://127.0.0.1/v1", "https://u:p@example.org"])
def test_an_address_that_would_not_be_encrypted_is_refused(address):
    async def main():
        async with stub() as server:
            chat(server, address=address)

    with pytest.raises(BadRequest):
        asyncio.run(main())


def test_nothing_but_messages_leaves():
    found, calls = turn(completion("Large."), key="right", keys={"right"}, temperature=0, seed=3, longest=50)
    assert found.model == "m-2026-01-01"
    (call,) = calls
    assert set(call.headers) <= {
        "host", "accept", "accept-encoding", "content-type", "content-length", "user-agent", "authorization",
        "connection",
    }  # fmt: skip
    assert call.headers["user-agent"] == "readingroom"
    assert json.loads(call.body) == {
        "model": "m", "temperature": 0, "seed": 3, "max_tokens": 50,
        "tools": [{"type": "function", "function": OFFER.model_dump()}],
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "How large is the heart?"}],
    }  # fmt: skip


CANARY = "Zzyzxcanary"


@pytest.fixture
def logged():
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setLevel(1)
    names = [name for name, one in root.manager.loggerDict.items() if isinstance(one, logging.Logger)]
    levels = {name: logging.getLogger(name).level for name in (None, *names)}
    root.addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(1)
    yield stream
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_no_log_and_no_error_tells_words_arguments_or_keys(tmp_path, logged, capfd):
    """At level 1 of every logger, semantic-kernel's too, and with a server that hands back what it was sent."""

    def careless(call):
        return refusal(500, CANARY, call.body.decode() + call.bearer)

    async def main(behave, *script):
        async with stub(*script, behave=behave, keys={CANARY + "key"}) as server:
            model = chat(server, key=CANARY + "key")
            functions = KernelFunctions(ToolFunctions(bench_at(tmp_path)))
            said = (Message(role="user", text=CANARY),)
            try:
                return await converse(model, functions, said, Budget(), delimiter=DELIMITER)
            finally:
                await model.aclose()

    call = ("segment", json.dumps({"image": "img-1", "targets": [CANARY]}))
    assert asyncio.run(main(None, completion(None, call), completion(CANARY))).text == CANARY
    with pytest.raises(ModelFailed) as error:
        asyncio.run(main(careless))
    written = logged.getvalue() + "".join(capfd.readouterr())
    shown = "".join(traceback.format_exception(error.value)) + str(vars(error.value))
    assert "bytes leave" in written
    assert CANARY.lower() not in written.lower()
    assert CANARY not in shown
