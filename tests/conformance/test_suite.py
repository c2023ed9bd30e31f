"""The suite passes an endpoint that keeps the contract, and each way of breaking it fails the check that names it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from readingroom.conformance import reaching, refusing, sameness, timing
from readingroom.conformance.bench import Bench
from readingroom.conformance.found import Checked, Conformance, Limits
from readingroom.conformance.golden import golden
from readingroom.conformance.line import Line
from readingroom.conformance.question import Question, put
from readingroom.conformance.refusing import WRONG_KEY
from readingroom.conformance.suite import WIRES, check, check_sync, model_of, questions
from readingroom.errors import BadRequest
from readingroom.model_server.app import build_app
from readingroom.model_server.serve import serving
from readingroom.model_server.server_settings import ServerSettings
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId
from tests.conformance import mutations
from tests.conformance.stub import KEY, Stub, volume

STUBS: dict[str, Stub] = {}
BASE: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    """One server for all stubs, each under a path of its own."""

    async def score(request: Request) -> Response:
        return await STUBS[request.path_params["name"]].score(request)

    with serving(Starlette(routes=[Route("/{name}/score", score, methods=["POST"])]), ServerSettings()) as base:
        BASE.append(base)
        yield
    BASE.clear()


def at(stub: Stub) -> EndpointConfig:
    name = f"stub-{len(STUBS)}"
    STUBS[name] = stub
    return EndpointConfig(address=f"{BASE[0]}/{name}/score", key=SecretStr(KEY))


def found_at(stub: Stub) -> Conformance:
    return asyncio.run(check(at(stub), stub.model))


async def put_some(config: EndpointConfig, model: ModelId, asked: tuple[Question, ...]) -> tuple[list[Checked], Bench]:
    """Only these checks."""
    line = Line(config)
    try:
        await line.open()
        bench = Bench(line, WIRES[model][0])
        return [await put(question, bench) for question in asked], bench
    finally:
        await line.aclose()


def verdicts(found: Conformance) -> dict[str, str]:
    return {one.id: one.verdict for one in found.checks if one.verdict in ("warn", "fail")}


@pytest.mark.parametrize("model", MODEL_IDS)
def test_an_endpoint_that_keeps_the_contract_passes(model: ModelId) -> None:
    found = found_at(Stub(model))
    told = {one.id: one.found for one in found.checks if one.verdict in ("warn", "fail")}
    assert told == {}
    assert found.passed
    assert found.variants
    assert found.latency is not None
    assert found.latency.calls >= 3
    assert found.latency.first >= 0
    assert found.host == "127.0.0.1"


FORM = {"form": "fail"}
ORDER = {"order.batch": "fail", "order.permuted": "fail"}
DISPLACED = {"masks.overlap": "fail"}

WRONG: tuple[tuple[ModelId, str, dict[str, str]], ...] = (
    ("medimageinsight", "swapped", ORDER),
    ("medimageinsight", "longer", {**FORM, "vector.norm": "fail"}),
    ("medimageinsight", "shorter", {**FORM, "vector.dimension": "fail"}),
    ("medimageinsight", "nothing", {**FORM, "vector.values": "fail", "same.distinct": "fail"}),
    ("medimageinsight", "one_for_all", {"same.distinct": "fail"}),
    ("medimageinsight", "dice", {"same.again": "fail"}),
    ("medimageinsight", "told_temperature", {"scaling_factor": "fail"}),
    ("medimageinsight", "no_scaling", {"scaling_factor": "warn"}),
    ("medimageinsight", "one_text", {"text.order": "fail"}),
    ("medimageparse", "swapped", ORDER),
    ("medimageparse", "halved", {**FORM, "masks.size": "fail"}),
    ("medimageparse", "one_less", {**FORM, "masks.count": "fail"}),
    ("medimageparse", "truths", {"masks.values": "fail", "masks.overlap": "warn"}),
    ("medimageparse", "floats", {"masks.dtype": "warn"}),
    ("medimageparse", "logits", {**FORM, "masks.dtype": "warn", "masks.values": "fail"}),
    ("medimageparse", "mirrored", {"masks.sides": "fail", **DISPLACED}),
    ("medimageparse", "upright", {"masks.sides": "warn", **DISPLACED}),
    ("medimageparse", "unpadded", DISPLACED),
    ("medimageparse", "cornered", DISPLACED),
    ("medimageparse", "first_of_all", {"masks.prompts": "fail", "masks.sides": "warn", "masks.overlap": "warn"}),
    ("medimageparse", "fixed_order", {"masks.target_order": "fail", "masks.sides": "fail", **DISPLACED}),
    ("medimageparse", "everywhere", {"masks.absent": "warn"}),
    ("cxrreportgen", "swapped", ORDER),
    ("cxrreportgen", "pixels", {**FORM, "boxes.range": "fail"}),
    ("cxrreportgen", "reversed_boxes", {**FORM, "boxes.ordered": "fail"}),
    ("cxrreportgen", "mirrored_boxes", {"boxes.sides": "warn"}),
    ("cxrreportgen", "elsewhere", {"boxes.place": "warn"}),
    ("cxrreportgen", "silent", {"report.sentences": "warn", "same.distinct": "warn"}),
    ("gigapath", "pooled", {**FORM, "features.tensor": "fail"}),
    ("gigapath", "flat", {"features.spread": "fail"}),
    ("gigapath", "swapped", ORDER),
    ("gigatime", "fewer_channels", {**FORM, "markers.channels": "fail"}),
    ("gigatime", "no_sigmoid", {**FORM, "markers.values": "fail"}),
    ("gigatime", "one_channel", {"markers.different": "warn"}),
    ("medimageparse3d", "turned", {**FORM, "volume.shape": "fail"}),
    ("medimageparse3d", "moved", {**FORM, "volume.affine": "fail"}),
    ("medimageparse3d", "higher", {**FORM, "volume.labels": "fail"}),
    ("medimageparse3d", "flipped", {"volume.overlap": "fail"}),
)


def _cut_volume() -> str:
    """A NIfTI file that ends before its voxels do."""
    content = base64.b64decode(json.loads(volume(np.zeros((74, 73, 66), np.uint8), np.eye(4)))["data"])
    return json.dumps({"data": base64.b64encode(content[:5000]).decode()})


def _array(shape: list[int], data: str = "", dtype: str = "uint8") -> dict[str, Any]:
    return {"data": data, "shape": shape, "dtype": dtype}


ODD: tuple[Any, ...] = (
    None, [], {}, [None], [[]], [[[]]], [{}], "text", 7, [[]] * 3, [[[[0.5]]]], [[[[10**400]]]], [[[["x"]]]],
    {"predictions": None}, {"predictions": [[[["x"]]]]},
    [{"image_features": None, "text_features": 3, "scaling_factor": []}],
    [{"image_features": [[]], "output": "[[]]"}],
    [{"image_features": [10**400], "scaling_factor": 10**400}],
    [{"image_features": [True] * 1024, "output": [["a", [[0, 0, 1, "1"]]]]}],
    [{"image_features": ["a"], "nifti_file": "{}", "output": "[1]", "scaling_factor": ["x"]}],
    [{"image_features": [1e300, 1e300], "nifti_file": {"data": "AAAA"}, "output": [["", [[None] * 4]]]}],
    [{"image_features": _array([]), "nifti_file": 1, "output": [[1, 2]]}],
    [{"image_features": _array([0, 0]), "nifti_file": {"data": 3}, "output": {"a": 1}}],
    [{"image_features": _array([1 << 19] * 3), "nifti_file": {"data": "H4sIAAAA"}, "output": [["b", [[1, 2, 3]]]]}],
    [{"image_features": _array([-1]), "nifti_file": _cut_volume(), "output": [["c", [[10**400] * 4]]]}],
    [{"image_features": _array([2], "AADAfw==", "float16"), "output": [[]]}],
)  # fmt: skip


@pytest.mark.parametrize("model", MODEL_IDS)
def test_no_answer_is_too_odd_to_be_judged(model: ModelId) -> None:
    """Whatever JSON comes, each check ends in a verdict, and one of them is that the form is none."""
    stub = Stub(model)
    asked = (reaching.REACHABLE, *reaching.QUESTIONS[-1:], *sameness.QUESTIONS, *WIRES[model][1])

    async def run() -> None:
        line = Line(at(stub))
        await line.open()
        for told in ODD:
            stub.mutation = lambda right, rows, told=told: told
            bench = Bench(line, WIRES[model][0])
            found = [await put(question, bench) for question in asked]
            assert found[1].verdict == "fail", told
        await line.aclose()

    asyncio.run(run())


@pytest.mark.parametrize(("model", "slip", "expected"), WRONG, ids=[f"{model}-{slip}" for model, slip, _ in WRONG])
def test_a_wrong_answer_ends_in_the_check_that_names_it(model: ModelId, slip: str, expected: dict[str, str]) -> None:
    """The checks of form, order and content; nothing but the expected ones may be worse than a pass."""
    stub = Stub(model, mutation=getattr(mutations, slip))
    asked = (reaching.REACHABLE, *reaching.QUESTIONS[-1:], *WIRES[model][1])
    if model != "medimageparse" or slip == "swapped":
        asked = (*asked[:2], *sameness.QUESTIONS, *asked[2:])

    found, _ = asyncio.run(put_some(at(stub), model, asked))
    assert {one.id: one.verdict for one in found if one.verdict in ("warn", "fail")} == expected, found


@pytest.mark.parametrize(
    ("model", "slip", "variant"),
    [
        ("medimageinsight", "one_object", "one object, image_features nested"),
        ("cxrreportgen", "plain_output", "output as list"),
        ("medimageparse3d", "placeless", "nifti_file, string"),
    ],
)
def test_other_documented_forms_pass_and_are_named(model: ModelId, slip: str, variant: str) -> None:
    found = found_at(Stub(model, mutation=getattr(mutations, slip)))
    assert verdicts(found) == {}
    assert variant in found.variants


@pytest.mark.parametrize(
    ("slip", "expected"),
    [
        ("open", {"auth.wrong_key": "fail"}),
        ("blind", {"error.broken_image": "fail"}),
        ("bare424", {"error.broken_image": "warn", "error.headers": "warn", "error.unknown_column": "warn"}),
        ("any_column", {"error.unknown_column": "warn"}),
        ("one_line", {"request.newline_base64": "warn"}),
        ("params", {"request.params_absent": "warn"}),
        ("booleans", {"request.params_boolean": "warn"}),
        ("null", {"request.absent_null": "warn"}),
        ("lines_lost", {"request.newline_base64": "fail"}),
    ],
)
def test_bad_manners_are_told(slip: str, expected: dict[str, str]) -> None:
    found = found_at(Stub("medimageinsight", frozenset([slip])))
    assert verdicts(found) == expected
    assert found.passed == ("fail" not in expected.values())


def test_more_rows_than_documented() -> None:
    found = found_at(Stub("cxrreportgen", frozenset(["any_rows"])))
    assert verdicts(found) == {"error.too_many_rows": "warn"}


def test_the_wrong_key_is_the_only_other_key_that_is_sent() -> None:
    stub = Stub("medimageparse3d")
    found_at(stub)
    assert stub.keys == {f"Bearer {KEY}", f"Bearer {WRONG_KEY}"}


def test_nothing_is_asked_of_an_endpoint_that_refuses_the_key() -> None:
    stub = Stub("medimageinsight")
    config = at(stub).model_copy(update={"key": SecretStr("canary-4711")})
    found = asyncio.run(check(config, stub.model))
    assert not found.passed
    assert found.checks[0].found == "status 401"
    assert {one.verdict for one in found.checks[1:]} == {"skipped"}
    assert stub.calls == 1
    assert "canary-4711" not in found.model_dump_json()


def test_a_redirect_is_not_followed() -> None:
    stub = Stub("medimageinsight", frozenset(["redirect"]))
    found = found_at(stub)
    assert "redirect" in found.checks[0].found
    assert stub.calls == 1
    assert not found.passed


def test_an_endpoint_that_is_away() -> None:
    with own_server("medimageinsight") as base:
        config = EndpointConfig(address=f"{base}/medimageinsight/score", key=SecretStr(KEY))
    found = asyncio.run(check(config, "medimageinsight"))
    assert found.checks[0].verdict == "fail"
    assert "no connection" in found.checks[0].found


def test_plain_http_is_for_this_machine_alone() -> None:
    """An address elsewhere without TLS is refused before anything is sent."""

    async def encrypted(config: EndpointConfig) -> Checked:
        line = Line(config)
        await line.open()
        return await put(reaching.QUESTIONS[0], Bench(line, WIRES["gigapath"][0]))

    away = EndpointConfig(address="https://x.test/score", key=SecretStr(KEY))
    assert asyncio.run(encrypted(away)).verdict == "pass"
    assert asyncio.run(encrypted(at(Stub("gigapath")))).verdict == "skipped"
    with pytest.raises(BadRequest, match="without encryption"):
        asyncio.run(check(away.model_copy(update={"address": "http://x.test/score"}), "gigapath"))


def test_limits_are_stepped_to_the_first_429() -> None:
    stub = Stub("medimageinsight", slots=5, seconds=0.15)
    (found,), bench = asyncio.run(put_some(at(stub), stub.model, (timing.ADMISSION,)))
    assert found.verdict == "pass"
    assert bench.admission == Limits(admitted=5, refused_at=8, retry_after="retry-after: 1")


def test_calls_that_cost_much_are_asked_for() -> None:
    own = WIRES["medimageparse"][1]
    assert timing.ADMISSION not in questions(own, limits=False)
    assert timing.ADMISSION in questions(own, limits=True)
    found = found_at(Stub("medimageparse3d"))
    assert found.limits is None


def test_a_call_that_meets_a_429_is_sent_again() -> None:
    """Others use the endpoint, too: only the step for limits takes a 429 for an answer."""
    stub = Stub("medimageparse3d", wrong=frozenset(["busy_once"]))
    (found,), _ = asyncio.run(put_some(at(stub), stub.model, (reaching.REACHABLE,)))
    assert found.verdict == "pass"
    assert stub.calls == 2


def test_the_golden_images_are_distinct_and_have_truth() -> None:
    digests = {made.image.ref.sha256[:8] for model in MODEL_IDS for made in golden(model)}
    assert len(digests) == 7
    for made in golden("cxrreportgen"):
        for name in ("right lung", "heart"):
            assert made.masks[name].shape == made.image.pixels.shape
            assert made.masks[name].any()


def test_the_model_is_told_from_the_name_of_its_endpoint() -> None:
    base = "https://{}.westus.inference.ml.azure.com/score"
    names = {"mi2-endpoint": "medimageinsight", "medimageparse3d-x": "medimageparse3d", "my-cxr": "cxrreportgen",
             "medimageparse": "medimageparse", "prov-gigapath-1": "gigapath", "gigatime": "gigatime"}  # fmt: skip
    assert {name: model_of(base.format(name)) for name in names} == names
    resource = "/subscriptions/s/resourceGroups/medimageparse/providers/x/workspaces/w/onlineEndpoints/cxr-1"
    assert model_of(resource) == "cxrreportgen"
    assert model_of("http://127.0.0.1:8790/gigatime/score") == "gigatime"
    with pytest.raises(BadRequest, match="--model"):
        model_of(base.format("endpoint-7"))
    with pytest.raises(BadRequest, match="no model"):
        check_sync(EndpointConfig(address="https://x.test/score"), "medimage")


# What the baseline leaves out of an otherwise conforming answer, which the suite tells as a warning.
BASELINE: dict[ModelId, dict[str, str]] = {"gigatime": {"markers.different": "warn"}}


def own_server(model: ModelId) -> AbstractContextManager[str]:
    settings = ServerSettings(models=(model,), key=SecretStr(KEY))
    return serving(build_app(ClassicalBackend, settings), settings)


@pytest.mark.parametrize("model", ["medimageinsight", "cxrreportgen"])
def test_our_own_server_conforms(model: ModelId) -> None:
    """The package's server over the baseline, with its published limits."""
    with own_server(model) as base:
        found = asyncio.run(check(EndpointConfig(address=f"{base}/{model}/score", key=SecretStr(KEY)), model))
    assert verdicts(found) == {}, found.of("fail")
    assert found.passed


@pytest.mark.parametrize("model", ["medimageparse", "medimageparse3d", "gigapath", "gigatime"])
def test_our_own_server_answers_right(model: ModelId) -> None:
    """Where the baseline takes its time: the checks of form and content, and of how it refuses."""
    asked = (reaching.REACHABLE, *reaching.QUESTIONS, *WIRES[model][1], *refusing.QUESTIONS)
    with own_server(model) as base:
        config = EndpointConfig(address=f"{base}/{model}/score", key=SecretStr(KEY))
        found, _ = asyncio.run(put_some(config, model, asked))
    told = {one.id: one.verdict for one in found if one.verdict in ("warn", "fail")}
    assert told == BASELINE.get(model, {}), found
