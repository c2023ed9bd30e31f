"""HTTP/2 where it is offered: many requests on one connection, and hpack's log, which writes bearers, kept out."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import h2.config
import h2.connection
import h2.events

from readingroom.tools.backends.endpoint.quiet import quiet
from tests.tools.backends.endpoint.asking import decode, endpoint, expected, texts
from tests.tools.backends.endpoint.published_stub import KEY, Call, echo
from tests.tools.backends.endpoint.tls import self_signed
from tests.tools.backends.endpoint.virtual_time import run


class Http2Stub:
    """Answers each stream after a second of service."""

    def __init__(self):
        self.connections = 0
        self.calls = []
        self.most = self.open = 0

    async def serve(self, reader, writer):
        """Its own decoding is kept out of the log too, in its own task: only what the client writes counts."""
        self.connections += 1
        with quiet():
            await self._served(reader, writer)

    async def _served(self, reader, writer):
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        writer.write(state.data_to_send())
        heads, bodies, tasks = {}, {}, set()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        heads[event.stream_id], bodies[event.stream_id] = dict(event.headers), b""
                    elif isinstance(event, h2.events.DataReceived):
                        bodies[event.stream_id] += event.data
                        state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamEnded):
                        head, body = heads.pop(event.stream_id), bodies.pop(event.stream_id)
                        call = Call(head[":method"], head[":path"], head, body, asyncio.get_running_loop().time())
                        tasks.add(asyncio.create_task(self.answer(state, writer, event.stream_id, call)))
                writer.write(state.data_to_send())
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()

    async def answer(self, state, writer, stream, call):
        self.calls.append(call)
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(1)
        self.open -= 1
        state.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
        state.send_data(stream, echo(call).body, end_stream=True)
        writer.write(state.data_to_send())


def test_requests_share_connections_and_the_bearer_is_in_no_log(tmp_path, monkeypatch, caplog):
    context, pem = self_signed(tmp_path, ("h2", "http/1.1"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    stub = Http2Stub()

    async def main():
        server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, ssl=context)
        point = endpoint(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/score")
        assert await point.score(texts("first"), decode) == expected("first")
        for name in ("", *list(logging.root.manager.loggerDict)):
            caplog.set_level(logging.DEBUG, logger=name or None)
        rows = await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(60)))
        assert rows == [expected(str(number)) for number in range(60)]
        await point.aclose()
        await asyncio.sleep(1)
        server.close()
        await server.wait_closed()

    run(main())
    assert stub.most >= 8
    assert stub.connections <= 3
    assert all(call.bearer == KEY for call in stub.calls)
    assert KEY not in caplog.text
    assert not [record for record in caplog.records if record.name.split(".")[0] in ("hpack", "httpcore", "h2")]
