"""A chest film with a canary wherever DICOM lets somebody write one."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

CANARY = "ZZYZXCANARY"
NUMBER = "QQ98765432177"
BORN = "19470309"
SEEN = "20211117"
UID = "1.2.826.0.1.3680043.8.498.555111333"
"""Of another maker than the standard."""
FIRST, SECOND = f"{UID}.1", f"{UID}.2"
TEXTS = (
    "OtherPatientIDs", "InstitutionName", "InstitutionAddress", "ReferringPhysicianName", "StationName",
    "AccessionNumber", "OperatorsName", "StudyID", "DeviceSerialNumber", "PatientComments", "ImageComments",
    "PatientAddress", "PerformingPhysicianName", "StudyDescription", "SeriesDescription", "ProtocolName",
    "RequestingPhysician", "PatientMotherBirthName", "OtherPatientNames", "IssuerOfPatientID", "AdmissionID",
    "InstitutionalDepartmentName", "NameOfPhysiciansReadingStudy", "AcquisitionComments", "PatientBirthName",
    "PatientTelephoneNumbers", "MilitaryRank", "Occupation", "AdditionalPatientHistory", "ReasonForStudy",
    "RequestedProcedureDescription", "PerformedProcedureStepDescription", "DerivationDescription", "DetectorID",
    "PlateID", "CassetteID", "GantryID", "ContrastBolusAgent", "MedicalAlerts", "Allergies",
    "PatientReligiousPreference", "InterpretationText",
    "CountryOfResidence", "RegionOfResidence", "CurrentPatientLocation", "PatientInsurancePlanCodeSequence",
    "RetrieveAETitle", "TextComments", "ResponsiblePerson", "FillerOrderNumberImagingServiceRequest",
    "AcquisitionDeviceProcessingDescription", "SequenceName", "FilterType", "ManufacturerModelName", "CurveLabel",
)  # fmt: skip
"""The last before CurveLabel are not in the profile's table: the patient's name may stand there all the same."""


def film(folder: Path, *, patient: str = NUMBER, series: str = FIRST, study: int = 0, name: str = CANARY) -> Path:
    """One planted film; `name` in its file's name, too."""
    path = write_chest(make_chest(ChestPhantom(spacing_mm=2.0, study=study)), folder)
    with config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(path)
        plant(data, patient, name)
        data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID = (
            UID,
            series,
            generate_uid(prefix=UID + ".9."),
        )
        content = _bytes(data, folder)
    path.unlink()
    renamed = folder / f"{name}_{patient}_{series[-1]}_{study}.dcm"
    renamed.write_bytes(content)
    return renamed


def plant(data: Dataset, patient: str, name: str) -> None:
    """Into texts, nested items, private blocks, overlays, curves, pixels' padding and the file's frame."""
    for keyword in TEXTS:
        if pydicom.datadict.tag_for_keyword(keyword) and not keyword.endswith("Sequence"):
            setattr(data, keyword, name)
    data.PatientName, data.PatientID, data.PatientBirthDate = f"{name}^GIVEN", patient, BORN
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = SEEN
    data.AcquisitionDateTime = SEEN + "101112"
    inner, item = Dataset(), Dataset()
    inner.PatientName, inner.PatientID, inner.InstitutionName = f"{name}^G", patient, name
    inner.ReferencedSOPClassUID, inner.ReferencedSOPInstanceUID = data.SOPClassUID, SECOND
    inner.private_block(0x0013, name, create=True).add_new(1, "LO", name)
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = data.SOPClassUID, FIRST
    item.PurposeOfReferenceCodeSequence = Sequence([inner])
    data.SourceImageSequence = Sequence([item])
    data.RequestAttributesSequence = Sequence([inner])
    data.ReferencedPatientSequence = Sequence([inner])
    data.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = Sequence([inner])
    block = data.private_block(0x0011, f"{name} SYSTEM", create=True)
    block.add_new(1, "LO", name)
    block.add_new(2, "OB", name.encode() + b"\0")
    block.add_new(3, "SQ", Sequence([inner]))
    data.add_new(0x60000010, "US", 8)
    data.add_new(0x60000011, "US", 16)
    data.add_new(0x60000022, "LO", name)
    data.add_new(0x60003000, "OW", name.encode().ljust(16))
    data.add_new(0x60004000, "LT", name)
    data.add_new(0x50003000, "OW", name.encode() + b"\0")
    data.add_new(0x50002500, "LO", name)
    data.add_new(0x00091001, "UN", name.encode() + b"\0")
    data.add_new(0x00080099, "LO", name)
    data.add_new(0xFFFCFFFC, "OB", name.encode() + b"\0")
    data.PixelData += name.encode() + b"\0"


def _bytes(data: Dataset, folder: Path) -> bytes:
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.SourceApplicationEntityTitle = CANARY
    data.file_meta.PrivateInformationCreatorUID = UID
    data.file_meta.PrivateInformation = CANARY.encode() + b"\0"
    data.preamble = CANARY.encode().ljust(128, b".")
    path = folder / "planted"
    data.save_as(path)
    content = path.read_bytes()
    path.unlink()
    return content


def samples(path: Path) -> np.ndarray:
    """The stored pixels that the header speaks of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(pydicom.dcmread(path).pixel_array)
