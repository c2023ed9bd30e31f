"""Studies for the DICOM exports: acquisitions of every orientation, a report about any study, and the validators."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.finding import Comparison, Finding, Limitation, Statement
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.region import Region
from readingroom.domain.report import Provenance, Report
from readingroom.exports.material import Material
from readingroom.imaging.image import Study
from readingroom.imaging.instances import instances_of
from readingroom.imaging.reader import read_study

Mask = NDArray[np.bool_]
KEY = b"a key of the tests"
INSIDE = 1000
"""HU of what is to be outlined in the drawn acquisitions; nothing else reaches it."""


class World(NamedTuple):
    """A report with everything an export may look at."""

    report: Report
    material: Material
    masks: dict[str, Mask]


def letter(shape: tuple[int, ...]) -> Mask:
    """An F with a foot, unlike itself under every flip and turn; in a volume its stem grows with the slices."""
    mask = np.zeros(shape, bool)
    rows, columns = shape[-2:]
    flat = np.zeros((rows, columns), bool)
    top, left, high, wide = rows // 5, columns // 4, rows // 2, columns // 3
    flat[top : top + high, left : left + max(1, wide // 4)] = True
    flat[top : top + max(1, high // 6), left : left + wide] = True
    flat[top + high // 2 : top + high // 2 + max(1, high // 8), left : left + wide // 2] = True
    if len(shape) == 2:
        return flat
    for index in range(shape[0] // 4, shape[0] - 1):
        mask[index] = flat
        mask[index, : top + index, left + wide // 4 :] &= index % 2 == 0
    return mask


def origin(step: str, tool: str = "segment") -> Origin:
    return Origin(
        tool=tool, tool_version="1", backend="classical", model="outline", model_version="0.2.0",
        preprocessing_id="source-pixels", step=step, input_sha256="a" * 64, output_sha256="b" * 64, pointer="/raw/0",
    )  # fmt: skip


def box_of(mask: Mask) -> tuple[float, float, float, float]:
    flat = mask.any(axis=0) if mask.ndim == 3 else mask
    rows, columns = np.flatnonzero(flat.any(1)), np.flatnonzero(flat.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def measurements(ref: ImageRef) -> tuple[Measurement, ...]:
    """A size as its spacing allows, a density and a ratio: with and without sd, millimetres and pixels."""
    known = ref.spacing is not None
    at_detector = ref.spacing is not None and ref.spacing.plane == "detector"
    return (
        Measurement(name="longest_diameter", value=12.34567, unit="mm" if known else "px", decimals=1, sd=0.42,
                    method="greatest distance of two points", at_detector=at_detector,
                    spacing_source=ref.spacing.source if ref.spacing else "none"),
        Measurement(name="area", value=1234.5, unit="px2", decimals=-2, method="count of pixels", sd=25.0),
        Measurement(name="mean_hu", value=-829.4, unit="HU", decimals=0, method="mean inside", qualifier="exact"),
        Measurement(name="cardiothoracic_ratio", value=0.5812, unit="1", decimals=2, sd=0.03, qualifier="estimated",
                    method="heart over thorax"),
    )  # fmt: skip


def evidence_of(ref: ImageRef, n: int, masks: dict[str, Mask]) -> tuple[Evidence, ...]:
    """An outline, a measurement of it, a box, lines, an absent finding, and two outlines together, of one image."""
    depth = (ref.depth,) if ref.kind == "volume" else ()
    mask = letter((*depth, ref.rows, ref.columns))
    other = np.zeros_like(mask)
    other[..., -3:, -5:] = True
    masks[f"{ref.id}-letter"], masks[f"{ref.id}-other"] = mask, other
    plane = None if ref.kind == "image" else ref.depth // 2

    def region(kind: Any, label: str, box: tuple[float, float, float, float], digest: str | None = None) -> Region:
        return Region(image_id=ref.id, kind=kind, frame="source_pixels", box=box, label=label, plane=plane,
                      mask_digest=digest)  # fmt: skip

    first = region("mask", "letter", box_of(mask), f"{ref.id}-letter")
    second = region("mask", "other", box_of(other), f"{ref.id}-other")
    line = region("line", "across", (1.5, 2.25, 7.5, 9.75))
    box = region("box", "opacity", (2.0, 3.0, 9.5, 8.25))
    name = f"E{n}"
    told: dict[str, Any] = {"image_id": ref.id, "presence": "present"}
    return (
        Evidence(id=f"{name}1", observation="lung", laterality="right", summary="outlined", regions=(first,),
                 origin=origin("s1"), quality=0.8, quality_reason="faint below", **told),
        Evidence(id=f"{name}2", observation="lung", laterality="right", summary="measured", regions=(first,),
                 measurements=measurements(ref), derived_from=(f"{name}1",), origin=origin("s2", "measure"), **told),
        Evidence(id=f"{name}3", observation="opacity", laterality="left", zone="lower zone", severity="moderate",
                 certainty="likely", summary="boxed", regions=(box,), score=0.71, score_kind="probability",
                 origin=origin("s3"), **told),
        Evidence(id=f"{name}4", observation="cardiothoracic_ratio", summary="lines", regions=(line,),
                 measurements=measurements(ref)[:1], origin=origin("s4", "measure"), **told),
        Evidence(id=f"{name}5", observation="pleural_effusion", presence="absent", summary="none seen",
                 image_id=ref.id, origin=origin("s5")),
        Evidence(id=f"{name}6", observation="lung_size_asymmetry", summary="of two", regions=(first, second),
                 measurements=measurements(ref)[3:], origin=origin("s6", "measure"), **told),
        Evidence(id=f"{name}7", kind="clinical_note", trust="untrusted_text", observation="cough", quote="cough",
                 summary="note", origin=origin("s7"), **told),
    )  # fmt: skip


def report_of(study: Study, **changes: Any) -> tuple[Report, dict[str, Mask]]:
    """A report that says something of every image of a study, with its masks."""
    masks: dict[str, Mask] = {}
    refs = tuple(image.ref for image in study.images)
    evidence = tuple(item for n, ref in enumerate(refs, 1) for item in evidence_of(ref, n, masks))
    prior = next((ref.id for ref in refs if ref.role == "prior"), None)
    fields: dict[str, Any] = {
        "id": "rep-1", "title": "Test", "subject": study.subject, "images": refs, "evidence": evidence,
        "findings": (
            Finding(id="F1", text="There is an opacity of 12.3 ± 0.4 mm in the left lower zone.",
                    observation="opacity", presence="present", laterality="left", severity="moderate",
                    evidence=("E13", "E12"),
                    comparison=Comparison(prior_image_id=prior, change="larger") if prior else None),
            Finding(id="F2", text="No pleural effusion.", observation="pleural_effusion", presence="absent",
                    evidence=("E15",)),
        ),
        "impression": (
            Statement(id="I1", text="Opacity, likely pneumonia.", derived_from=("F1",), certainty="likely"),
        ),
        "limitations": (Limitation(code="research_only", text="For research only; not a diagnosis."),),
        "provenance": Provenance(
            run="run-1", workflow="report", template="chest", template_sha256="c" * 64, planner="rules",
            writer="template", backends=("classical baseline 0.1.0",), code_version="0.1.0",
            started="2025-11-22T01:00:00Z", finished="2025-11-22T01:00:02Z",
        ),
    }  # fmt: skip
    return Report.model_validate({**fields, **changes}), masks


def world(paths: Sequence[Path], *, priors: Sequence[Path] = (), **changes: Any) -> World:
    """Files, as a report and all that an export may look at."""
    study = read_study(paths, priors=priors, subject_key=KEY)
    report, masks = report_of(study, **changes)
    return World(report, Material(masks.__getitem__, study, instances_of([*paths, *priors], study)), masks)


DIRECTIONS: dict[str, tuple[float, ...]] = {
    "axial": (1, 0, 0, 0, 1, 0),
    "axial, head up in the rows": (0, 1, 0, 1, 0, 0),
    "coronal": (1, 0, 0, 0, 0, -1),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "sagittal, mirrored": (0, -1, 0, 0, 0, 1),
    "turned": (0.9848078, 0.1736482, 0, -0.1736482, 0.9848078, 0),
}


def acquire(
    folder: Path, directions: Sequence[float], *, steps: float = 2.5, shear: float = 0.0, shuffled: bool = True
) -> Path:
    """A CT series of 9 slices of 24 x 20 pixels of 0.7 x 1.3 mm, holding a letter of `INSIDE` HU.

    `steps` are millimetres along the normal, below 0 for slices that run against it; `shear` moves each slice along
    its columns, as a tilted gantry does. Files and instance numbers are in no order when `shuffled`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = (9, 24, 20)
    hu = np.where(letter(shape), INSIDE, 0) + (np.indices(shape).sum(0) % 7)
    hu[letter(shape)] = INSIDE
    row, column = np.asarray(directions[:3], float), np.asarray(directions[3:], float)
    normal = np.cross(row, column)
    names = np.random.default_rng(3).permutation(shape[0]) if shuffled else np.arange(shape[0])
    for index, plane in enumerate(hu):
        position = np.asarray([-11.5, 7.25, 100.0]) + index * (steps * normal + shear * column)
        _ct(plane, position, directions, int(names[index])).save_as(
            folder / f"{names[index]:03d}.dcm", enforce_file_format=True
        )
    return folder


