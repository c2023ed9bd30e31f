"""The door to semantic-kernel: right schemas, guarded functions, no secrets shown, and nothing loaded offline."""

import asyncio
import json
import subprocess
import sys

import pytest
from pydantic import SecretStr

from readingroom.agents.model_config import ModelConfig, model_of, ollama_address
from readingroom.agents.offers import ToolFunctions
from readingroom.errors import BadRequest
from readingroom.tools.toolbox import TOOLS
from tests.agents.reading_bench import bench_at

AZURE = {
    "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com", "AZURE_OPENAI_API_KEY": "k-secret",
    "AZURE_OPENAI_DEPLOYMENT": "reader", "OPENAI_API_KEY": "other",
}  # fmt: skip


def test_the_offline_path_loads_no_language_model():
    code = (
        "import sys, readingroom.agents.conversation, readingroom.agents.recorded_chat;"
        "import readingroom.agents.model_config;"
        "print([m for m in ('semantic_kernel', 'openai', 'httpx', 'httpx2', 'aiohttp', 'azure') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_variables_of_the_sdks_are_read():
    azure = model_of(AZURE)
    assert (azure.provider, azure.model, azure.key.get_secret_value()) == ("azure", "reader", "k-secret")
    openai = model_of({"OPENAI_API_KEY": "k", "OPENAI_MODEL": "gpt-4o", "OPENAI_ORG_ID": "o"})
    assert (openai.provider, openai.address, openai.organisation) == ("openai", "https://api.openai.com/v1", "o")
    local = model_of({"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1", "OPENAI_MODEL": "llama"})
    assert (local.provider, local.key) == ("compatible", None)
    assert model_of({"OLLAMA_MODEL": "llama3.1"}).address == "http://127.0.0.1:11434/v1"
    assert model_of({"PATH": "/bin", "OPENAI_API_KEY": "  "}) is None


def test_an_address_without_a_model_is_said():
    with pytest.raises(BadRequest, match="AZURE_OPENAI_DEPLOYMENT"):
        model_of({"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"})


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("127.0.0.1:1234", "http://127.0.0.1:1234/v1"),
        ("https://models.example.org:443/", "https://models.example.org:443/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
    ],
)
def test_ollamas_host_is_read_as_ollama_reads_it(host, address):
    assert ollama_address(host) == address


def test_no_shape_of_the_settings_tells_the_key():
    config = ModelConfig(model="m", key=SecretStr("k-secret"), token=SecretStr("t-secret"))
    for shape in (repr(config), str(config), config.model_dump_json(), repr(config.model_dump()), config.name):
        assert "secret" not in shape.lower().replace("secretstr", "")


def kernel_functions(tmp_path):
    pytest.importorskip("semantic_kernel", reason="needs readingroom[agent]")
    from readingroom.agents.kernel import KernelFunctions  # noqa: PLC0415  # needs the extra

    return KernelFunctions(ToolFunctions(bench_at(tmp_path)))


def test_semantic_kernel_has_the_schemas_of_the_requests_themselves(tmp_path):
    functions = kernel_functions(tmp_path)
    offers = {offer.name: offer for offer in functions.offers()}
    for tool in TOOLS:
        metadata = functions.kernel.get_function("readingroom", tool.name).metadata
        told = {one.name: one.schema_data for one in metadata.parameters}
        assert told == offers[tool.name].parameters["properties"]
        assert [one.name for one in metadata.parameters if one.is_required] == offers[tool.name].parameters["required"]


def test_a_call_goes_through_the_kernel_and_its_filters(tmp_path):
    functions = kernel_functions(tmp_path)
    seen = []

    async def watch(context, next):
        seen.append((context.function.name, dict(context.arguments)))
        await next(context)
        seen.append(json.loads(str(context.result))["step"])

    functions.kernel.add_filter("function_invocation", watch)
    step = functions.admit("segment", '{"image": "img-1", "targets": ["heart"]}')
    answered = asyncio.run(functions.run(step))
    assert answered.evidence == ("segment-1.1",)
    assert seen == [("segment", {"image": "img-1", "targets": ["heart"]}), "segment-1"]


def test_who_holds_the_kernel_is_held_to_the_same_checks(tmp_path):
    functions = kernel_functions(tmp_path)
    kernel = functions.kernel

    async def main():
        good = await kernel.invoke(plugin_name="readingroom", function_name="describe", image="img-1")
        bad = await kernel.invoke(plugin_name="readingroom", function_name="describe", image="/etc/passwd")
        return good, bad

    good, bad = asyncio.run(main())
    assert json.loads(str(good))["step"] == "describe-1"
    assert json.loads(str(bad))["error"] == "no_paths"


def test_a_function_that_is_not_ours_does_not_run(tmp_path):
    functions = kernel_functions(tmp_path)
    from semantic_kernel.functions import kernel_function  # noqa: PLC0415

    ran = []

    class Other:
        @kernel_function(name="send")
        async def send(self) -> str:
            ran.append(1)
            return "sent"

    functions.kernel.add_plugin(Other(), plugin_name="other")
    assert asyncio.run(functions.kernel.invoke(plugin_name="other", function_name="send")) is None
    assert ran == []


def test_a_fault_of_the_program_comes_out_as_itself(tmp_path, monkeypatch):
    functions = kernel_functions(tmp_path)
    step = functions.admit("describe", '{"image": "img-1"}')

    async def broken(_):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(functions._plain, "run", broken)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(functions.run(step))
