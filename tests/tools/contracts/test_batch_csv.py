"""Batch endpoints: ids survive the round trip through files that do not carry them."""

import base64
import csv
import json
import tracemalloc

import numpy as np
import pytest

from readingroom.errors import BadFile, BadReply, BadRequest
from readingroom.tools.contracts.batch_csv import read_predictions, write_batches
from readingroom.tools.contracts.cxrreportgen import CxrInput, ask_report, decode_report
from readingroom.tools.contracts.gigapath import ask_tiles
from readingroom.tools.contracts.medimageinsight import ask_insight, decode_insight
from readingroom.tools.contracts.medimageparse import ask_parse, decode_parse
from tests.tools.contracts.samples import picture, unit

ASKS = {f"study-{n}": ask_insight([picture(n)], [f"x-ray, chest\n{n}"]) for n in range(7)}
PARSE = {f"p{n}": ask_parse([picture(n)], [("lung", "liver")]) for n in range(3)}


def vectors(name):
    seed = int(name.rpartition("-")[2])
    return [str([unit(seed).tolist()]), str(unit(seed + 100).tolist()), "4.513362407684326"]


def scored(folder, values=vectors, *, row=True, file=True, skip=(), order=slice(None)):
    """What a batch deployment appends: for each row of each file, found by position, its values."""
    with (folder / "ids.csv").open(newline="") as beside:
        listing = list(csv.DictReader(beside))
    with (folder / "predictions.csv").open("w", newline="") as made:
        for line in listing[order]:
            if line["id"] not in skip:
                before = [line["row"]] if row else []
                csv.writer(made).writerow([*before, *values(line["id"]), *([line["file"]] if file else [])])
    return folder / "predictions.csv", folder / "ids.csv"


def read(files, asks=ASKS, decode=decode_insight, **how):
    return dict(read_predictions(*files, asks.__getitem__, decode, **how))


def test_files_are_numbered_and_hold_only_the_models_columns(tmp_path):
    paths = write_batches(ASKS.items(), tmp_path, most_rows=3)
    assert [path.name for path in paths] == [f"batch_input_00000{n}.csv" for n in (1, 2, 3)]
    assert sorted(tmp_path.iterdir()) == [tmp_path / "ids.csv", tmp_path / "inputs"]
    assert sorted((tmp_path / "inputs").iterdir()) == list(paths)
    with paths[1].open(newline="") as file:
        header, first, *_ = csv.reader(file)
    assert header == ["image", "text"]
    assert base64.b64decode(first[0]) == picture(3).content
    assert first[1] == "x-ray, chest\n3"


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_rows_that_name_their_file_find_their_ids_in_any_order(tmp_path, order):
    write_batches(ASKS.items(), tmp_path, most_rows=3)
    rows = read(scored(tmp_path, order=order))
    assert rows.keys() == ASKS.keys()
    for n, name in enumerate(ASKS):
        np.testing.assert_array_equal(rows[name].image, unit(n))
        np.testing.assert_array_equal(rows[name].text, unit(n + 100))
        assert rows[name].scaling == pytest.approx(4.513362407684326)


def test_rows_without_numbers_are_counted_within_their_file(tmp_path):
    write_batches(ASKS.items(), tmp_path, most_rows=3)
    np.testing.assert_array_equal(read(scored(tmp_path, row=False))["study-5"].image, unit(5))


def test_one_file_needs_no_names(tmp_path):
    write_batches(ASKS.items(), tmp_path)
    for row in (True, False):
        np.testing.assert_array_equal(read(scored(tmp_path, row=row, file=False))["study-6"].image, unit(6))


def test_several_files_without_names_need_someone_to_vouch(tmp_path):
    write_batches(ASKS.items(), tmp_path, most_rows=3)
    files = scored(tmp_path, file=False)
    with pytest.raises(BadRequest, match="do not name their files"):
        read(files)
    np.testing.assert_array_equal(read(files, in_order=True)["study-6"].image, unit(6))
    with pytest.raises(BadReply, match="not the row that was sent there"):
        read(scored(tmp_path, file=False, order=slice(None, None, -1)), in_order=True)


def test_missing_rows_are_named_and_may_be_allowed(tmp_path):
    write_batches(ASKS.items(), tmp_path, most_rows=3)
    files = scored(tmp_path, skip=("study-2", "study-5"))
    with pytest.raises(BadReply, match="5 rows came for 7 sent; missing: study-2, study-5"):
        read(files)
    assert read(files, allow_missing=True).keys() == ASKS.keys() - {"study-2", "study-5"}


@pytest.mark.parametrize("most_rows", [3, 100])
def test_missing_rows_are_never_guessed(tmp_path, most_rows):
    write_batches(ASKS.items(), tmp_path, most_rows=most_rows)
    with pytest.raises(BadReply, match="6 rows came for 7 sent"):
        read(scored(tmp_path, row=False, file=False, skip=("study-6",)), in_order=True, allow_missing=True)


