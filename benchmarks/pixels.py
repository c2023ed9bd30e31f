"""Images a second from DICOM file to request body for MedImageInsight on one core, and what each compression costs.

A chest film of 2500 x 2048 and a CT slice of 512 x 512, both 12 bits, made by program, go through `read_study`,
`prepare` (with its look for burned-in text) and `Ask.body`. Beside them, in the same minute: the usual way restated
(pydicom, float64, 1st and 99th percentile, Pillow's Lanczos and default PNG), and with --toolkit the path of
Microsoft's healthcareai_toolkit (SimpleITK, scikit-image, Pillow) from a checkout of its package, run by
--toolkit-python. Each time is the least of its rounds, files warm in the page cache. Decoding is timed by itself, with
the decoding process already started; starting it takes `start_ms` once a study. HTJ2K is left out: no encoder of it is
among the dependencies.

The three ways are timed in seconds of the processor (nothing in them waits), decoding by the clock. Of a film's time
here the SHA-256 of the file and the look for text take half, which the others do without. Bars that --check holds for
the film: 4 times the usual way, 12 times the toolkit.

    python benchmarks/pixels.py [--rounds N] [--toolkit PATH --toolkit-python PYTHON] [--json] [--check]
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import gdcm
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from readingroom.imaging.codec import Codec, layout_of
from readingroom.imaging.dicom import open_dicom
from readingroom.imaging.limits import Limits
from readingroom.imaging.reader import read_study
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.preparation import prepare

USUAL_BAR, TOOLKIT_BAR = 4, 12
KEY = b"benchmark" * 4
SYNTAXES: dict[str, int] = {
    "RLE": gdcm.TransferSyntax.RLELossless,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG 12 bit, with loss": gdcm.TransferSyntax.JPEGExtendedProcess2_4,
    "JPEG 2000 lossless": gdcm.TransferSyntax.JPEG2000Lossless,
}
TOOLKIT = """
import json, logging, sys, time
sys.path.insert(0, sys.argv[1])
from healthcareai_toolkit.clients.medimage.medimageinsight import MedImageInsightClient
client = MedImageInsightClient.__new__(MedImageInsightClient)  # without the look-up of an endpoint
client.logger, client.params = logging.getLogger("toolkit"), {}
client.image_reader = client.get_reader(None)
client.image_preprocessor = client.get_preprocessor(None, None)
least = None
for _ in range(int(sys.argv[3])):
    start = time.process_time()
    json.dumps(client.create_payload(image_list=[sys.argv[2]])).encode()
    took = time.process_time() - start
    least = took if least is None else min(least, took)
print(least)
"""


def least(call: Callable[[], object], rounds: int, clock: Callable[[], float] = time.process_time) -> float:
    """Seconds."""
    times = []
    for _ in range(rounds + 1):  # the first one warms up
        start = clock()
        call()
        times.append(clock() - start)
    return min(times[1:])


def film() -> NDArray[np.uint16]:
    """A chest phantom of 2500 x 2048 with the noise of a detector, 12 bits."""
    chest = make_chest(ChestPhantom(seed=3, spacing_mm=0.5)).pixels.astype(np.float32)
    large = cv2.resize(chest, (2048, 2500), interpolation=cv2.INTER_CUBIC)
    scaled = (large - large.min()) / np.ptp(large) * 3500 + 200
    noise = np.random.default_rng(0).normal(0, 12, scaled.shape)
    return np.clip(scaled + noise, 0, 4095).astype(np.uint16)


def ct_slice() -> NDArray[np.uint16]:
    """A slice of the CT phantom at 512 x 512, HU + 1024."""
    volume = make_ct(CtPhantom(spacing_mm=(10.0, 0.75, 0.75))).hu
    middle = cv2.resize(volume[len(volume) // 2].astype(np.float32), (512, 512), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(middle) + 1024, 0, 4095).astype(np.uint16)


def write(path: Path, pixels: NDArray[np.uint16], *, modality: str) -> Path:
    """An uncompressed DICOM file of 12 bits; CT with an intercept of -1024."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = {"CT": "1.2.840.10008.5.1.4.1.1.2", "DX": "1.2.840.10008.5.1.4.1.1.1.1"}[modality]
    data.SOPInstanceUID, data.SeriesInstanceUID, data.StudyInstanceUID = (generate_uid() for _ in range(3))
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = (
        data.SOPClassUID, data.SOPInstanceUID,
    )  # fmt: skip
    data.Modality, data.PatientID, data.BurnedInAnnotation = modality, "BENCH", "NO"
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    if modality == "CT":
        data.RescaleSlope, data.RescaleIntercept = "1", "-1024"
    data.PixelData = pixels.tobytes()
    data["PixelData"].VR = "OW"
    data.save_as(path, enforce_file_format=True)
    return path


