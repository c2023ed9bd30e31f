"""Phantoms as files: a DX radiograph, an axial CT series, a NIfTI volume. Equal phantoms give equal bytes."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from readingroom.phantoms.chest import ChestImage
from readingroom.phantoms.ct import CtPhantom, CtVolume
from readingroom.phantoms.film import FULL
from readingroom.phantoms.parameters import ChestPhantom

DAY = "20251201"
"""A clock would make files differ. Earlier visits of a chest phantom count back in months from here."""

VIEWS = {"AP": ("399348003", "antero-posterior"), "PA": ("272479007", "postero-anterior")}
"""SNOMED CT codes of DICOM's CID 4010."""

IMAGE: Any = nibabel.Nifti1Image
"""nibabel carries no types."""

ROOT = hashlib.sha256(b"readingroom phantom").digest()


def phantom_uid(*parts: object) -> UID:
    """A UID under 2.25 (DICOM PS3.5 annex B.2) made from a digest of what it names; the same parts, the same UID."""
    digest = hashlib.sha256(ROOT + repr(parts).encode()).digest()[:16]
    uuid = bytearray(digest)
    uuid[6], uuid[8] = uuid[6] & 0x0F | 0x80, uuid[8] & 0x3F | 0x80
    return UID(f"2.25.{int.from_bytes(uuid, 'big')}")


def write_chest(image: ChestImage, folder: Path) -> Path:
    """One DX file, named by its parameters' digest; the header says which side lies at the image left."""
    phantom = image.phantom
    ds = _new(phantom, DigitalXRayImageStorageForPresentation)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = f"2025{12 - min(phantom.study, 11):02d}01"
    ds.StudyDescription, ds.SeriesDescription = "Digital phantom, chest", f"Chest {phantom.projection}"
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.PresentationIntentType, ds.PresentationLUTShape = "FOR PRESENTATION", "IDENTITY"
    if phantom.photometric == "MONOCHROME1":
        ds.PresentationLUTShape = "INVERSE"
    ds.PatientOrientation = ["R", "F"] if phantom.mirrored else ["L", "F"]
    ds.ViewPosition, ds.BodyPartExamined, ds.ImageLaterality = phantom.projection, "CHEST", "U"
    ds.AnatomicRegionSequence = Sequence([_code("816094009", "Chest")])
    ds.ViewCodeSequence = Sequence([_code(*VIEWS[phantom.projection])])
    ds.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence()
    ds.AcquisitionContextSequence = Sequence()
    wide, tall = phantom.field_mm
    ds.ImagerPixelSpacing = [_decimal(tall / phantom.rows), _decimal(wide / phantom.columns)]
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if phantom.photometric == "MONOCHROME1" else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.LossyImageCompression, ds.DetectorType = "00", "DIRECT"
    ds.FieldOfViewShape, ds.FieldOfViewOrigin = "RECTANGLE", ["0", "0"]
    ds.FieldOfViewRotation, ds.FieldOfViewHorizontalFlip = "0", "YES" if phantom.mirrored else "NO"
    ds.WindowCenter, ds.WindowWidth = str((FULL + 1) // 2), str(FULL + 1)
    ds.VOILUTFunction = "LINEAR"
    ds.BurnedInAnnotation, ds.PositionerType, ds.KVP = "NO", "NONE", "120"
    _put_pixels(ds, image.pixels, phantom.photometric)
    return _saved(ds, folder, f"chest-{_short(phantom)}.dcm")


def write_ct(volume: CtVolume, folder: Path) -> Path:
    """An axial series, one file a slice from the feet up, in a folder of its own, which is returned."""
    phantom, (_, row, column) = volume.phantom, volume.phantom.spacing_mm
    series = folder / f"ct-{_short(phantom)}"
    for k, plane in enumerate(volume.hu):
        ds = _new(phantom, CTImageStorage, k)
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = DAY
        ds.StudyDescription, ds.SeriesDescription = "Digital phantom", f"Axial {phantom.region}"
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.BodyPartExamined = "CHEST" if phantom.region != "abdomen" else "ABDOMEN"
        ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = phantom_uid(phantom, "frame"), ""
        ds.PatientPosition, ds.ImageOrientationPatient = "HFS", ["1", "0", "0", "0", "1", "0"]
        position = volume.affine @ (0, 0, k, 1)
        ds.ImagePositionPatient = [_decimal(value) for value in position[:3]]
        ds.SliceLocation = _decimal(position[2])
        ds.SliceThickness = _decimal(phantom.spacing_mm[0])
        ds.PixelSpacing = [_decimal(row), _decimal(column)]
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
        ds.KVP, ds.AcquisitionNumber = "120", "1"
        ds.WindowCenter, ds.WindowWidth = ["40", "-600"], ["400", "1500"]
        ds.WindowCenterWidthExplanation = ["SOFT TISSUE", "LUNG"]
        _put_pixels(ds, (plane.astype(np.int32) + 1024).astype(np.uint16), "MONOCHROME2")
        _saved(ds, series, f"{k + 1:04d}.dcm")
    return series


def write_nifti(volume: CtVolume, folder: Path) -> tuple[Path, Path]:
    """The scan and its labels as .nii.gz, axes to the patient's left, back and head, RAS coordinates as NIfTI has."""
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    stem, paths = f"ct-{_short(volume.phantom)}", []
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((stem, volume.hu), (f"{stem}-labels", volume.labels)):
        nifti = IMAGE(np.ascontiguousarray(data.transpose(2, 1, 0)), affine)
        nifti.header.set_xyzt_units("mm")
        path = folder / f"{name}.nii.gz"
        path.write_bytes(gzip.compress(nifti.to_bytes(), compresslevel=4, mtime=0))
        paths.append(path)
    return paths[0], paths[1]


def _new(phantom: ChestPhantom | CtPhantom, sop_class: str, instance: int = 0) -> Dataset:
    """What every file of ours has: a made-up patient, no clock, no hospital."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID(sop_class)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = phantom_uid(phantom, "instance", instance)
    ds.file_meta.ImplementationClassUID = phantom_uid("implementation")
    ds.file_meta.ImplementationVersionName = "READINGROOM"
    name, modality = ("Chest", "DX") if isinstance(phantom, ChestPhantom) else ("Ct", "CT")
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = modality, "Reading Room", "digital phantom"
    ds.SoftwareVersions, ds.DeviceSerialNumber = "1", "0"
    ds.PatientName, ds.PatientID = f"Phantom^{name}", f"{name.upper()}-{phantom.seed}"
    ds.PatientBirthDate, ds.PatientSex = "", "O"
    ds.PatientIdentityRemoved, ds.DeidentificationMethod = "YES", "Digital phantom: there is no patient"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = phantom_uid(phantom, "study"), phantom_uid(phantom, "series")
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", "1", str(instance + 1)
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "120000"
    ds.AccessionNumber = ds.ReferringPhysicianName = ""
    return ds


def _put_pixels(ds: Dataset, pixels: NDArray[np.uint16], photometric: str) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = pixels.astype("<u2").tobytes()


def _saved(ds: Dataset, folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    ds.save_as(path, enforce_file_format=True)
    return path


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", meaning
    return item


def _decimal(value: float) -> str:
    """A number as DICOM's decimal string allows it: sixteen characters at most."""
    return f"{value:.9g}"


def _short(phantom: object) -> str:
    return hashlib.sha256(repr(phantom).encode()).hexdigest()[:10]
