"""What headers say of an acquisition: read conservatively, and not said where they are silent or contradict."""

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from readingroom.imaging.acquisition import NOT_SAID, acquisition_of, contrast_named, said_of, sequences_named
from readingroom.imaging.dicom import Header, open_dicom, quiet
from readingroom.imaging.limits import Limits
from readingroom.imaging.png import encode_png
from readingroom.imaging.reader import read_study
from tests.imaging.dicom_files import AXIAL, SAGITTAL, dataset, dicom_bytes

GREY = np.zeros((8, 8), np.uint8)


def header(**elements):
    return Header(dataset(GREY, **{"Modality": "MR", **elements}))


def test_pydicoms_own_files_say_what_they_say_and_no_more():
    found = {}
    for name in ("MR_small.dcm", "CT_small.dcm"):
        with open(get_testdata_file(name), "rb") as file:
            content = file.read()
        with quiet():
            found[name] = acquisition_of(open_dicom(content, Limits(), where=name))
    mr, ct = found["MR_small.dcm"], found["CT_small.dcm"]
    assert mr["sequence"].value == "T2"  # a spin echo of TR 4000, TE 240
    assert mr["contrast"].value == NOT_SAID  # the element is there and empty
    assert (mr["modality"].value, mr["plane"].value, mr["anatomy"].value) == ("mr", "axial", NOT_SAID)
    assert (ct["contrast"].value, ct["contrast"].source) == ("with", "ContrastBolusAgent")
    assert (ct["modality"].value, ct["sequence"].value) == ("ct", NOT_SAID)


@pytest.mark.parametrize(
    ("elements", "value"),
    [
        ({"SeriesDescription": "AX T2 FLAIR FS"}, "FLAIR"),
        ({"SeriesDescription": "t1_mprage_sag_p2"}, "T1"),
        ({"SeriesDescription": "ep2d_diff ADC map diffusion"}, "ADC"),
        ({"SeriesDescription": "T2* gre"}, "T2*"),
        ({"SeriesDescription": "sag T1 and T2"}, NOT_SAID),
        ({"SeriesDescription": "T1 FLAIR"}, NOT_SAID),
        ({"SeriesDescription": "localizer", "ProtocolName": "STIR cor"}, "STIR"),
        ({"AcquisitionContrast": "PROTON_DENSITY", "SeriesDescription": "T2"}, "PD"),
        ({"ScanningSequence": "SE", "RepetitionTime": 500, "EchoTime": 12}, "T1"),
        ({"ScanningSequence": "SE", "RepetitionTime": 1500, "EchoTime": 50}, NOT_SAID),
        ({"ScanningSequence": "GR", "RepetitionTime": 500, "EchoTime": 12}, NOT_SAID),
        ({"ScanningSequence": ["SE", "IR"], "RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500}, "FLAIR"),
        ({"ScanningSequence": ["SE", "IR"], "RepetitionTime": 4000, "EchoTime": 40, "InversionTime": 150}, "STIR"),
        ({"Modality": "CT", "SeriesDescription": "T1 vertebra"}, NOT_SAID),
    ],
)
def test_sequences(elements, value):
    assert acquisition_of(header(**elements))["sequence"].value == value


@pytest.mark.parametrize(
    ("elements", "value"),
    [
        ({"ContrastBolusAgent": "Gadovist"}, "with"),
        ({"ContrastBolusAgent": "NONE"}, "without"),
        ({"ContrastBolusAgent": ""}, NOT_SAID),
        ({"ContrastBolusAgent": "7"}, NOT_SAID),
        ({"SeriesDescription": "T1 post contrast"}, "with"),
        ({"SeriesDescription": "T1_tra +C"}, "with"),
        ({"SeriesDescription": "T1 pre contrast"}, "without"),
        ({"SeriesDescription": "CT ohne KM"}, "without"),
        ({"SeriesDescription": "pre and post contrast"}, NOT_SAID),
        ({"SeriesDescription": "T1 tra"}, NOT_SAID),
        ({"SeriesDescription": "T1 post contrast", "ProtocolName": "T1 native"}, NOT_SAID),
    ],
)
def test_contrast(elements, value):
    assert acquisition_of(header(**elements))["contrast"].value == value


def test_the_plane_is_that_of_the_orientation():
    assert acquisition_of(header(ImageOrientationPatient=SAGITTAL))["plane"].value == "sagittal"
    assert acquisition_of(header(ImageOrientationPatient=AXIAL))["plane"].value == "axial"
    assert acquisition_of(header())["plane"].value == NOT_SAID


def test_words():
    assert sequences_named("T2 dark fluid") == {"FLAIR"}
    assert sequences_named("nothing of the kind") == frozenset()
    assert contrast_named("w/o contrast") == "without"


def test_a_study_says_what_its_file_says_and_a_picture_nothing(tmp_path):
    path = get_testdata_file("MR_small.dcm")
    study = read_study([type(tmp_path)(path)], subject_key=b"k" * 32)
    assert said_of([type(tmp_path)(path)], study)["sequence"].value == "T2"


def test_a_picture_without_a_header_says_nothing(tmp_path):
    (tmp_path / "a.png").write_bytes(encode_png(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)))
    study = read_study([tmp_path / "a.png"], subject_key=b"k" * 32)
    assert {one.value for one in said_of([tmp_path / "a.png"], study).values()} == {NOT_SAID}


def test_files_of_a_series_that_differ_say_nothing(tmp_path):
    for place, name in enumerate(("T1", "T1", "T2")):
        told = {"SeriesInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "ImageOrientationPatient": AXIAL,
                "ImagePositionPatient": [0.0, 0.0, float(place)], "PixelSpacing": [1.0, 1.0], "SliceThickness": 1,
                "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "InstanceNumber": place}  # fmt: skip
        grain = np.random.default_rng(place).integers(0, 255, (16, 16), np.uint8)
        data = dataset(grain, **{"Modality": "MR", "SeriesDescription": name, **told})
        (tmp_path / f"{place}.dcm").write_bytes(dicom_bytes(data))
    study = read_study([tmp_path], subject_key=b"k" * 32)
    assert study.images[0].ref.depth == 3
    found = said_of([tmp_path], study)
    assert found["sequence"].value == NOT_SAID
    assert found["plane"].value == "axial"
