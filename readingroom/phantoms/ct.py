"""A CT volume with known truth: organs of known volume, a nodule of known size, gas, bone and the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.phantoms.ct_anatomy import LIVER_CAP, Ellipsoid, Grid, Point, chest_room, dome
from readingroom.phantoms.ct_paint import LABELS, Sheet
from readingroom.phantoms.parameters import SIGNS, LungSide

REACH: dict[str, tuple[float, float]] = {"chest": (-105.0, 252.0), "abdomen": (-276.0, -75.0), "trunk": (-276.0, 252.0)}
"""From the lowest to the highest slice, mm; the abdomen ends below the deepest recess of the lungs."""
FIELD = (372.0, 292.0)
"""Width and depth of a slice, mm."""
LUNG_ML: dict[LungSide, tuple[float, float]] = {"right": (1500, 2700), "left": (1200, 2300)}
"""What this chest can hold: outside, a dome would leave the scanned region or reach the hilum."""


@dataclass(frozen=True)
class CtPhantom:
    """One unenhanced scan. Equal parameters give equal voxels."""

    seed: int = 0
    region: Literal["chest", "abdomen", "trunk"] = "chest"
    spacing_mm: tuple[float, float, float] = (3.0, 1.5, 1.5)
    """Between slices, rows and columns."""
    right_lung_ml: float = 2100.0
    left_lung_ml: float = 1700.0
    """Each with its nodule, should it hold one; without the great airways."""
    nodule: tuple[LungSide, float] | None = ("right", 18.0)
    """The side and the diameter in millimetres of a ball of soft tissue in a lung."""
    gas_pockets: int = 5
    noise: float = 12.0
    """Standard deviation in HU."""

    def __post_init__(self) -> None:
        if self.region not in REACH:
            raise BadRequest(f"{self.region!r} is no region of the CT phantom", do=f"Ask for one of {tuple(REACH)}.")
        if not all(0.4 <= step <= 10 for step in self.spacing_mm):
            raise BadRequest(f"a voxel of {self.spacing_mm} mm cannot be drawn", do="Ask for 0.4 to 10 mm.")
        for side, asked in (("right", self.right_lung_ml), ("left", self.left_lung_ml)):
            low, high = LUNG_ML["right" if side == "right" else "left"]
            if not low <= asked <= high:
                raise BadRequest(f"a {side} lung of {asked} mL does not fit this chest", do=f"Ask for {low} to {high}.")
        if self.nodule and not 4 <= self.nodule[1] <= 36:
            raise BadRequest(f"a nodule of {self.nodule[1]} mm cannot be drawn", do="Ask for 4 to 36 mm.")
        if not 0 <= self.gas_pockets <= 12:
            raise BadRequest(f"{self.gas_pockets} gas pockets cannot be placed", do="Ask for 0 to 12.")
        if self.seed < 0 or self.noise < 0:
            raise BadRequest("seed and noise of a phantom cannot be negative")


@dataclass(frozen=True)
class CtTruth:
    """What is true of the scan; a part that the region cuts off is not named."""

    volumes_ml: dict[str, float]
    """From the shapes, not from voxels: right lung, left lung, nodule, liver, kidney (both), bowel gas (all)."""
    nodule_centre_mm: Point | None
    """In patient coordinates (LPS)."""


@dataclass(frozen=True, eq=False)
class CtVolume:
    """A scan with its labels: index order S, P, L (k upwards, j to the back, i to the patient's left)."""

    phantom: CtPhantom
    hu: NDArray[np.int16]
    labels: NDArray[np.uint8]
    """By `ct_paint.LABELS`; the nodule has its own label inside the lung."""
    affine: NDArray[np.float64]
    """(i, j, k, 1) to DICOM patient coordinates (LPS) in millimetres."""
    truth: CtTruth

    def volume_ml(self, *names: str) -> float:
        """Millilitres that the voxels of these labels fill together."""
        wanted = np.isin(self.labels, [LABELS[name] for name in names])
        return float(wanted.sum() * np.prod(self.phantom.spacing_mm) / 1000)


@dataclass(frozen=True)
class _Plan:
    """The shapes that depend on the parameters."""

    rims: dict[LungSide, float]
    """z of the rim of each half of the diaphragm."""
    nodule: Ellipsoid | None
    liver: Ellipsoid
    kidneys: tuple[Ellipsoid, ...]
    gas: tuple[Ellipsoid, ...]


def make_ct(phantom: CtPhantom) -> CtVolume:
    """Draw the scan that the parameters ask for; a second or two at 3 mm slices."""
    plan = _plan(phantom)
    low, high = REACH[phantom.region]
    step = phantom.spacing_mm
    shape = (round((high - low) / step[0]), round(FIELD[1] / step[1]), round(FIELD[0] / step[2]))
    origin = (-FIELD[0] / 2 + step[2] / 2, -FIELD[1] / 2 + 12 + step[1] / 2, low + step[0] / 2)
    sheet = Sheet(Grid(shape, step, origin))
    _draw(sheet, plan, np.random.default_rng([phantom.seed, 3]))
    rng = np.random.default_rng([phantom.seed, 2])
    stored = np.empty(shape, np.int16)
    for k, plane in enumerate(sheet.hu):
        soft = cv2.GaussianBlur(plane, (0, 0), 0.35 / step[2] + 0.2, borderType=cv2.BORDER_REPLICATE)
        grainy = soft + phantom.noise * rng.normal(0, 1, plane.shape)
        stored[k] = np.clip(np.round(grainy), -1024, 3071)
    affine = np.diag([step[2], step[1], step[0], 1.0])
    affine[:3, 3] = origin
    return CtVolume(phantom, stored, sheet.labels, affine, _truth(phantom, plan))


def _plan(phantom: CtPhantom) -> _Plan:
    rng = np.random.default_rng([phantom.seed, 1])
    asked: dict[LungSide, float] = {"right": phantom.right_lung_ml, "left": phantom.left_lung_ml}
    rims = {side: _rim(side, volume) for side, volume in asked.items()}
    nodule = None
    if phantom.nodule:
        side, diameter = phantom.nodule
        centre = (SIGNS[side] * rng.uniform(72, 82), rng.uniform(4, 20), rng.uniform(112, 134))
        nodule = Ellipsoid(centre, (diameter / 2, diameter / 2, diameter / 2))
    liver = Ellipsoid((LIVER_CAP.centre[0], LIVER_CAP.centre[1], rims["right"]), LIVER_CAP.radii).grown(-5)
    kidneys = tuple(Ellipsoid((sign * 62.0, 46.0, -210.0 + 5 * sign), (27.0, 23.0, 52.0)) for sign in (-1, 1))
    cells = rng.permutation(12)[: phantom.gas_pockets]
    gas = tuple(Ellipsoid((-62 + 42 * (cell % 4) + rng.uniform(-4, 4), -46 + rng.uniform(-8, 8),
                           -250 + 30 * (cell // 4) + rng.uniform(-2, 2)),
                          (rng.uniform(8, 16), rng.uniform(7, 13), rng.uniform(7, 12))) for cell in cells)  # fmt: skip
    return _Plan(rims, nodule, liver, kidneys, gas)


def _rim(side: LungSide, asked_ml: float) -> float:
    """How low the diaphragm must stand for a lung of this volume: the lung is all of its half of the chest that lies
    over the dome, so the answer is one order statistic of the heights over the dome (on a 2 mm grid)."""
    grid = Grid((164, 100, 140), (2.0, 2.0, 2.0), (-139.0, -99.0, -104.0))
    over = np.broadcast_to(grid.z - dome(grid, side), grid.shape)[chest_room(grid, side)]
    ordered = np.sort(over)[::-1]
    return float(np.interp(asked_ml / grid.voxel_ml, np.arange(len(ordered)) + 0.5, ordered))


def _draw(sheet: Sheet, plan: _Plan, rng: np.random.Generator) -> None:
    sheet.put_outline()
    sheet.put_belly(plan.gas)
    sheet.put_vessels()
    sheet.put_airways()
    sheet.put_ellipsoid("liver", plan.liver)
    sheet.put_all("kidney", plan.kidneys)
    sheet.put_all("bowel gas", plan.gas)
    sheet.put_bones(rng)
    sheet.put_lungs(plan.rims, rng)
    if plan.nodule:
        sheet.put_ellipsoid("nodule", plan.nodule)


def _truth(phantom: CtPhantom, plan: _Plan) -> CtTruth:
    low, high = REACH[phantom.region]
    volumes: dict[str, float] = {}
    if high > 0:
        volumes["right lung"], volumes["left lung"] = phantom.right_lung_ml, phantom.left_lung_ml
    groups = {"nodule": (plan.nodule,) if plan.nodule else (), "liver": (plan.liver,), "kidney": plan.kidneys,
              "bowel gas": plan.gas}  # fmt: skip
    for name, bodies in groups.items():
        ends = [(body.centre[2] - body.radii[2], body.centre[2] + body.radii[2]) for body in bodies]
        if bodies and all(low < bottom and top < high for bottom, top in ends):
            volumes[name] = sum(body.volume_ml for body in bodies)
    centre = plan.nodule.centre if plan.nodule and "nodule" in volumes else None
    return CtTruth(volumes, centre)
