"""The example client, as its reader would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.web.entering import API, opened

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "http_client.py"


def test_it_drafts_a_report_and_writes_it(tmp_path, films):
    link, report = tmp_path / "link.txt", tmp_path / "report.md"
    command = [sys.executable, str(EXAMPLE), str(link), str(films[0]), "--prior", str(films[1]), "--export",
               str(report),
               "--indication", "Shortness of breath", "--deidentify"]  # fmt: skip
    with opened(tmp_path, token_file=link) as page:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        assert len(page.owner.get(f"{API}/studies").json()) == 1
        again = subprocess.run([*command[:4], "--export", "x.exe"], capture_output=True, text=True, check=False,
                               timeout=60, cwd=tmp_path)  # fmt: skip
        assert again.returncode == 1
        assert "there is no format 'exe'" in again.stderr
    assert "started segment" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == str(report)
    assert all(line.startswith("supported: ") for line in lines[:-1])
    assert "Shortness of breath" in report.read_text()
