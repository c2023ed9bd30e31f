"""The ways by which a text from outside comes in: headers, notes, names, tools' answers, and a model's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
from pydicom import config

from readingroom.domain.request import Request
from tests.answering import Asked, Told, answering, rows_of
from tests.tools.backends.foundation.blob_server import KEY, parse

HEADER = {
    "patient_name": "PatientName", "study_description": "StudyDescription", "series_description": "SeriesDescription",
    "image_comments": "ImageComments", "protocol_name": "ProtocolName", "private_tag": "",
}  # fmt: skip
NOTES = ("indication", "technique", "prior_report")
NAMES = ("file_name", "folder_name")
TOOLS = ("tool_sentence", "tool_category", "tool_error")
CHANNELS = (*HEADER, *NOTES, *NAMES, "question", *TOOLS, "own_turn")

QUESTION = "How large is the heart?"
SAID = ("The heart is enlarged.", "No pleural effusion.")
"""What the stub of CXRReportGen says of every film."""


def film(source: Path, folder: Path, channel: str, text: str) -> Path:
    """The study's file or folder with the text where the channel has it."""
    folder.mkdir(parents=True)
    if channel == "file_name":
        path = folder / f"{named(text)}.dcm"
        path.write_bytes(source.read_bytes())
        return path
    if channel == "folder_name":
        inside = folder / named(text)
        inside.mkdir()
        (inside / "film.dcm").write_bytes(source.read_bytes())
        (inside / f"{named(text)[:60]}.txt").write_text(text, encoding="utf-8")
        return inside
    if channel not in HEADER:
        return source
    data = pydicom.dcmread(source)
    with _unchecked():
        if HEADER[channel]:
            setattr(data, HEADER[channel], text)
        else:
            block = data.private_block(0x0009, "READINGROOM TEST", create=True)
            block.add_new(0x01, "LT", text)
        data.save_as(folder / "film.dcm")
    if channel != "series_description":
        return folder / "film.dcm"
    data.SeriesInstanceUID, data.SOPInstanceUID = "1.2.3.4.5", "1.2.3.4.6"  # two series: a note tells of the choice
    with _unchecked():
        data.save_as(folder / "second.dcm")
    return folder


@contextmanager
def _unchecked() -> Iterator[None]:
    """What the standard forbids is written as it is."""
    before = config.settings.writing_validation_mode
    config.settings.writing_validation_mode = config.IGNORE
    try:
        yield
    finally:
        config.settings.writing_validation_mode = before


def named(text: str) -> str:
    """As much of it as a name of a file may be."""
    kept = re.sub(r"[/\x00]", "_", text).encode("utf-8", "replace")[:180].decode("utf-8", "ignore")
    return kept.strip(".") or "_"


def request(channel: str, text: str) -> Request:
    words = {name: text if channel == name else None for name in NOTES}
    return Request(**words, question=text if channel == "question" else QUESTION)


@contextmanager
def endpoints() -> Iterator[tuple[int, Callable[[str, str], None]]]:
    """Stubs of CXRReportGen and MedImageParse on one port, and what sets the channel and text that they answer with."""
    now = {"channel": "", "text": ""}

    def answer(asked: Asked) -> Told:
        channel, text = now["channel"], now["text"]
        report = "report" in asked.path
        if channel == "tool_error" and report:
            reason = re.sub(r"[^\x20-\x7e]", " ", text)[:900]
            told = {"ms-azureml-model-error-statuscode": "400", "ms-azureml-model-error-reason": reason}
            return Told({"error": {"code": text[:80], "message": text}}, 424, told)
        rows = rows_of(asked.body)
        return Told([_told(channel, text) if report else _outlined(row, channel, text) for row in rows])

    with answering(answer) as url:
        yield int(url.rpartition(":")[2]), lambda channel, text: now.update(channel=channel, text=text)


def _told(channel: str, text: str) -> dict[str, Any]:
    said = (*SAID, text, f"{SAID[0]} {text}") if channel == "tool_sentence" else SAID
    return {"output": json.dumps([[sentence, None] for sentence in said])}


def _outlined(row: dict[str, str], channel: str, text: str) -> dict[str, Any]:
    found = parse(row, [])
    if channel == "tool_category":
        found["text_features"] = [text] * len(found["text_features"])
    return found


def of_endpoint(port: int, path: str) -> dict[str, Any]:
    return {"address": f"http://127.0.0.1:{port}/{path}/score", "key": KEY, "deadline": 20}
