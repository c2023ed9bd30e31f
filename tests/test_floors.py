"""The layers of the house, held by import-linter, and what no source file may hold."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
SOURCES = [
    path
    for room in ("readingroom", "agents", "tools", "prompts", "workflows")
    for path in (REPO / room).rglob("*.py")
    if not any(parent.is_symlink() for parent in path.parents)
]


def test_each_floor_stands_only_on_those_below():
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(lint), "--no-cache"], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sources_are_all_here():
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(REPO).as_posix())
def test_nothing_is_evaluated_or_unpickled(path):
    """No eval, exec, pickle, shell or unsafe YAML in the package."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names} | {
                (getattr(node, "module", "") or "").split(".")[0]
            }
            assert not names & {"pickle", "marshal", "shelve", "joblib", "dill"}, path
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            assert not (isinstance(node.func, ast.Name) and name in ("eval", "exec")), path
            owner = getattr(getattr(node.func, "value", None), "id", "")
            assert (owner, name) != ("os", "system"), path
            assert (owner, name) != ("yaml", "load") or re.search(r"loader = .*CSafeLoader.*SafeLoader", source), path
            for keyword in node.keywords:
                truth = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                assert not (keyword.arg in ("shell", "allow_pickle") and truth), path
