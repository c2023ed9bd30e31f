"""CT targets found by image analysis of Hounsfield units: body, lungs, airway, bone, liver."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from readingroom.errors import NotServed
from readingroom.tools.backends.classical.ct_airway import airway, airway_quality
from readingroom.tools.backends.classical.ct_body import Verdict, body, body_quality, coarse_body, looks_like_hu
from readingroom.tools.backends.classical.ct_bone import bone, bone_quality
from readingroom.tools.backends.classical.ct_grid import Grid, Hounsfield, Spacing, lay
from readingroom.tools.backends.classical.ct_liver import liver
from readingroom.tools.backends.classical.ct_lungs import Lungs, find_lungs, find_tubes, refine
from readingroom.tools.backends.classical.segment import Mask, Segment

ASSUMED = "spacing unknown: a field of 400 mm was assumed"


def segment_ct(hu: Hounsfield, target: str, spacing: Spacing | None = None) -> Segment:
    """Find one of `CT_TARGETS` in CT, as `Scan` does."""
    return Scan(hu, spacing).segment(target)


class Scan:
    """One CT in which several targets may be sought: what they share is found once.

    `hu`: Hounsfield units, (H, W) or (D, H, W), in canonical index order (LPS): axis 0 inferior to superior,
    axis 1 anterior to posterior, axis 2 the patient's right to left. "left lung" rests on that order; nothing in
    the pixels proves it. `spacing`: millimetres (dz, dy, dx), None where not known.
    """

    def __init__(self, hu: Hounsfield, spacing: Spacing | None = None) -> None:
        self._hu, self._spacing = hu, spacing

    def segment(self, target: str) -> Segment:
        """One of `CT_TARGETS`; the mask has the shape of `hu`.

        Input that is no CT, or does not show the target, gives an empty mask of quality 0 with the reason.
        Raises NotServed for a target that is not in `CT_TARGETS`.
        """
        name = " ".join(target.lower().split())
        if name not in CT_TARGETS:
            raise NotServed(
                f"CT target {target!r} is not served by image analysis",
                do=f"Ask for one of {', '.join(sorted(CT_TARGETS))}, or use a backend with a segmentation model.",
            )
        if not self._verdict.holds:
            why = f"not CT in Hounsfield units: {self._verdict.reason}"
            return Segment(name, np.zeros(self._hu.shape, bool), 0.0, why, "none")
        found = CT_TARGETS[name](self, name)
        caveats = "; ".join(text for text in (found.caveat, "" if self._spacing else ASSUMED) if text)
        mask = found.mask.reshape(self._hu.shape)
        return Segment(name, mask, round(found.quality, 3), found.reason, found.method, caveats)

    @cached_property
    def _verdict(self) -> Verdict:
        return looks_like_hu(self._hu)

    @cached_property
    def grid(self) -> Grid:
        return lay(self._hu, self._spacing)

    @cached_property
    def rough(self) -> Mask:
        """The patient on the coarse grid."""
        return coarse_body(self.grid)

    @cached_property
    def body(self) -> Mask:
        """The patient on the source voxels."""
        return body(self.grid, self.rough)

    @cached_property
    def _tubes(self) -> Mask:
        return find_tubes(self.grid, self.rough)

    @cached_property
    def lungs(self) -> Lungs:
        """On the coarse grid."""
        return find_lungs(self.grid, self.rough, self._tubes)

    @cached_property
    def airway(self) -> Mask:
        """Trachea and main bronchi on the source voxels."""
        return airway(self.grid, self._tubes, self.lungs)


def _body(scan: Scan, name: str) -> Segment:
    quality, reason = body_quality(scan.body, scan.grid)
    method = "threshold at -300 HU, opening against the table, largest piece and arms, filled slice by slice"
    return Segment(
        name, scan.body, quality, reason, method, "includes lungs, bowel gas and arms; clothes may add a rim"
    )


def _lungs(scan: Scan, name: str) -> Segment:
    method = "threshold at -450 HU inside the body, airway taken out, pieces judged by density and place"
    grid, lungs = scan.grid, scan.lungs
    if not lungs.found:
        return Segment(name, np.zeros(grid.full.shape, bool), 0.0, lungs.reason, method)
    wanted = {"right lung": lungs.right, "left lung": lungs.left}.get(name, lungs.both)
    if not wanted.any():
        return Segment(name, np.zeros(grid.full.shape, bool), 0.0, f"{name} not visible", method)
    mask = refine(wanted, grid, scan.airway, scan.body)
    quality, reason = _lung_quality(mask, lungs, grid, sided=name not in ("lung", "lungs"))
    caveat = "aerated lung: consolidation, large masses and effusion are left out, vessels inside are included"
    return Segment(name, mask, quality, reason, method, caveat + (f"; cut at the {lungs.cut}" if lungs.cut else ""))


def _lung_quality(mask: Mask, lungs: Lungs, grid: Grid, *, sided: bool) -> tuple[float, str]:
    if not mask.any():
        return 0.0, "nothing aerated at full resolution"
    sides = lungs.right.sum(), lungs.left.sum()
    balance = float(min(sides) / max(1, *sides))
    middle = float(np.median(grid.full[mask]))
    quality = 0.93 if -930 < middle < -650 else 0.6
    quality -= 0.15 if balance < 0.4 else 0.0
    quality -= 0.1 if lungs.cut else 0.0
    quality -= 0.25 if sided and "midline" in lungs.split else 0.0
    reason = f"{lungs.reason}, median {middle:.0f} HU, smaller side {balance:.0%} of the larger, {lungs.split}"
    return float(np.clip(quality, 0, 1)), reason


def _airway(scan: Scan, name: str) -> Segment:
    method = "round walled gas cross-sections between the lungs, grown with leak control"
    if not scan.lungs.found:
        why = f"no chest: {scan.lungs.reason}"
        return Segment(name, np.zeros(scan.grid.full.shape, bool), 0.0, why, method)
    quality, reason = airway_quality(scan.airway, scan.grid)
    return Segment(
        name, scan.airway, quality, reason, method, "trachea and main bronchi only; no reference was at hand"
    )


def _bone(scan: Scan, name: str) -> Segment:
    found = bone(scan.grid, scan.body)
    quality, reason = bone_quality(found, scan.body, scan.grid)
    method = "hysteresis threshold 120 (150 with contrast) to 300 HU, even round vessels out, marrow filled"
    return Segment(name, found.mask, quality, reason, method, "may hold calcified plaque, contrast and metal")


def _liver(scan: Scan, name: str) -> Segment:
    found = liver(scan.grid, scan.rough)
    method = "largest even soft-tissue mass right of the midline, window around its own density"
    caveat = "an estimate: agreed with a reference model at Dice 0.9 in 3 volumes of 2 people; the edge is rough"
    return Segment(name, found.mask, found.quality, found.reason, method, caveat)


CT_TARGETS: dict[str, Callable[[Scan, str], Segment]] = {
    "body": _body,
    "lung": _lungs,
    "lungs": _lungs,
    "left lung": _lungs,
    "right lung": _lungs,
    "airway": _airway,
    "bone": _bone,
    "liver": _liver,
}
"""Every CT target that is served."""

__all__ = ["CT_TARGETS", "Scan", "Verdict", "looks_like_hu", "segment_ct"]