def compressed(path: Path, syntax: int) -> Path:
    """The same image in another transfer syntax, by GDCM."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    out = path.with_name(f"{path.stem}-{syntax}.dcm")
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(out))
    if not reader.Read():
        raise SystemExit(f"GDCM cannot read {path.name}")
    change.SetInput(reader.GetImage())
    if not change.Change():
        raise SystemExit(f"GDCM cannot compress {path.name}")
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    if not writer.Write():
        raise SystemExit(f"GDCM cannot write {out.name}")
    return out


def ours(path: Path) -> bytes:
    """The request body for one image."""
    (image,) = read_study([path], subject_key=KEY).images
    return Ask("medimageinsight", ("image",), ((prepare("medimageinsight", image),),)).body()


def usual(path: Path) -> bytes:
    """What most clients do, in the plainest words."""
    data = dcmread(path)
    values = data.pixel_array.astype(np.float64)
    values = values * float(data.get("RescaleSlope", 1)) + float(data.get("RescaleIntercept", 0))
    low, high = np.percentile(values, (1, 99))
    shown = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    small = Pillow.fromarray(shown).resize((512, 512), Pillow.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="PNG")
    cell = base64.b64encode(buffer.getvalue()).decode()
    return json.dumps({"input_data": {"columns": ["image"], "index": [0], "data": [[cell]]}, "params": {}}).encode()


def toolkit(path: Path, package: Path, python: str, rounds: int) -> float:
    """Seconds for one image in the toolkit, in a process of its own."""
    command = [python, "-W", "ignore", "-c", TOOLKIT, str(package), str(path), str(rounds)]
    env = os.environ | {"OMP_NUM_THREADS": "1", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)  # as the user says
    if done.returncode:
        raise SystemExit("the toolkit did not run: " + (done.stderr.strip().splitlines() or ["?"])[-1])
    return float(done.stdout.split()[-1])


def decoding(path: Path, rounds: int) -> tuple[float, float]:
    """Seconds to decode one file, and to start the decoding process (next to nothing where none is needed)."""
    limits = Limits()
    header = open_dicom(path.read_bytes(), limits, where=path.name)
    layout = layout_of(header, limits)
    with Codec(limits) as codec:
        start = time.perf_counter()
        codec.decode(header, layout)
        first = time.perf_counter() - start
        each = least(lambda: codec.decode(header, layout), rounds, time.perf_counter)
    return each, max(0.0, first - each)


def measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All rows, in milliseconds and images a second."""
    files = {
        "film 2500x2048": write(folder / "film.dcm", film(), modality="DX"),
        "CT 512x512": write(folder / "ct.dcm", ct_slice(), modality="CT"),
    }
    paths, codecs = [], []
    for name, path in files.items():
        ways: dict[str, float] = {"ours": least(lambda path=path: ours(path), given.rounds)}
        ways["usual"] = least(lambda path=path: usual(path), max(3, given.rounds // 5))
        if given.toolkit:
            ways["toolkit"] = toolkit(path, given.toolkit, given.toolkit_python, max(2, given.rounds // 10))
        for way, seconds in ways.items():
            row = {"image": name, "path": way, "ms": round(seconds * 1e3, 2), "images_a_second": round(1 / seconds, 1)}
            paths.append(row | {"times_faster": round(seconds / ways["ours"], 1), "n": given.rounds})
        for syntax, number in {"uncompressed": None, **SYNTAXES}.items():
            file = path if number is None else compressed(path, number)
            each, start = decoding(file, max(3, given.rounds // 5))
            codecs.append({
                "image": name, "syntax": syntax, "kB": file.stat().st_size >> 10,
                "decode_ms": round(each * 1e3, 2), "start_ms": round(start * 1e3),
            })  # fmt: skip
    return {"paths": paths, "decoding": codecs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--toolkit", type=Path, help="folder that holds healthcareai_toolkit")
    parser.add_argument("--toolkit-python", default=sys.executable, help="an interpreter with its dependencies")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        found = measured(given, Path(name))
    if given.json:
        print(json.dumps(found))
    else:
        for row in found["paths"]:
            print(f"{row['image']:15} {row['path']:8} {row['ms']:9.2f} ms  {row['images_a_second']:7.1f} images/s  "
                  f"{row['times_faster']:6.1f} x ours")  # fmt: skip
        for row in found["decoding"]:
            print(f"{row['image']:15} {row['syntax']:23} {row['kB']:6} kB  decoding {row['decode_ms']:8.2f} ms  "
                  f"start {row['start_ms']} ms")  # fmt: skip
    bars = {"usual": USUAL_BAR, "toolkit": TOOLKIT_BAR}
    film_rows = {row["path"]: row["times_faster"] for row in found["paths"] if row["image"].startswith("film")}
    low = [f"{way} {film_rows[way]} x" for way, bar in bars.items() if way in film_rows and film_rows[way] < bar]
    if given.check and low:
        print("below the bar: " + ", ".join(low), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
