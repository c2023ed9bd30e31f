"""Planted names, numbers and keys: none of them in any request, log, error, run or report, at any log level.

The server keeps every byte that arrives. Where it fails, it hands back all that it was sent, as careless servers do.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import json
import logging
import struct
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from readingroom.errors import ReadingRoomError
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.room import ReadingRoom
from tests.tools.backends.foundation.blob_server import parse, report

KEY = "Kcanary7f31Secret"
NAME, GIVEN, NUMBER, BORN = "Zzyzxcanary", "Quetzalina", "QQ98765432177", "19470309"
PLACE = "Xanthippehospital"
WORDS = "Haemoptysis."
PATIENT = (NAME, GIVEN, NUMBER, BORN, PLACE)
TEXT_TAGS = (
    "OtherPatientIDs", "InstitutionName", "InstitutionAddress", "ReferringPhysicianName", "StationName",
    "AccessionNumber", "OperatorsName", "StudyID", "DeviceSerialNumber", "PatientComments", "ImageComments",
    "PatientAddress", "PerformingPhysicianName", "StudyDescription", "SeriesDescription", "ProtocolName",
    "RequestingPhysician", "PatientMotherBirthName", "OtherPatientNames", "IssuerOfPatientID", "AdmissionID",
    "InstitutionalDepartmentName", "NameOfPhysiciansReadingStudy", "AcquisitionComments",
)  # fmt: skip


@dataclass
class Wire:
    """What the server does, and every request that it got: line, headers, body."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


def insight(row: dict[str, str | None], said: list[str]) -> dict[str, object]:
    vector = np.random.default_rng(len(row.get("text") or "")).normal(size=1024)
    told = (vector / np.linalg.norm(vector)).tolist()
    image = {"image_features": [told]} if row.get("image") else {}
    return {**image, **({"text_features": told} if row.get("text") else {}), "scaling_factor": 4.5}


