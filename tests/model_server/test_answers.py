"""What the served models answer: every flavour of request, every answer read back by our own decoder."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from readingroom.model_server.limits import Limits
from readingroom.tools.contracts.ask import Ask, Cell
from readingroom.tools.contracts.cxrreportgen import decode_report
from readingroom.tools.contracts.gigapath import decode_tiles
from readingroom.tools.contracts.gigatime import decode_markers
from readingroom.tools.contracts.medimageinsight import decode_insight
from readingroom.tools.contracts.medimageparse import decode_parse
from readingroom.tools.contracts.medimageparse3d import decode_parse3d
from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId
from tests.model_server.asking import Drawn, grey, png, rows, score, settings
from tests.tools.contracts.samples import picture, volume

IMAGE = png(grey())


def insight(*, told: Any = None, **how: Any) -> Any:
    """One row of image and text over the baseline."""
    answer = score(settings(), told or rows(["image", "text"], [IMAGE, "x-ray chest"]), **how)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_insight_answers_in_the_recorded_form() -> None:
    (row,) = insight()
    assert set(row) == {"image_features", "text_features", "scaling_factor"}
    assert np.shape(row["image_features"]) == (1, 1024)
    assert np.shape(row["text_features"]) == (1024,)
    assert np.linalg.norm(row["image_features"]) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(row["text_features"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("absent", [None, ""])
def test_absent_cells_in_both_flavours(absent: str | None) -> None:
    told = insight(told=rows(["image", "text"], [IMAGE, absent], [absent, "x-ray chest"]))
    assert [set(row) for row in told] == [
        {"image_features", "scaling_factor"},
        {"text_features", "scaling_factor"},
    ]


@pytest.mark.parametrize("params", [{}, None, "ignored", {"get_scaling_factor": "True"}, {"get_scaling_factor": True}])
def test_params_in_every_flavour(params: Any) -> None:
    assert "scaling_factor" in insight(told=rows(["text"], ["x-ray chest"], params=params))[0]


def test_params_may_be_missing_and_the_factor_declined() -> None:
    assert "scaling_factor" in insight(told=rows(["text"], ["x-ray chest"]))[0]
    for no in (False, "False", "false"):
        declined = rows(["text"], ["x-ray chest"], params={"get_scaling_factor": no})
        assert "scaling_factor" not in insight(told=declined)[0]


def test_base64_with_line_breaks_and_columns_in_any_order() -> None:
    lines = base64.encodebytes(base64.b64decode(IMAGE)).decode()
    assert "\n" in lines.strip()
    assert insight(told=rows(["text", "image"], ["x-ray chest", lines])) == insight()


def test_rows_are_answered_in_their_order() -> None:
    texts = [f"x-ray chest {n}" for n in range(5)]
    together = insight(told=rows(["text"], *[[text] for text in texts]))
    assert together == [insight(told=rows(["text"], [text]))[0] for text in texts]


def test_jpeg_colour_and_grey_are_read() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    jpeg = base64.b64encode(cv2.imencode(".jpg", pixels)[1].tobytes()).decode()
    alike = np.repeat(grey()[..., None], 3, axis=2)
    told = insight(told=rows(["image"], [jpeg], [png(alike)], [IMAGE]))
    assert told[1]["image_features"] == told[2]["image_features"]  # three equal channels are grey
    assert told[0]["image_features"] != told[1]["image_features"]


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7 not an image", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"\xff\xd8\xff\xe0 broken", b"\0" * 100,
     base64.b64decode(IMAGE)[:200], b"<html>no</html>", b"RIFF1234WEBP"],
)  # fmt: skip
def test_what_is_no_picture_is_the_senders_fault(content: bytes) -> None:
    body = rows(["image", "text"], [base64.b64encode(content).decode(), "lung"])
    for model in ("medimageinsight", "medimageparse"):
        answer = score(settings(model), body)
        assert answer.status_code == 424
        assert answer.headers["ms-azureml-model-error-statuscode"] == "400"


def test_a_bomb_of_pixels_is_refused_before_it_is_decoded() -> None:
    head = bytearray(cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes())
    head[16:24] = (60_000).to_bytes(4, "big") * 2  # width and height of the header; its checksum no longer fits
    answer = score(settings(), rows(["image"], [base64.b64encode(bytes(head)).decode()]))
    assert answer.status_code == 424


def exchange(model: ModelId, answers: str) -> tuple[Ask, httpx.Response]:
    """A request of two rows of our own contract, sent as our own client sends it."""
    pictures: tuple[Cell, ...] = tuple(picture(seed, columns=44, rows=33) for seed in (1, 2))
    volumes: tuple[Cell, ...] = tuple(volume(seed, columns=9, rows=8, depth=7) for seed in (1, 2))
    asked = {
        "medimageinsight": Ask(model, ("image", "text"), tuple((one, "x-ray chest") for one in pictures)),
        "medimageparse": Ask(model, ("image", "text"), tuple((one, "lung & heart") for one in pictures)),
        "medimageparse3d": Ask(model, ("image", "text"), tuple((one, "liver & lung") for one in volumes)),
        "cxrreportgen": Ask(model, ("frontal_image", "indication"), tuple((one, "cough") for one in pictures)),
        "gigapath": Ask(model, ("image",), tuple((one,) for one in pictures)),
        "gigatime": Ask(model, ("image",), tuple((one,) for one in pictures)),
    }[model]
    return asked, score(settings(model, answers=answers, limits=Limits()), asked.body(), open_backend=Drawn)


DECODERS = {
    "medimageinsight": decode_insight,
    "medimageparse": decode_parse,
    "medimageparse3d": decode_parse3d,
    "cxrreportgen": decode_report,
    "gigapath": decode_tiles,
    "gigatime": decode_markers,
}


@pytest.mark.parametrize("answers", ["baseline", "canned"])
@pytest.mark.parametrize("model", MODEL_IDS)
def test_every_answer_keeps_the_contract(model: ModelId, answers: str) -> None:
    asked, answer = exchange(model, answers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert len(DECODERS[model](answer.json(), asked)) == 2
