"""Other frameworks' agents for benchmarks/orchestration.py: each made once, as its own manual has it."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Any

Run = Callable[[str, int], Awaitable[str]]
"""A whole run by model name and user turns; the last answer."""

MODELS = ("seq:1", "seq:4", "par:8")
"""Names by which the server knows its scripts."""
DESCRIPTION = "Look at one part of the image."
SYSTEM = "You read images with tools."


async def look(n: int) -> str:
    """Look at one part of the image."""
    return f'{{"n":{n}}}'


def semantic_kernel(url: str) -> Run:
    """ChatCompletionAgent over its own OpenAI service."""
    import openai  # noqa: PLC0415
    from semantic_kernel.agents import ChatCompletionAgent, ChatHistoryAgentThread  # noqa: PLC0415
    from semantic_kernel.connectors.ai import FunctionChoiceBehavior  # noqa: PLC0415
    from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion  # noqa: PLC0415
    from semantic_kernel.functions import kernel_function  # noqa: PLC0415

    class Tools:
        @kernel_function(name="look", description=DESCRIPTION)
        async def look(self, n: int) -> str:
            return await look(n)

    client = openai.AsyncOpenAI(base_url=f"{url}/sk", api_key="none")
    agents = {
        name: ChatCompletionAgent(
            service=OpenAIChatCompletion(ai_model_id=name, async_client=client),
            name="Reader",
            instructions=SYSTEM,
            plugins=[Tools()],
            function_choice_behavior=FunctionChoiceBehavior.Auto(maximum_auto_invoke_attempts=20),
        )
        for name in MODELS
    }

    async def run(model: str, turns: int) -> str:
        thread, text = ChatHistoryAgentThread(), ""
        for turn in range(turns):
            answer = await agents[model].get_response(f"Question {turn}", thread=thread)
            text = str(answer.message.content)
        return text

    return run


def agent_framework(url: str) -> Run:
    """Microsoft Agent Framework's Agent."""
    from agent_framework import Agent, tool  # noqa: PLC0415
    from agent_framework.openai import OpenAIChatCompletionClient  # noqa: PLC0415

    function = tool(name="look", description=DESCRIPTION)(look)
    agents = {
        name: Agent(
            client=OpenAIChatCompletionClient(model=name, api_key="none", base_url=url),
            instructions=SYSTEM,
            tools=[function],
        )
        for name in MODELS
    }

    async def run(model: str, turns: int) -> str:
        session, text = agents[model].create_session(), ""
        for turn in range(turns):
            text = (await agents[model].run(f"Question {turn}", session=session)).text
        return text

    return run


def langgraph(url: str) -> Run:
    """LangGraph's prebuilt ReAct agent over langchain-openai."""
    from langchain_core.tools import tool  # noqa: PLC0415
    from langchain_openai import ChatOpenAI  # noqa: PLC0415
    from langgraph.prebuilt import create_react_agent  # noqa: PLC0415

    function = tool("look", description=DESCRIPTION)(look)
    agents = {
        name: create_react_agent(ChatOpenAI(model=name, api_key="none", base_url=url), [function], prompt=SYSTEM)  # type: ignore[arg-type]
        for name in MODELS
    }

    async def run(model: str, turns: int) -> str:
        messages: list[Any] = []
        for turn in range(turns):
            asked = {"messages": [*messages, ("user", f"Question {turn}")]}
            messages = (await agents[model].ainvoke(asked, {"recursion_limit": 100}))["messages"]
        return str(messages[-1].content)

    return run


def openai_agents(url: str) -> Run:
    """OpenAI Agents SDK over chat completions, tracing off."""
    import openai  # noqa: PLC0415

    sdk: Any = importlib.import_module("agents")
    sdk.set_tracing_disabled(True)
    client = openai.AsyncOpenAI(base_url=url, api_key="none")
    function = sdk.function_tool(look)
    made = {
        name: sdk.Agent(
            name="Reader",
            instructions=SYSTEM,
            tools=[function],
            model=sdk.OpenAIChatCompletionsModel(model=name, openai_client=client),
        )
        for name in MODELS
    }

    async def run(model: str, turns: int) -> str:
        history: list[Any] = []
        text = ""
        for turn in range(turns):
            result = await sdk.Runner.run(
                made[model], [*history, {"role": "user", "content": f"Question {turn}"}], max_turns=20
            )
            history, text = result.to_input_list(), str(result.final_output)
        return text

    return run


def pydantic_ai(url: str) -> Run:
    """pydantic-ai's Agent over chat completions."""
    from pydantic_ai import Agent  # noqa: PLC0415
    from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415
    from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

    provider = OpenAIProvider(base_url=url, api_key="none")
    made: dict[str, Any] = {
        name: Agent(OpenAIChatModel(name, provider=provider), instructions=SYSTEM, tools=[look]) for name in MODELS
    }

    async def run(model: str, turns: int) -> str:
        history: list[Any] = []
        text = ""
        for turn in range(turns):
            result = await made[model].run(f"Question {turn}", message_history=history)
            history, text = result.all_messages(), result.output
        return text

    return run