ANSWERS = {"parse": parse, "report": report, "insight": insight}


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            wire.seen.append((self.path, dict(self.headers), body))
            if wire.status == 200 and not wire.reply:
                asked = json.loads(body)["input_data"]
                rows = [dict(zip(asked["columns"], cells, strict=True)) for cells in asked["data"]]
                answer = ANSWERS[self.path.split("/")[1]]
                content = json.dumps([answer(row, []) for row in rows]).encode()
            else:
                content = (wire.reply + self.headers["Authorization"]).encode() + body
            self.send_response(wire.status, f"no {self.headers['Authorization']}")
            told = {name: f"{value} {self.headers['Authorization']}" for name, value in wire.headers.items()}
            for name, value in {"Content-Length": str(len(content)), **told}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            return None

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture
def wire() -> Iterator[Wire]:
    found = Wire()
    server = Server(("127.0.0.1", 0), _handler(found))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chest film with the canaries in every header field that takes a text, in a sequence, and in private fields."""
    path = write_chest(make_chest(ChestPhantom(spacing_mm=1.0)), tmp_path_factory.mktemp(f"{NAME}-folder"))
    data = pydicom.dcmread(path)
    for keyword in TEXT_TAGS:
        setattr(
            data, keyword, f"{NAME} {PLACE}"[: 16 if keyword in ("StationName", "AccessionNumber", "StudyID") else 60]
        )
    data.PatientName, data.PatientID, data.PatientBirthDate = f"{NAME}^{GIVEN}", NUMBER, BORN
    item = Dataset()
    item.PatientName, item.PatientID = f"{NAME}^{GIVEN}", NUMBER
    data.ReferencedPatientSequence = Sequence([item])
    data.private_block(0x0011, "CANARY", create=True).add_new(0x01, "LO", f"{NAME} {NUMBER}")
    renamed = path.with_name(f"{NAME}_{NUMBER}.dcm")
    data.save_as(renamed)
    return renamed


@pytest.fixture(autouse=True)
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger writes, from level 1 up, with tracebacks."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(pathname)s %(message)s %(args)s"))
    handler.setLevel(1)
    before = root.level
    named = {
        name: logger.level for name, logger in root.manager.loggerDict.items() if isinstance(logger, logging.Logger)
    }
    root.addHandler(handler)
    for logger in (root, *(logging.getLogger(name) for name in named)):
        logger.setLevel(1)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)
    for name, level in named.items():
        logging.getLogger(name).setLevel(level)


def room_at(wire: Wire, home: Path, deadline: float = 20, backend: str = "endpoint,classical") -> ReadingRoom:
    def at(path: str) -> dict[str, object]:
        return {"address": f"{wire.url}/{path}/score", "key": KEY, "deadline": deadline}

    endpoints = {"cxrreportgen": at("report"), "medimageparse": at("parse"), "medimageinsight": at("insight")}
    return ReadingRoom(home=home / "home", config=home / "config", backend=backend, endpoints=endpoints)


def hidden_in(content: bytes, *secrets: str) -> list[str]:
    """Secrets that are there in any case, percent-encoded, in UTF-16, in hexadecimal, or in base64 at any offset."""
    low, found = content.lower(), []
    for secret in secrets:
        raw = secret.encode()
        spelled = [
            raw.lower(),
            quote(secret).lower().encode(),
            secret.lower().encode("utf-16-le"),
            binascii.hexlify(raw),
        ]
        coded = [base64.b64encode(b"\0" * pad + raw)[(0, 4, 4)[pad] : -4] for pad in range(3)]
        if any(one in low for one in spelled) or any(one in content for one in coded):
            found.append(secret)
    return found


def pictures_in(body: bytes) -> list[bytes]:
    cells = [cell for row in json.loads(body)["input_data"]["data"] for cell in row if isinstance(cell, str)]
    decoded = []
    for cell in cells:
        with contextlib.suppress(binascii.Error, ValueError):
            decoded.append(base64.b64decode(cell, validate=True))
    return [one for one in decoded if one.startswith(b"\x89PNG")]


def chunks_of(png: bytes) -> set[str]:
    at, names = 8, set()
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        names.add(png[at + 4 : at + 8].decode("latin-1"))
        at += 12 + size
    return names


def kept_in(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def chain_of(error: BaseException) -> str:
    return "".join(traceback.TracebackException.from_exception(error).format()) + repr(error) + str(vars(error))


def test_the_search_finds_what_is_hidden():
    """A canary test that cannot see its canary proves nothing."""
    for hidden in (
        NAME.upper().encode(), base64.b64encode(f"x{NAME}y".encode()), base64.b64encode(f"xx {NAME}!".encode()),
        base64.b64encode(NAME.encode() * 2), NAME.lower().encode("utf-16-le"), binascii.hexlify(NAME.encode()),
    ):  # fmt: skip
        assert hidden_in(b"before " + hidden + b" after", NAME) == [NAME]
    assert hidden_in(b"nothing here", NAME, KEY) == []


def test_no_request_holds_the_patient_and_only_its_bearer_holds_the_key(wire, film, tmp_path):
    room = room_at(wire, tmp_path)
    words = f"Cough since 09.03.1947, {NAME} {GIVEN} {NUMBER}."
    room.draft_sync(film, indication=words, prior_report=f"Patient: {NAME}^{GIVEN}. No nodule.")
    room.wait_for(room.embed(film))
    room.wait_for(room.classify(film, ("chest film", "brain")))
    assert {path.split("/")[1] for path, _, _ in wire.seen} == {"report", "parse", "insight"}
    for path, headers, body in wire.seen:
        bearer = headers.pop("Authorization")
        assert bearer == f"Bearer {KEY}"
        sent = path.encode() + json.dumps(headers).encode() + body
        assert not hidden_in(sent, *PATIENT, KEY, film.stem, "09.03.1947")
        for picture in pictures_in(body):
            assert not hidden_in(picture, *PATIENT, KEY)
            assert chunks_of(picture) <= {"IHDR", "IDAT", "IEND"}
    assert sum(len(pictures_in(body)) for _, _, body in wire.seen) >= 3


def test_no_log_at_any_level_holds_a_patient_a_key_or_a_text(wire, film, tmp_path, logged, capfd):
    room = room_at(wire, tmp_path)
    room.draft_sync(film, indication=f"{WORDS} {NAME}.")
    room.wait_for(room.embed(film))
    told = logged.getvalue()
    assert "sha256" in told
    printed = capfd.readouterr()
    for text in (told, printed.out, printed.err):
        assert not hidden_in(text.encode(), *PATIENT, KEY, WORDS, "upper lobe", "/report/score")


def test_nothing_kept_holds_a_patient_or_a_key(wire, film, tmp_path):
    room = room_at(wire, tmp_path)
    reading = room.draft_sync(film, indication=WORDS)
    room.wait_for(room.embed(film))
    reading.save(tmp_path / "home" / "written")
    kept = kept_in(tmp_path / "home")
    assert any(name.startswith("written") for name in kept)
    assert any(name.startswith("answers") for name in kept)
    for name, content in kept.items():
        assert not hidden_in(name.encode() + content, *PATIENT, KEY), name
    shown = " ".join((repr(reading.study.images), reading.to_html(), reading.to_markdown(), reading.to_json()))
    assert not hidden_in(shown.encode(), *PATIENT, KEY)


def test_no_shape_of_the_settings_tells_the_key(wire, tmp_path):
    room = room_at(wire, tmp_path)
    settings = room.settings
    shapes = (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump()), repr(vars(room)))
    assert not hidden_in(" ".join(shapes).encode(), KEY)
    assert "**********" in shapes[0]


FAILURES = {
    "bad request": Wire(400),
    "not authorised": Wire(401),
    "forbidden": Wire(403),
    "gone": Wire(404),
    "redirected": Wire(307, {"Location": "http://127.0.0.1:9/score"}),
    "too many": Wire(429, {"Retry-After": "soon"}),
    "the model refuses": Wire(
        424, {"ms-azureml-model-error-statuscode": "400", "ms-azureml-model-error-reason": "bad"}
    ),
    "the model fails": Wire(424, {"ms-azureml-model-error-reason": "broken"}),
    "broken": Wire(500),
    "no JSON": Wire(200, {}, "<html>"),
    "another JSON": Wire(200, {}, '[{"output": "x"}] '),
    "longer than told": Wire(200, {"Content-Encoding": "gzip"}, "x"),
}

DRAFTED = {"not authorised", "redirected", "the model refuses", "no JSON"}
"""Failures under which a whole draft is tried too, and not an embedding alone."""


@pytest.mark.parametrize("name", FAILURES)
def test_no_failure_tells_the_key_the_patient_or_what_was_answered(name, wire, film, tmp_path, logged):
    wire.status, wire.headers, wire.reply = FAILURES[name].status, FAILURES[name].headers, FAILURES[name].reply
    room = room_at(wire, tmp_path, deadline=1.0, backend="endpoint")
    told = []
    for asked in (lambda: room.wait_for(room.embed(film)), lambda: room.draft_sync(film, indication=WORDS)):
        if told and name not in DRAFTED:
            break
        try:
            asked()
        except ReadingRoomError as error:
            told.append(chain_of(error))
    assert wire.seen
    assert told
    secrets = (*PATIENT, KEY, "iVBORw0KGgo")
    assert not hidden_in(" ".join((*told, logged.getvalue())).encode(), *secrets, WORDS)
    assert not hidden_in(" ".join(repr(room.show(run.id)) for run in room.runs()).encode(), *secrets)
    for path, content in kept_in(tmp_path / "home").items():
        # where the sources of a run that can go on are is the one thing kept of them, for its owner's eyes alone
        private = path.startswith("unfinished/") and (tmp_path / "home" / path).stat().st_mode & 0o077 == 0
        assert not hidden_in(content, *(() if private else PATIENT), KEY), path


def test_a_key_that_no_header_can_hold_is_not_told(wire, film, tmp_path):
    broken = f"{KEY}\r\nX-Injected: 1"
    endpoints = {"cxrreportgen": {"address": f"{wire.url}/report/score", "key": broken, "deadline": 1}}
    room = ReadingRoom(home=tmp_path / "h", config=tmp_path / "c", backend="endpoint", endpoints=endpoints)
    with pytest.raises(ReadingRoomError) as refused:
        room.draft_sync(film)
    assert not wire.seen
    assert not hidden_in(chain_of(refused.value).encode(), KEY, *PATIENT)
