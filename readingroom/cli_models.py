"""The commands about models: what serves what, whether an endpoint keeps its contract, and a server that does."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from readingroom.errors import BadRequest
from readingroom.lazy import model_server, room, show, suite

models = typer.Typer(help="What serves what; check an endpoint; serve the endpoints' contract.", no_args_is_help=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def _secret(name: str) -> str | None:
    """The key that an environment variable holds: on the command line others would see it."""
    if not name:
        return None
    if not os.environ.get(name):
        raise BadRequest(f"there is no environment variable {name!r}", do="Set it to the key.")
    return os.environ[name]


@models.callback(invoke_without_command=True)
def models_alone(context: typer.Context) -> None:
    """What serves what; check an endpoint; serve the endpoints' contract."""
    if context.invoked_subcommand is None:
        show.models()


@models.command("list")
def list_models() -> None:
    """What serves what: every model known here, its targets, and what it needs."""
    show.models()


@models.command()
def check(
    address: Annotated[str, typer.Argument(help="Scoring URL or ARM resource ID; or a model's id, as configured.")],
    model: Annotated[str, typer.Option(help="Which model it is; default: told from its name.")] = "",
    key_env: Annotated[str, typer.Option(help="Name of the environment variable that holds the key.")] = "",
    limits: Annotated[bool, typer.Option(help="Also find the admission limit, which costs calls.")] = False,
    json: Json = False,
) -> None:
    """Send golden requests to one endpoint and say whether it keeps its contract. Exit 1 if a check fails."""
    config = room.ReadingRoom().endpoint(address, _secret(key_env))
    found = suite.check_sync(config, model or suite.model_of(address), limits=limits)
    show.conformance(found, json)
    if not found.passed:
        raise typer.Exit(1)


@models.command()
def serve(
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Serve only this; may be repeated.")] = None,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8790,
    remote: Annotated[bool, typer.Option("--remote", help="Let other machines ask.")] = False,
    key_env: Annotated[str, typer.Option(help="Environment variable with the key; default: a random one.")] = "",
    answers: Annotated[str, typer.Option(help="baseline: the backend answers; canned: fixed answers.")] = "baseline",
    instances: Annotated[int | None, typer.Option(help="Simulated instances.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Concurrent requests of an instance.")] = None,
    latency: Annotated[float | None, typer.Option(help="Seconds of service beside the model's own.")] = None,
    bandwidth: Annotated[float | None, typer.Option(help="Bytes a second each way; Azure gives 5000000.")] = None,
    faults: Annotated[float | None, typer.Option(help="Share of requests that end in 500 or 503.")] = None,
) -> None:
    """Serve the endpoints' own contract over the configured backend; prints what clients must be told."""
    given = {
        "instances": instances,
        "concurrency": concurrency,
        "latency": latency,
        "bandwidth": bandwidth,
        "faults": faults,
    }
    settings = model_server.settings_of(
        models=tuple(model or ()), limits=given, answers=answers, remote=remote, key=_secret(key_env)
    )
    listener = model_server.bind(settings, host, port)
    base = model_server.base_url(listener)
    sys.stdout.write(f"{model_server.environment_lines(settings, base)}\n")
    sys.stdout.flush()
    sys.stderr.write(f"Serving {', '.join(settings.models)} at {base}; Ctrl-C stops it.\n")
    model_server.serve(model_server.build_app(room.ReadingRoom().serving.backend, settings), listener)
