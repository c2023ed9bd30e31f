"""Manifests as people have them, to the same items every time."""

import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readingroom.cohorts.item import Item
from readingroom.cohorts.journal import Journal
from readingroom.cohorts.listing import items_of, unused
from readingroom.cohorts.work import _failed, contents_of
from readingroom.errors import BadFile, BadRequest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_ct

KEY = b"k" * 32


def table(folder, text):
    path = folder / "cohort.csv"
    path.write_text(text, encoding="utf-8")
    return path


def listed(path, **how):
    return list(items_of(path, key=KEY, **how))


def test_a_table_of_words_and_files(tmp_path):
    (tmp_path / "a.png").write_bytes(b"abc")
    (item,) = listed(
        table(
            tmp_path,
            "file,prior,indication,targets,modality,pixel_mm,split\n"
            'a.png; b.png,old/a.png,"Cough, fever",heart;right lung,x_ray,0.2,train\n\n',
        )
    )
    assert item.paths == (str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    assert item.prior == (str(tmp_path / "old" / "a.png"),)
    assert item.words == {"indication": "Cough, fever", "targets": ["heart", "right lung"],
                          "stated": {"modality": "x_ray", "pixel_mm": "0.2"}}  # fmt: skip
    assert item.about == {"split": "train"}
    assert item.size == 3


def test_parquet_gives_the_items_of_csv_and_an_id_that_outlives_a_move(tmp_path):
    rows = [{"path": "x/1.png", "label": "a"}, {"path": "x/2.png", "label": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    csv = listed(table(tmp_path, "path,label\nx/1.png,a\nx/2.png,\n"))
    assert listed(tmp_path / "t.parquet") == csv
    (tmp_path / "moved").mkdir()
    shutil.copy(tmp_path / "t.parquet", tmp_path / "moved")
    assert [item.id for item in listed(tmp_path / "moved" / "t.parquet")] == [item.id for item in csv]
    assert unused(table(tmp_path, "path,label,my_note\nx/1.png,a,b\n")) == ("my_note",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,label\nx,y\n", "the table has no column of files"),
        ("file,modality\na.png,x-ray-like\n", "row 1: stated.modality"),
        ("file,id\n,1\n", "row 1: the row names no file"),
        ("file\n\xff", "no CSV table in UTF-8"),
        ("file;label\na.png;1\n", "its columns stand apart by semicolons. Save it with commas"),
        ("file\tlabel\na.png\t1\n", "its columns stand apart by tabs"),
        ("file,file\na.png,b.png\n", "the column 'file' stands twice"),
        ('file,indication\na.png,"cough\n', r"line 2: unexpected end of data"),
        ("file,patient_id\na.png,7\nb.png,1.23457E+11\n", "row 2: a spreadsheet has spoiled the number"),
        ("file,patient_id\na.png,#N/A\n", "row 1: a spreadsheet has spoiled the number"),
    ],
)
def test_what_is_no_manifest_is_told_by_row(tmp_path, text, said):
    path = table(tmp_path, "")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadFile, match=said):
        listed(path)


def test_what_is_no_parquet_is_told(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"no")
    with pytest.raises(BadFile, match="no Parquet table"):
        listed(tmp_path / "t.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    with pytest.raises(BadFile, match="no column of files"):
        listed(tmp_path / "t.parquet")


def test_pictures_within_a_parquet_table_are_no_files_of_it(tmp_path):
    packed = {"image": [{"bytes": b"x", "path": "a.png"}], "label": ["a"]}
    pq.write_table(pa.table(packed), tmp_path / "t.parquet")
    with pytest.raises(BadFile, match=r"the column 'image' holds structures or bytes\. Write the pictures to files"):
        listed(tmp_path / "t.parquet")
    pq.write_table(pa.table({**packed, "file": ["b.png"]}), tmp_path / "t.parquet")
    (item,) = listed(tmp_path / "t.parquet")
    assert item.paths == (str(tmp_path / "b.png"),)
    assert unused(tmp_path / "t.parquet") == ("image",)
    pq.write_table(pa.table({"file": ["b.png"], "subject": [b"7"]}), tmp_path / "t.parquet")
    with pytest.raises(BadFile, match=r"the column 'subject' holds structures or bytes\. Write words"):
        listed(tmp_path / "t.parquet")


def test_a_path_that_no_disk_can_hold_is_an_item_that_will_fail(tmp_path):
    (item,) = listed(table(tmp_path, f"file\n{'x' * 5000}.png\n"))
    assert item.size == 0


def test_a_manifest_that_breaks_off_or_is_empty_leaves_the_listing_before(tmp_path):
    journal = Journal(tmp_path)
    try:
        journal.list_items(listed(table(tmp_path, "file\n" + "".join(f"{n}.png\n" for n in range(700)))), "")
        broken = table(tmp_path, "file\n" + "".join(f"{n}.png\n" for n in range(600)) + '"\n')
        with pytest.raises(BadFile):
            journal.list_items(items_of(broken, key=KEY), "")
        assert journal.count() == {"waiting": 700}
        (tmp_path / "unmounted").mkdir()
        for nothing in (table(tmp_path, "file\n"), tmp_path / "unmounted"):
            with pytest.raises(BadRequest, match="the manifest names nothing"):
                journal.list_items(items_of(nothing, key=KEY), "")
        assert journal.count() == {"waiting": 700}
    finally:
        journal.close()


def test_rows_that_stand_twice_count_once_and_an_id_stands_for_one_thing(tmp_path):
    journal = Journal(tmp_path)
    try:
        assert journal.list_items(listed(table(tmp_path, "file\na.png\na.png\nb.png\n")), "") == 1
        assert journal.count() == {"waiting": 2}
        with pytest.raises(BadRequest, match="the id '7' stands twice"):
            journal.list_items(listed(table(tmp_path, "id,file\n7,a.png\n7,b.png\n")), "")
        assert journal.list_items(listed(table(tmp_path, "id,file\n7,a.png\n8,b.png\n")), "") == 0
        assert journal.count() == {"waiting": 2}  # nothing is left of the listing that broke off
    finally:
        journal.close()


def test_a_tree_of_dicom_by_study_and_by_series_wherever_the_files_lie(tmp_path):
    for seed in (1, 2):
        write_ct(make_ct(CtPhantom(seed=seed, spacing_mm=(10.0, 8.0, 8.0))), tmp_path / "in" / str(seed))
    first = sorted((tmp_path / "in" / "1").rglob("*.dcm"))
    (tmp_path / "in" / "elsewhere").mkdir()
    first[0].rename(tmp_path / "in" / "elsewhere" / "1.dcm")
    (tmp_path / "in" / "note.txt").write_text("no image")
    for by in ("study", "series"):
        items = listed(tmp_path / "in", by=by)
        studies = [item for item in items if not item.error]
        assert sorted(len(item.paths) for item in studies) == [len(first)] * 2
        assert all(item.subject and item.study and item.study in item.id for item in studies)
        assert [item.id for item in items if item.error] == [items[0].id]


def test_pipes_and_devices_are_refused_and_names_of_files_stay_out_of_reasons(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    item = Item(id="1", paths=(str(tmp_path / "a.png"), str(tmp_path / "pipe.png")))
    (tmp_path / "a.png").write_bytes(b"a")
    with pytest.raises(BadFile, match="not an ordinary file") as raised:
        contents_of(item)
    assert _failed(item, raised.value).reason.startswith("file 2 of 2: this is not an ordinary file")
    with pytest.raises(BadFile) as raised:
        contents_of(Item(id="1", paths=(str(tmp_path / "Doe^Jane.png"),)))
    assert "Doe" not in _failed(Item(id="1", paths=(str(tmp_path / "Doe^Jane.png"),)), raised.value).reason
