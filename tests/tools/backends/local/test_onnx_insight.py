"""MedImageInsight from ONNX: every layout that is read answers as the endpoint does, and every other one is refused."""

import asyncio
import threading

import numpy as np
import pytest

from readingroom.errors import BadFile, BadReply, InputRefused, NotServed, Unavailable
from readingroom.tools.backends.local import weights
from readingroom.tools.backends.local.onnx_insight import OnnxInsight
from readingroom.tools.backends.local.opening import open_local
from readingroom.tools.backends.local.pixels import INSIGHT_ID
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.medimageinsight import decode_insight
from tests.tools.backends.local.networks import (
    LOG,
    as_cleared,
    ask,
    expected_image,
    expected_text,
    phantom,
    scored,
    write_vocabulary,
)

pytest.importorskip("onnx", reason="the small networks are built with the onnx package")
from tests.tools.backends.local.onnx_files import (
    Drawing,
    both,
    image_tower,
    scale,
    string_tower,
    text_tower,
)

CHEST = [534, 343, 268, 517, 515, 535]
"""Tokens of "x-ray chest"."""


def alike(found, expected, tolerance=1e-4):
    assert found is not None
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert float(np.abs(found - expected).max()) < tolerance


def test_rows_of_an_image_a_text_or_both_answer_as_the_endpoint_does(tmp_path):
    both(tmp_path / "model.onnx")
    write_vocabulary(tmp_path)
    first, second = phantom(512, 512, seed=1), phantom(700, 500, seed=2)
    scorer = open_local("medimageinsight", tmp_path)
    rows = scored(scorer, [first, None, second], ["x-ray chest", "lung", None])
    alike(rows[0].image, expected_image(first))
    alike(rows[0].text, expected_text(CHEST))
    assert rows[1].image is None
    alike(rows[1].text, expected_text([534, 520, 535]))
    alike(rows[2].image, expected_image(second))
    assert rows[2].text is None
    assert [row.scaling for row in rows] == pytest.approx([LOG] * 3)
    assert {row.variant for row in rows[:1]} == {"one object a row, image_features nested, text_features flat"}


def test_the_answer_is_the_recorded_form_of_the_endpoint(tmp_path):
    both(tmp_path / "model.onnx")
    write_vocabulary(tmp_path)
    seen = []

    def keep(value, _):
        seen.append(value)
        return ()

    scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], ["lung"], decode=keep)
    row = seen[0][0]
    assert list(row) == ["image_features", "text_features", "scaling_factor"]
    assert (len(row["image_features"]), len(row["image_features"][0]), len(row["text_features"])) == (1, 1024, 1024)
    assert {type(number) for number in row["image_features"][0] + row["text_features"]} == {float}


