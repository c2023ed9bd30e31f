"""Outlines as files: PNG on the source pixels of an image, NIfTI in the volume's own space."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from readingroom.domain.evidence import Evidence
from readingroom.imaging.image import Image
from readingroom.imaging.mask_file import encode_mask
from readingroom.reading import Reading

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI's world axes run to Right, Anterior, Superior; ours to Left, Posterior, Superior."""


def _write(path: Path, image: Image, mask: np.ndarray) -> Path:
    if mask.ndim == 2:
        path = path.with_suffix(".png")
        path.write_bytes(encode_mask(mask))
        return path
    path = path.with_suffix(".nii.gz")
    affine = np.eye(4) if image.affine is None else LPS_TO_RAS @ image.affine
    nib.save(nib.Nifti1Image(mask.transpose(2, 1, 0).astype(np.uint8), affine), path)
    return path


def write(reading: Reading, folder: Path) -> tuple[Path, ...]:
    """One file for each assessable outline, named by image and target."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    images = {image.ref.id: image for image in reading.study.images} if reading.study else {}
    outlines: list[Evidence] = [item for item in reading.report.evidence if item.origin.tool == "segment"]
    paths = []
    for item in outlines:
        for region in item.regions:
            if item.presence == "present" and region.mask_digest:
                name = f"{item.image_id}-{region.label.replace(' ', '-')}"
                mask = reading.mask(region.mask_digest)
                paths.append(_write(folder / name, images[item.image_id], mask))
    return tuple(paths)
