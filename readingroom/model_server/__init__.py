"""A server with the endpoints' own contract, over any backend: a place to try clients, and a simulator of limits."""

from readingroom.model_server.app import build_app
from readingroom.model_server.environment import environment, environment_lines
from readingroom.model_server.limits import Limits, limits_of
from readingroom.model_server.serve import base_url, bind, serve, serving
from readingroom.model_server.server_settings import ServerSettings, settings_of

__all__ = [
    "Limits",
    "ServerSettings",
    "base_url",
    "bind",
    "build_app",
    "environment",
    "environment_lines",
    "limits_of",
    "serve",
    "serving",
    "settings_of",
]