LAYOUTS = {
    "half precision": {"kind": "float16", "out_kind": "float16"},
    "bytes": {"kind": "uint8"},
    "free size": {"side": "S"},
    "a size of 512": {"side": 512},
    "one vector deep": {"rank": 3},
    "other names": {"name": "pixel_values", "output": "visual_embeds"},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_of_the_image_gives_the_same_vector(tmp_path, layout):
    both(tmp_path / "model.onnx", **layout)
    shown = phantom(600, 512)
    (row,) = scored(open_local("medimageinsight", tmp_path), [shown], [None])
    side = layout.get("side", 480) if isinstance(layout.get("side", 480), int) else 480
    alike(row.image, expected_image(shown, side=side), 2e-3 if "out_kind" in layout else 1e-4)


@pytest.mark.parametrize("kind", ["int32", "int64"])
def test_a_mask_keeps_the_padding_out(tmp_path, kind):
    text_tower(image_tower(Drawing()), kind=kind, mask="attention_mask").save(tmp_path / "model.onnx")
    write_vocabulary(tmp_path)
    (row,) = scored(open_local("medimageinsight", tmp_path), [None], ["x-ray chest"])
    alike(row.text, expected_text(CHEST, masked=True))
    assert row.scaling is None


@pytest.mark.parametrize("shape", [["N"], ["N", 1]])
def test_a_file_with_its_own_tokenizer_is_given_the_text(tmp_path, shape):
    string_tower(image_tower(Drawing()), ["chest", "lung"], shape).save(tmp_path / "model.onnx")
    rows = scored(open_local("medimageinsight", tmp_path), [None, phantom(64, 64)], ["lung", "chest"])
    alike(rows[0].text, expected_text([2], masked=True))
    alike(rows[1].text, expected_text([1], masked=True))


def test_one_file_for_each_tower(tmp_path):
    image_tower(Drawing(), output="out").save(tmp_path / "image_encoder.onnx")
    scale(text_tower(Drawing(), output="out")).save(tmp_path / "text_encoder.onnx")
    write_vocabulary(tmp_path)
    shown = phantom(512, 512)
    (row,) = scored(open_local("medimageinsight", tmp_path), [shown], ["x-ray chest"])
    alike(row.image, expected_image(shown))
    alike(row.text, expected_text(CHEST))
    assert row.scaling == pytest.approx(LOG)


def test_weights_beside_the_file_are_read(tmp_path):
    scale(text_tower(image_tower(Drawing()))).save(tmp_path / "model.onnx", beside="model.onnx.data")
    assert (tmp_path / "model.onnx.data").is_file()
    shown = phantom(512, 512)
    (row,) = scored(open_local("medimageinsight", tmp_path), [shown], [None])
    alike(row.image, expected_image(shown))


@pytest.mark.parametrize(
    ("told", "log"), [(LOG, LOG), (91.2, float(np.log(91.2))), (100.0, float(np.log(100))), (2.6593, 2.6593)]
)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_temperature_is_told_from_its_logarithm(tmp_path, told, log, shape):
    scale(image_tower(Drawing()), value=told, shape=shape).save(tmp_path / "model.onnx")
    (row,) = scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])
    assert row.scaling == pytest.approx(log, rel=1e-6)


@pytest.mark.parametrize("told", [7.5, 0.0, -1.0, 1e5, float("nan")])
def test_a_scale_that_could_be_neither_is_refused(tmp_path, told):
    scale(image_tower(Drawing()), value=told).save(tmp_path / "model.onnx")
    with pytest.raises(BadReply, match="scaling_factor"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_params_of_the_contract_are_honoured(tmp_path):
    both(tmp_path / "model.onnx")
    shown = phantom(640, 480)
    wishes = {"image_standardization_image_size": 256, "image_standardization_jpeg_compression_ratio": "20"}
    (row,) = scored(open_local("medimageinsight", tmp_path), ask([shown], [None], get_scaling_factor="False", **wishes))
    alike(row.image, expected_image(shown, size=256, quality=20))
    assert row.scaling is None
    assert float(np.abs(row.image - expected_image(shown)).max()) > 1e-3


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"get_scaling_factor": "perhaps"}, "not of its type"),
        ({"image_standardization_image_size": "-4"}, "not of its type"),
        ({"image_standardization_image_size": 100_000}, "out of range"),
        ({"image_standardization_jpeg_compression_ratio": 101}, "out of range"),
    ],
)
def test_params_that_make_no_sense_are_refused(tmp_path, params, words):
    both(tmp_path / "model.onnx")
    with pytest.raises(InputRefused, match=words):
        scored(open_local("medimageinsight", tmp_path), ask([phantom(64, 64)], [None], **params))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Ask("medimageinsight", ("image", "text"), ((None, ""),)), "neither an image nor a text"),
        (Ask("medimageinsight", ("image", "words"), ((None, "a"),)), "the columns are"),
        (Ask("medimageinsight", ("image",), (("a text",),)), "wrong kind"),
        (Ask("medimageinsight", ("image",), ((as_cleared(b"no picture"),),)), "not a readable PNG"),
    ],
)
def test_rows_that_make_no_sense_are_refused(tmp_path, asked, words):
    both(tmp_path / "model.onnx")
    write_vocabulary(tmp_path)
    with pytest.raises(InputRefused, match=words):
        scored(open_local("medimageinsight", tmp_path), asked)


def test_a_text_without_a_tokenizer_is_refused_and_an_image_is_not(tmp_path):
    both(tmp_path / "model.onnx")
    scorer = open_local("medimageinsight", tmp_path)
    with pytest.raises(NotServed, match=r"need a tokenizer.*vocab\.json"):
        scored(scorer, [None], ["lung"])
    assert scored(scorer, [phantom(64, 64)], [None])[0].image is not None


