"""Small DICOM files written from code, with any element changed: what the reading tests read."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
DX_CLASS = "1.2.840.10008.5.1.4.1.1.1.1"
AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
CORONAL = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]
SAGITTAL = [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]


def dataset(pixels: NDArray[Any], *, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> Dataset:
    """A data set of grey or RGB pixels; `elements` are set last, None removes one."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.SOPClassUID = DX_CLASS
    data.SOPInstanceUID = generate_uid()
    data.PatientID = "PAT-001"
    data.Modality = "DX"
    data.Rows, data.Columns = pixels.shape[-3:-1] if pixels.shape[-1] == 3 else pixels.shape[-2:]
    data.SamplesPerPixel = 3 if pixels.shape[-1] == 3 else 1
    data.PhotometricInterpretation = "RGB" if pixels.shape[-1] == 3 else "MONOCHROME2"
    if data.SamplesPerPixel == 3:
        data.PlanarConfiguration = 0
    bits = pixels.dtype.itemsize * 8
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    content = pixels.tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OB" if bits <= 8 else "OW"
    with config.disable_value_validation():
        for keyword, value in elements.items():
            if value is not None:
                setattr(data, keyword, value)
            elif keyword in data:
                delattr(data, keyword)
    return data


def dicom_bytes(data: Dataset) -> bytes:
    """The file of a data set, whatever nonsense it holds."""
    data.file_meta.MediaStorageSOPClassUID = data.get("SOPClassUID", CT_CLASS)
    data.file_meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", generate_uid())
    buffer = BytesIO()
    with config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values that are wrong on purpose
        data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write(path: Path, pixels: NDArray[Any], *, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> Path:
    """One file from pixels and elements."""
    with config.disable_value_validation():
        path.write_bytes(dicom_bytes(dataset(pixels, syntax=syntax, **elements)))
    return path


def ct_slice(pixels: NDArray[np.int16], z: float, **elements: Any) -> Dataset:
    """An axial CT slice at height `z` in millimetres, 1 x 1 mm pixels, HU stored with intercept -1024."""
    return dataset(
        (pixels + 1024).astype(np.uint16),
        **{
            "SOPClassUID": CT_CLASS, "Modality": "CT", "RescaleSlope": "1", "RescaleIntercept": "-1024",
            "PixelSpacing": [1.0, 1.0], "ImageOrientationPatient": AXIAL, "ImagePositionPatient": [0.0, 0.0, z],
            "SeriesInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "SeriesNumber": 2,
            "InstanceNumber": int(z) + 1, **elements,
        },
    )  # fmt: skip


def ramp(rows: int = 80, columns: int = 96, kind: type[np.generic] = np.uint16) -> NDArray[Any]:
    """A picture that is different everywhere and in every direction."""
    y, x = np.mgrid[0:rows, 0:columns]
    return ((7 * x + 13 * y) % 251).astype(kind)