def _ct(plane: NDArray[Any], position: NDArray[np.float64], directions: Sequence[float], number: int) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SpecificCharacterSet = "ISO_IR 100"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID(CTImageStorage)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = UID(f"1.2.826.0.1.3680043.8.498.1.{number + 1}")
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Müller^Jörg", "P-77", "19500102", "M"
    data.StudyInstanceUID, data.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.2", "1.2.826.0.1.3680043.8.498.3"
    data.StudyDate, data.StudyTime, data.StudyID, data.AccessionNumber = "20250102", "101112", "S1", "A-99"
    data.ReferringPhysicianName, data.Manufacturer = "Weiß^Anna", "Scanner & Co"
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = "1.2.826.0.1.3680043.8.498.4", ""
    data.Modality, data.SeriesNumber, data.InstanceNumber, data.AcquisitionNumber = "CT", 4, number + 1, 1
    data.ImageType, data.KVP, data.BodyPartExamined = ["ORIGINAL", "PRIMARY", "AXIAL"], "120", "CHEST"
    data.PatientPosition, data.SliceThickness = "HFS", "2.5"
    data.ImageOrientationPatient = [f"{value:.7g}" for value in directions]
    data.ImagePositionPatient = [f"{value:.7g}" for value in position]
    data.PixelSpacing = ["0.7", "1.3"]
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = "-1024", "1", "HU"
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = plane.shape
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.PixelData = (plane + 1024).astype("<u2").tobytes()
    return data