def test_a_text_without_a_text_tower_is_refused(tmp_path):
    image_tower(Drawing()).save(tmp_path / "image.onnx")
    with pytest.raises(NotServed, match="read no text"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], ["lung"])


def test_an_image_without_an_image_tower_is_refused(tmp_path):
    text_tower(Drawing()).save(tmp_path / "text.onnx")
    write_vocabulary(tmp_path)
    with pytest.raises(NotServed, match="no tower for an image"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], ["lung"])


def test_a_vector_that_is_not_of_unit_length_is_refused_by_the_contract(tmp_path):
    both(tmp_path / "model.onnx", normalised=False)
    with pytest.raises(BadReply, match="length 1"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_too_little_memory_is_said_before_anything_is_loaded(tmp_path, monkeypatch):
    both(tmp_path / "model.onnx")
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 4096 kB\nMemAvailable: 1024 kB\n", encoding="ascii")
    monkeypatch.setattr(weights, "MEMINFO", meminfo)
    with pytest.raises(Unavailable, match=r"0\.0 GiB of memory are free"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_the_model_says_what_it_is(tmp_path):
    path = both(tmp_path / "model.onnx")
    model = open_local("medimageinsight", tmp_path).model
    assert (model.backend, model.name, model.preprocessing_id) == ("local", "medimageinsight", INSIGHT_ID)
    assert "ONNX Runtime" in model.description
    assert "CPU" in model.description
    assert open_local("medimageinsight", path).model.version == model.version
    both(path, kind="uint8")
    assert open_local("medimageinsight", tmp_path).model.version != model.version


def test_a_vector_does_not_depend_on_its_neighbours(tmp_path):
    both(tmp_path / "model.onnx")
    shown = [phantom(512, 512, seed=seed) for seed in range(3)]
    scorer = open_local("medimageinsight", tmp_path)
    together = scored(scorer, shown, [None] * 3)
    alone = [scored(scorer, [one], [None])[0] for one in shown]
    assert all(np.array_equal(one.image, other.image) for one, other in zip(together, alone, strict=True))


def test_one_question_at_a_time_and_the_loop_stays_free(tmp_path):
    both(tmp_path / "model.onnx")
    scorer = open_local("medimageinsight", tmp_path)
    inside, most, threads = [0], [0], set()

    def decode(value, asked):
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        threads.add(threading.get_ident())
        rows = decode_insight(value, asked)
        inside[0] -= 1
        return rows

    async def many():
        beats = 0
        asked = [scorer.score(ask([phantom(128, 128, seed=seed)], [None]), decode) for seed in range(6)]
        waiting = asyncio.gather(*asked)
        while not waiting.done():
            await asyncio.sleep(0)
            beats += 1
        return await waiting, beats

    answers, beats = asyncio.run(many())
    assert len({row.image.tobytes() for (row,) in answers}) == 6
    assert most[0] == 1
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert beats > 6


def test_a_question_that_is_given_up_is_never_begun(tmp_path):
    both(tmp_path / "model.onnx")
    scorer = open_local("medimageinsight", tmp_path)
    begun = []
    gate = threading.Event()

    def slow(value, asked):
        gate.wait(10)
        return decode_insight(value, asked)

    def noted(value, asked):
        begun.append(asked)
        return decode_insight(value, asked)

    async def run():
        first = asyncio.create_task(scorer.score(ask([phantom(64, 64)], [None]), slow))
        await asyncio.sleep(0)
        second = asyncio.create_task(scorer.score(ask([phantom(64, 64)], [None]), noted))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.set()
        await first

    asyncio.run(run())
    scored(scorer, [phantom(64, 64)], [None])
    assert begun == []


def test_it_is_loaded_once_and_after_a_failure_tried_again(tmp_path):
    path = both(tmp_path / "model.onnx")
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    scorer = OnnxInsight((path,), tmp_path)
    with pytest.raises(BadFile):
        scored(scorer, [phantom(64, 64)], [None])
    path.write_bytes(whole)
    scored(scorer, [phantom(64, 64)], [None])
    path.unlink()
    assert scored(scorer, [phantom(64, 64)], [None])[0].image is not None
