"""The commands about an index, in this process: from files to a sheet of pictures, and the exit codes on the way."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from readingroom.cli_index import index
from readingroom.errors import BadFile, BadRequest, ReadingRoomError, RecordError
from readingroom.imaging.png import encode_png
from readingroom.index.near_duplicates import THRESHOLD


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(tmp_path / "config"))
    rows = ["file,modality,anatomy,dataset,site"]
    for place in range(6):
        step = np.linspace(0, 255, 96).astype(np.uint8)
        picture = np.tile(step, (96, 1)) if place % 2 else np.tile(step[:, None] // 2 + place, (1, 96))
        (tmp_path / f"{place}.png").write_bytes(encode_png(np.ascontiguousarray(picture)))
        rows.append(f"{place}.png,{'MRI' if place % 2 else 'CT'},brain,d{place // 2},{place}")
    for place in (1, 3, 5):  # the ramps must differ by more than nothing, or they are one file
        grain = np.random.default_rng(place).integers(0, 12, (96, 96), np.uint8)
        (tmp_path / f"{place}.png").write_bytes(encode_png(np.tile(np.arange(96, dtype=np.uint8) * 2, (96, 1)) + grain))
    (tmp_path / "table.csv").write_text("\n".join(rows), encoding="utf-8")

    def call(*words, code=0):
        found = CliRunner().invoke(index, list(words))
        if isinstance(found.exception, ReadingRoomError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found.stdout

    return call


def test_from_a_table_to_a_sheet_and_a_judgement(run, tmp_path):
    added = json.loads(run("add", "--manifest", "table.csv", "--column", "site", "--json"))
    assert [row["status"] for row in added["rows"]] == ["added"] * 6
    assert "6 images added" not in run("add", "--manifest", "table.csv")  # they are known
    shown = run("show")
    assert "6 rows of rr-descriptor-1024-v1" in shown
    assert "modality: ct 3, mr 3" in shown

    found = json.loads(run("search", "1.png", "-k", "9", "--json", "--where", "site>=2", "--exclude", "site=5"))
    assert sorted(hit["metadata"]["site"] for hit in found["neighbours"]) == [2, 3, 4]
    assert found["calibrated"] is False
    other = json.loads(run("search", "1.png", "--exclude", "dataset", "-k", "1", "--json"))
    assert other["neighbours"][0]["metadata"]["modality"] == "mr"
    assert other["neighbours"][0]["metadata"]["dataset"] != "d0"

    assert run("search", "1.png", "--out", "out/sheet.html", "--pictures", ".").endswith("sheet.html\n")
    page = (tmp_path / "out" / "sheet.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 6
    run("search", "1.png", "--out", "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")

    told = run("map", "--out", "map.html").splitlines()
    assert told[0].startswith("6 of 6 images by modality")
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "ct (3)" in page
    assert "://" not in page.replace("http://www.w3.org", "")  # it loads nothing
    run("map", "--out", "map.png", "--by", "site", "--where", "site>=2")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")

    judged = run("evaluate", "--exclude", "dataset", "-k", "1")
    assert "1.000 (0.610-1.000), n 6" in judged
    assert "pairs of 6 rows that differ in dataset reach 0.5" in run("duplicates", "--threshold", "0.5", "--across",
                                                                      "dataset")  # fmt: skip
    assert json.loads(run("duplicates", "--json"))["threshold"] == THRESHOLD
    assert run("delete", "--where", "modality=ct") == "3 rows deleted\n"
    assert "3 rows of" in run("show")


def test_a_folder_without_a_file_and_one_that_cannot_be_made_are_refused(run, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match=r"empty: there is no file below it\. Give a folder with images"):
        run("add", "empty")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(RecordError, match=r"cannot be opened .*name another with --index"):
        run("add", "0.png", "--index", "file/index")


def test_a_failed_file_ends_in_one_and_the_others_are_there(run, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    told = run("add", "0.png", "broken.png", "1.png", code=1)
    assert "not added: broken.png" in told
    assert "2 images added, 0 files known already, 1 failed" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add",), "nothing is given"),
        (("add", "0.png", "--pooling", "sum"), "no pooling 'sum'"),
        (("show",), "there is no index yet"),
        (("search", "0.png", "--where", "modality"), "is no condition"),
        (("search", "0.png", "--where", "age>=old"), "is no number"),
        (("delete",), "nothing was named"),
        (("map", "--out", "m.html"), "there is no index yet"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(run, words, said):
    with pytest.raises(BadRequest, match=said):
        run(*words)
