"""The list of tools as a planner reads it: documented, strict, and without a way to name a file."""

import pytest
from pydantic import ValidationError

from readingroom.tools.toolbox import TOOLS

NAMES = [tool.name for tool in TOOLS]


def test_the_five_tools_of_a_reader_are_there_once():
    assert {"segment", "measure", "embed", "classify", "draft_findings"} <= set(NAMES)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("tool", TOOLS, ids=NAMES)
def test_request_and_result_are_a_manual(tool):
    for kind in (tool.request, tool.result):
        assert len(kind.__dict__.get("__doc__") or "") > 30, kind
    described = tool.request.model_json_schema()["properties"]
    assert not [name for name in described if "path" in name or "file" in name or "url" in name]


@pytest.mark.parametrize("tool", TOOLS, ids=NAMES)
def test_unknown_arguments_are_refused(tool):
    with pytest.raises(ValidationError, match="patient_id"):
        tool.request(patient_id="someone else")