def test_rows_that_come_twice_or_were_never_sent_are_refused(tmp_path):
    write_batches(ASKS.items(), tmp_path)
    predictions, ids = scored(tmp_path)
    whole = predictions.read_text()
    predictions.write_text(whole + whole.splitlines()[0] + "\n")
    with pytest.raises(BadReply, match="came twice"):
        read((predictions, ids))
    predictions.write_text(whole.replace("\n6,", "\n66,"))
    with pytest.raises(BadReply, match="no such row"):
        read((predictions, ids))


def test_an_answer_is_not_read_against_another_image(tmp_path):
    write_batches(ASKS.items(), tmp_path)
    swapped = ASKS | {"study-1": ask_insight([picture(99)], ["x-ray, chest\n1"])}
    with pytest.raises(BadRequest, match="not what was sent"):
        read(scored(tmp_path), swapped)


def test_a_row_that_the_decoder_refuses_is_named(tmp_path):
    write_batches(ASKS.items(), tmp_path)
    files = scored(tmp_path, lambda name: vectors(name) if name != "study-4" else [str([0.5] * 512), "[]", "1"])
    with pytest.raises(BadReply, match=r"row 5, id study-4: .*image_features"):
        read(files)


def masks(name):
    array = np.random.default_rng(int(name[1:])).integers(0, 256, (2, 8, 12), np.uint8)
    return array, json.dumps({"data": base64.b64encode(array).decode(), "shape": [2, 8, 12], "dtype": "uint8"})


@pytest.mark.parametrize("categories", ["['lung', 'liver']", '["lung", "liver"]', "None", ""])
def test_masks_come_back_with_what_python_prints(tmp_path, categories):
    write_batches(PARSE.items(), tmp_path)
    rows = read(scored(tmp_path, lambda name: [masks(name)[1], categories], file=False), PARSE, decode_parse)
    for name, row in rows.items():
        np.testing.assert_array_equal(row.probabilities, masks(name)[0])
        assert row.categories == (("lung", "liver") if categories.startswith("[") else ())


@pytest.mark.parametrize("categories", ["['lung', __import__('os')]", "['lung' + 'x']", "[lung]", "['it's']", "('a',)"])
def test_nothing_else_that_python_prints_is_taken(tmp_path, categories):
    write_batches(PARSE.items(), tmp_path)
    with pytest.raises(BadReply, match="not JSON"):
        read(scored(tmp_path, lambda name: [masks(name)[1], categories]), PARSE, decode_parse)


def test_reports_of_other_columns_lie_in_other_files(tmp_path):
    asks = {
        "a": ask_report([CxrInput(picture(1))]),
        "b": ask_report([CxrInput(picture(2), lateral=picture(3))]),
        "c": ask_report([CxrInput(picture(4), lateral=picture(5))]),
    }
    assert len(write_batches(asks.items(), tmp_path)) == 2
    rows = read(scored(tmp_path, lambda name: [json.dumps([[f"Sentence {name}, said.", None]])]), asks, decode_report)
    assert {name: row.sentences[0].text for name, row in rows.items()} == {
        name: f"Sentence {name}, said." for name in "abc"
    }


@pytest.mark.parametrize("name", ["", "../a", "a/b", "a\nb", "=1+1", "-a", "x" * 129, "a b", "a,b", "é"])
def test_an_unsafe_id_is_refused(tmp_path, name):
    with pytest.raises(BadRequest, match="id"):
        write_batches([(name, ASKS["study-0"])], tmp_path)


def test_what_cannot_be_a_batch_is_refused(tmp_path):
    two = ask_insight([picture(1), picture(2)], [])
    for place, asks in enumerate(
        [
            [("a", ASKS["study-0"]), ("a", ASKS["study-1"])],
            [("a", two)],
            [("a", ask_insight([picture(1), None], ["x", "y"]).part(slice(1, 2)))],
            [("a", ASKS["study-0"]), ("b", PARSE["p0"])],
            [("a", ask_tiles([picture(1)]))],
        ]
    ):
        with pytest.raises(BadRequest):
            write_batches(asks, tmp_path / str(place))
    write_batches(ASKS.items(), tmp_path / "full")
    with pytest.raises(BadRequest, match="already"):
        write_batches(ASKS.items(), tmp_path / "full")


@pytest.mark.parametrize("content", [b"", b"file,row\n", b"\xff\xfe", b'"', b"file,row,id,key\na,x,b,c\n"])
def test_a_broken_list_of_ids_is_refused(tmp_path, content):
    (tmp_path / "ids.csv").write_bytes(content)
    (tmp_path / "predictions.csv").write_bytes(b"0,1\n")
    with pytest.raises(BadFile):
        read((tmp_path / "predictions.csv", tmp_path / "ids.csv"))


def test_memory_does_not_grow_with_the_cohort(tmp_path):
    """400 pictures of 64 kB, 25 MB of them, in files of 10."""
    asks = ((f"s{n}", ask_insight([picture(n, columns=256, rows=256)], ["t"])) for n in range(400))
    tracemalloc.start()
    write_batches(asks, tmp_path, most_rows=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 << 20
    assert sum(path.stat().st_size for path in (tmp_path / "inputs").iterdir()) > 25 << 20
