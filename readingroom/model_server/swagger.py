"""The swagger 2.0 document of one endpoint, of the form that Azure ML writes for its deployments."""

from __future__ import annotations

from typing import Any

from readingroom.model_server.frame import COLUMNS
from readingroom.tools.contracts.model_ids import ModelId


def swagger(model: ModelId) -> dict[str, Any]:
    """Paths `/` and `/score`, relative to the endpoint."""
    return {
        "swagger": "2.0",
        "info": {"title": model, "description": f"API specification for {model}", "version": "1.0"},
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}},
        "paths": {"/": {"get": _health()}, "/score": {"post": _score()}},
        "definitions": _definitions(model),
    }


def _health() -> dict[str, Any]:
    return {
        "operationId": "ServiceHealthCheck",
        "description": "Simple health check endpoint to ensure the service is up at any given point.",
        "responses": {
            "200": {"description": "If service is up and running", "schema": {"type": "string"}},
            "default": _failure("The service failed to execute due to an error."),
        },
    }


def _score() -> dict[str, Any]:
    return {
        "operationId": "RunMLService",
        "description": "Run web service's model and get the prediction output",
        "security": [{"Bearer": []}],
        "parameters": [{"name": "serviceInputPayload", "in": "body", "schema": {"$ref": "#/definitions/ServiceInput"}}],
        "responses": {
            "200": {"description": "One object a row", "schema": {"$ref": "#/definitions/ServiceOutput"}},
            "default": _failure("The service failed to execute due to an error."),
        },
    }


def _failure(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"$ref": "#/definitions/ErrorResponse"}}


def _definitions(model: ModelId) -> dict[str, Any]:
    row: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    frame = {
        "columns": {"type": "array", "items": {"type": "string", "enum": list(COLUMNS[model])}},
        "index": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array", "items": row},
    }
    answer: dict[str, Any] = {"type": "array", "items": {} if model == "gigatime" else {"type": "object"}}
    return {
        "ServiceInput": {
            "type": "object",
            "required": ["input_data"],
            "properties": {
                "input_data": {"type": "object", "required": ["columns", "data"], "properties": frame},
                "params": {"type": "object"},
            },
        },
        "ServiceOutput": answer,
        "ErrorResponse": {
            "type": "object",
            "properties": {"status_code": {"type": "integer", "format": "int32"}, "message": {"type": "string"}},
        },
    }