def outlined(place: World) -> World:
    """The same study with one mask only: the voxels that hold `INSIDE`, found in the volume as it was read."""
    assert place.material.study is not None
    image = place.material.study.images[0]
    mask = np.asarray(image.pixels == INSIDE)
    item = place.report.evidence[0]
    region = item.regions[0].model_copy(update={"mask_digest": "inside", "box": box_of(mask)})
    report = place.report.model_copy(
        update={"evidence": (item.model_copy(update={"regions": (region,)}),), "findings": (), "impression": ()}
    )
    masks = {"inside": mask}
    material = Material(masks.__getitem__, place.material.study, place.material.instances)
    return World(report, material, masks)


def program(name: str) -> str:
    """The path of a validator; the test is skipped where it is not installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian packages dicom3tools and dcmtk)")
    return found


KNOWN_WARNINGS = (
    "Unrecognized defined term = <99READINGROOM>",  # our own coding scheme, as PS3.16 section 8 allows
    "Unrecognized defined term = <RADLEX>",  # a scheme of PS3.16 table 8-1; the program's table is older
    "</Laterality(0020,0060)> - is only permitted to be empty when actually unknown",  # the source does not say
    "</PatientWeight(0010,1030)[1]> - Value is zero",  # copied: the source says so
    "</PatientSize(0010,1020)[1]> - Value is zero",
    "Retired Person Name form",
    "Missing attribute or value that would be needed to build DICOMDIR",  # of an empty element of the source's
)


def complaints(data: bytes, folder: Path) -> list[str]:
    """What `dciodvfy` says of a file beyond its class and the warnings that are known and harmless."""
    path = folder / "checked.dcm"
    path.write_bytes(data)
    done = subprocess.run([program("dciodvfy"), "-new", str(path)], capture_output=True, check=False, timeout=60)
    lines = done.stderr.decode(errors="replace").splitlines()
    found = [line for line in lines if line.startswith(("Error", "Warning"))]
    return [line for line in found if line.startswith("Error") or not any(known in line for known in KNOWN_WARNINGS)]


NO_UTF8 = "W: The VR checker does not support this Specific Character Set: ISO_IR 192"
"""Of dcmtk itself, whatever the file."""


def dumped(data: bytes, folder: Path) -> str:
    """The whole of a structured report as `dsrdump` prints it; it must read it without complaint."""
    path = folder / "dumped.dcm"
    path.write_bytes(data)
    done = subprocess.run(
        [program("dsrdump"), "-Ee", "+Pl", "+Pn", "+U8", str(path)], capture_output=True, check=False, timeout=60
    )
    said = done.stderr.decode(errors="replace").replace(NO_UTF8, "")
    assert done.returncode == 0, said
    assert not said.strip(), said
    return done.stdout.decode(errors="replace")
