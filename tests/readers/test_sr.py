"""DICOM structured reports read in: our own sentence by sentence, others as "name: value unit"."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EncapsulatedPDFStorage, EnhancedSRStorage, ExplicitVRLittleEndian

from readingroom.errors import BadFile
from readingroom.exports.dicom_sr import to_dicom_sr
from readingroom.language.sentences import read_report
from readingroom.readers.reading_in import read_text
from tests.exports import dicom_world


def code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def item(kind: str, name: tuple[str, str, str], relation: str = "CONTAINS", **more: Any) -> Dataset:
    made = Dataset()
    made.ValueType, made.RelationshipType, made.ConceptNameCodeSequence = kind, relation, [code(*name)]
    for keyword, value in more.items():
        setattr(made, keyword, value)
    return made


def number(name: tuple[str, str, str], value: str, unit: str) -> Dataset:
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, [code(unit, "UCUM", unit)]
    return item("NUM", name, MeasuredValueSequence=[measured])


def document(*items: Dataset, sop_class: str = EnhancedSRStorage) -> bytes:
    root = item("CONTAINER", ("126000", "DCM", "Imaging Measurement Report"), ContentSequence=list(items))
    del root.RelationshipType
    root.SOPClassUID, root.SOPInstanceUID, root.SpecificCharacterSet = sop_class, "1.2.3", "ISO_IR 192"
    root.file_meta = FileMetaDataset()
    root.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    root.file_meta.MediaStorageSOPClassUID, root.file_meta.MediaStorageSOPInstanceUID = sop_class, "1.2.3"
    made = BytesIO()
    root.save_as(made, enforce_file_format=True)
    return made.getvalue()


FINDINGS, IMPRESSIONS = ("121070", "DCM", "Findings"), ("121072", "DCM", "Impressions")
FINDING, IMPRESSION = ("121071", "DCM", "Finding"), ("121073", "DCM", "Impression")
DIAMETER = ("81827009", "SCT", "Diameter")


def told(data: bytes) -> list[tuple[str, str]]:
    return [(each.section, each.text) for each in read_report(read_text(data))]


def test_our_own_says_the_same_sentences(tmp_path: Path) -> None:
    place = dicom_world.world(sorted(dicom_world.acquire(tmp_path / "ct", (1, 0, 0, 0, 1, 0)).iterdir()))
    said = [("findings", each.text) for each in place.report.findings]
    said += [("impression", each.text) for each in place.report.impression]
    assert [
        pair for pair in told(to_dicom_sr(place.report, place.material)) if pair[0] in ("findings", "impression")
    ] == said


def test_sections_by_code_or_by_words() -> None:
    said = (
        (("11329-0", "LN", "History"), ("x", "99", "Reason"), "Husten."),
        (FINDINGS, FINDING, "Keine Größenzunahme."),
        (("z", "99LOCAL", "Impression"), IMPRESSION, "Normal."),
    )
    data = document(
        *(item("CONTAINER", head, ContentSequence=[item("TEXT", name, TextValue=text)]) for head, name, text in said)
    )
    assert told(data) == [
        ("indication", "Reason: Husten."), ("findings", "Keine Größenzunahme."), ("impression", "Normal."),
    ]  # fmt: skip


def test_numbers_and_codes_are_a_name_a_value_and_a_unit() -> None:
    data = document(
        item("CONTAINER", FINDINGS, ContentSequence=[
            number(DIAMETER, "8.5", "mm"),
            item("CODE", ("x", "99", "Margin"), ConceptCodeSequence=[code("y", "99", "spiculated")]),
        ]),
    )  # fmt: skip
    assert told(data) == [("findings", "Diameter: 8.5 mm."), ("findings", "Margin: spiculated.")]


def group() -> Dataset:
    side = item(
        "CODE",
        ("272741003", "SCT", "Laterality"),
        "HAS CONCEPT MOD",
        ConceptCodeSequence=[code("7771000", "SCT", "Left")],
    )
    return item("CONTAINER", ("125007", "DCM", "Measurement Group"), ContentSequence=[
        item("TEXT", ("112039", "DCM", "Tracking Identifier"), "HAS OBS CONTEXT", TextValue="T1"),
        item("CODE", FINDING, ConceptCodeSequence=[code("27925004", "SCT", "Nodule")]),
        item("CODE", ("363698007", "SCT", "Finding Site"), "HAS CONCEPT MOD",
             ConceptCodeSequence=[code("39607008", "SCT", "Lung")], ContentSequence=[side]),
        number(DIAMETER, "8", "mm"), number(("118565006", "SCT", "Volume"), "212", "mm3"),
    ])  # fmt: skip


def test_a_measurement_group_is_one_line() -> None:
    measured = item("CONTAINER", ("126010", "DCM", "Imaging Measurements"), ContentSequence=[group()])
    assert told(document(measured)) == [("findings", "Nodule, Left Lung: Diameter 8 mm; Volume 212 mm³.")]


def test_beside_sentences_a_group_is_evidence() -> None:
    measured = item("CONTAINER", ("126010", "DCM", "Imaging Measurements"), ContentSequence=[group()])
    sentence = item("CONTAINER", FINDINGS, ContentSequence=[item("TEXT", FINDING, TextValue="There is a nodule.")])
    assert told(document(measured, sentence)) == [("findings", "There is a nodule.")]
    assert "Diameter 8 mm" in read_text(document(measured, sentence))


def test_people_and_identifiers_of_the_context_are_left_out() -> None:
    observer = item("PNAME", ("121008", "DCM", "Person Observer Name"), "HAS OBS CONTEXT", PersonName="Weiß^Anna")
    data = document(observer, item("CONTAINER", FINDINGS, ContentSequence=[item("TEXT", FINDING, TextValue="Clear.")]))
    assert "Anna" not in read_text(data)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (document(sop_class=CTImageStorage), "no structured report"),
        (document(sop_class=EncapsulatedPDFStorage), "wrapped in DICOM"),
        (document(item("TEXT", FINDING, TextValue="Clear."))[:300], "no structured report|broken|no DICOM"),
    ],
    ids=["image", "pdf", "cut"],
)
def test_other_dicom_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(BadFile, match=what):
        read_text(data)


def test_deep_nesting_is_refused() -> None:
    inner = item("TEXT", FINDING, TextValue="Clear.")
    for _ in range(60):
        inner = item("CONTAINER", FINDINGS, ContentSequence=[inner])
    with pytest.raises(BadFile, match="nest deeper"):
        read_text(document(inner))
