"""A frontal chest film with known truth, drawn by adding up what each ray passes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.anatomy import Curve, Outlines, build_of, stream, sunk, thoracic_width, turned
from readingroom.phantoms.bones import draw_skeleton
from readingroom.phantoms.canvas import Canvas, Map
from readingroom.phantoms.disease import Meniscus, collapsed, consolidated, nodule_centre, pleural_line
from readingroom.phantoms.film import FULL, developed, exposed, noisy
from readingroom.phantoms.parameters import ChestPhantom, Nodule
from readingroom.phantoms.tissue import LUNG_DENSITY, Places, airways, body, bowel_gas, lung_depth
from readingroom.phantoms.truth import ChestTruth, NoduleTruth, area_cm2
from readingroom.phantoms.vessels import cloud, draw_vessels

Mask = NDArray[np.bool_]

FINEST = 0.4
"""Millimetres: nothing in the phantom is sharper than this, so finer films are drawn at it and enlarged."""


@dataclass(frozen=True, eq=False)
class ChestImage:
    """A finished film with its masks and its truth."""

    phantom: ChestPhantom
    pixels: NDArray[np.uint16]
    """(rows, columns), twelve bits stored; dense is high unless the phantom asks for MONOCHROME1."""
    masks: dict[str, Mask]
    """"right lung", "left lung" (V7: with what the heart hides), "heart", "thorax", and each disease drawn."""
    truth: ChestTruth


def make_chest(phantom: ChestPhantom) -> ChestImage:
    """Draw the film that the parameters ask for; equal parameters give equal pixels, masks and truth."""
    patient = _Patient(phantom)
    seen, patch = patient.expose()
    shape = (phantom.rows, phantom.columns)
    sheet = Canvas(phantom.field_mm, shape, patient.build.offset)
    how = cv2.INTER_AREA if seen.shape[0] > shape[0] else cv2.INTER_CUBIC
    seen = np.asarray(cv2.resize(seen, shape[::-1], interpolation=how), np.float32)
    masks = patient.masks(sheet)
    if phantom.consolidation:
        wide = cv2.resize(patch, shape[::-1], interpolation=cv2.INTER_LINEAR)
        masks["consolidation"] = (wide > 0.3) & masks[f"{phantom.consolidation.side} lung"]
    seen = noisy(seen, phantom.spacing_mm, phantom.noise, stream(phantom, 5, visit=True))
    pixels = developed(sheet, seen, masks["thorax"], stream(phantom, 6))
    pixels = _labelled(phantom, pixels)
    if phantom.photometric == "MONOCHROME1":
        pixels = (FULL - pixels).astype(np.uint16)
    if phantom.mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        masks = {name: np.ascontiguousarray(mask[:, ::-1]) for name, mask in masks.items()}
    return ChestImage(phantom, pixels, masks, patient.truth(sheet))


class _Patient:
    """The outlines of one phantom, upright for drawing and leaned for truth."""

    def __init__(self, phantom: ChestPhantom) -> None:
        self.phantom, self.build = phantom, build_of(phantom)
        self.outlines = Outlines(phantom, self.build)
        self.pivot = (-self.build.offset, phantom.field_mm[1] / 2)
        self.meniscus = Meniscus(self.outlines, phantom.effusion) if phantom.effusion else None
        self.walls = {side: self.lean(self._wall(self.outlines.lung[side])) for side in ("right", "left")}
        self.thoracic, self.widest_at = thoracic_width(self.walls["right"], self.walls["left"])
        self.heart = self._heart()

    def lean(self, curve: Curve) -> Curve:
        return turned(curve, self.phantom.tilt_degrees, self.pivot)

    @staticmethod
    def _wall(lung: Curve) -> Curve:
        """The side wall of a lung's outline, from its apex to the costophrenic angle."""
        top = int(np.argmin(lung[:, 1]))
        corner = int(np.argmax(np.abs(lung[:, 0]) + lung[:, 1]))
        return lung[top : corner + 1]

    def _heart(self) -> Curve:
        """The upright heart whose leaned outline has exactly the asked share of the thorax."""
        asked = self.phantom.cardiothoracic_ratio * self.thoracic
        width = asked
        for _ in range(8):
            width *= asked / float(np.ptp(self.lean(self.outlines.heart(width))[:, 0]))
        return self.outlines.heart(width)

    def lung(self, side: str) -> Curve:
        """The upright outline of the lung that holds air."""
        curve = self.outlines.lung["right" if side == "right" else "left"]
        return self.meniscus.above(curve) if self.meniscus and self.meniscus.effusion.side == side else curve

    def thorax(self) -> Curve:
        """Both lungs and everything between them, upright."""
        right, left = self.outlines.lung["right"], self.outlines.lung["left"]
        return np.vstack([self._wall(right), right[self._corner(right):], left[::-1][:len(left) - self._corner(left)],
                          self._wall(left)[::-1]])  # fmt: skip

    @staticmethod
    def _corner(lung: Curve) -> int:
        return int(np.argmax(np.abs(lung[:, 0]) + lung[:, 1]))

    def expose(self) -> tuple[Map, Map]:
        """What the detector saw (millimetres of water) and the consolidated share, on the drawing grid."""
        wanted = max(FINEST, min(0.75, self.phantom.spacing_mm / 2))
        pitch = max(self.phantom.spacing_mm / np.ceil(self.phantom.spacing_mm / wanted), FINEST)
        wide, tall = self.phantom.field_mm
        canvas = Canvas((wide, tall), (round(tall / pitch), round(wide / pitch)), self.build.offset)
        water, patch = self.water(canvas)
        centre = (float(canvas.pixels(np.array([self.pivot]))[0, 0]) - 0.5, canvas.shape[0] / 2 - 0.5)
        turn = np.asarray(cv2.getRotationMatrix2D(centre, -self.phantom.tilt_degrees, 1.0), np.float64)
        if self.phantom.tilt_degrees:
            water, patch = (_leaned(image, turn) for image in (water, patch))
        return exposed(canvas, water), patch

    def water(self, canvas: Canvas) -> tuple[Map, Map]:
        """Millimetres of water along each ray, upright, and the consolidated share of each ray's lung."""
        phantom, outlines = self.phantom, self.outlines
        lungs = {side: canvas.filled(curve) for side, curve in outlines.lung.items()}
        places = Places(canvas.filled(sunk(self.heart)), canvas.filled(outlines.mediastinum))
        depths = lung_depth(canvas, outlines, places)
        marks = draw_vessels(canvas, outlines, stream(phantom, 2))
        solid = body(canvas, outlines) + draw_skeleton(canvas, outlines, stream(phantom, 3),
                                                       supine=phantom.projection == "AP")  # fmt: skip
        solid -= bowel_gas(canvas, outlines, stream(phantom, 4))
        solid -= 0.8 * airways(canvas, outlines)
        solid += 2.2 * cloud(canvas, stream(phantom, 9), (40.0, 18.0))
        patch = np.zeros(canvas.shape, np.float32)
        texture = cloud(canvas, stream(phantom, 10), (9.0, 4.5, 2.4))
        for side, depth in depths.items():
            air = (1 - LUNG_DENSITY) * depth
            blood = np.minimum(marks * np.minimum(depth / 45, 1) + 0.016 * depth * texture, air)
            if phantom.pneumothorax == side:
                shrunk = canvas.filled(collapsed(outlines, side))
                free = lungs[side] & ~shrunk
                air, blood = np.where(free, depth * 0.93, air), np.where(free, 0, blood)
                solid += pleural_line(canvas, shrunk, lungs[side])
            if phantom.consolidation and phantom.consolidation.side == side:
                patch = consolidated(canvas, phantom, outlines, phantom.consolidation)
                air, blood = air * (1 - patch), blood * (1 - patch)
            if self.meniscus and self.meniscus.effusion.side == side:
                wet = self.meniscus.fluid(canvas)
                air, blood = air * (1 - wet), blood * (1 - wet)
            solid -= air - blood
        if phantom.nodule:
            self._add_nodule(canvas, solid, phantom.nodule)
        return np.maximum(solid, 0).astype(np.float32), patch

    def _add_nodule(self, canvas: Canvas, solid: Map, nodule: Nodule) -> None:
        centre, radius = nodule_centre(self.phantom, self.outlines, nodule), nodule.diameter_mm / 2
        canvas.add_ball(solid, centre, (radius, radius), (1 - LUNG_DENSITY) * nodule.diameter_mm)

    def masks(self, sheet: Canvas) -> dict[str, Mask]:
        """Exact masks of the leaned film, before any mirroring."""
        curves = {"right lung": self.lung("right"), "left lung": self.lung("left"), "heart": self.heart,
                  "thorax": self.thorax()}  # fmt: skip
        masks = {name: sheet.filled(self.lean(curve)) for name, curve in curves.items()}
        if self.meniscus:
            wet = self.meniscus.effusion.side
            masks["effusion"] = sheet.filled(self.lean(self.outlines.lung[wet])) & ~masks[f"{wet} lung"]
        if side := self.phantom.pneumothorax:
            whole = sheet.filled(self.lean(self.outlines.lung[side]))
            masks["pneumothorax"] = whole & ~sheet.filled(self.lean(collapsed(self.outlines, side)))
        if nodule := self.phantom.nodule:
            angle = np.linspace(0, 2 * np.pi, 180, endpoint=False)
            ring = np.stack([np.cos(angle), np.sin(angle)], 1) * nodule.diameter_mm / 2
            masks["nodule"] = sheet.filled(self.lean(ring + nodule_centre(self.phantom, self.outlines, nodule)))
        return masks

    def truth(self, sheet: Canvas) -> ChestTruth:
        phantom = self.phantom
        heart = sheet.pixels(self.lean(self.heart))
        right, left = sheet.pixels(self.walls["right"]), sheet.pixels(self.walls["left"])
        row = self.widest_at / sheet.pitch[1]
        inner = [float(np.interp(row, wall[:, 1], wall[:, 0])) for wall in (right, left)]
        line = (float(heart[:, 0].min()), float(heart[:, 0].max()))
        width = float(np.ptp(heart[:, 0])) * sheet.pitch[0]
        flip = phantom.columns if phantom.mirrored else 0

        def column(x: float) -> float:
            return flip - x if phantom.mirrored else x

        nodule = None
        if phantom.nodule:
            place = np.array([nodule_centre(phantom, self.outlines, phantom.nodule)])
            ((x, y),) = sheet.pixels(self.lean(place))
            nodule = NoduleTruth(phantom.nodule.side, phantom.nodule.zone, phantom.nodule.diameter_mm,
                                 (column(float(x)), float(y)))  # fmt: skip
        patch = phantom.consolidation
        ends = sorted(column(x) for x in line), sorted(column(x) for x in inner)
        return ChestTruth(
            cardiothoracic_ratio=width / self.thoracic, cardiac_width_mm=width, thoracic_width_mm=self.thoracic,
            cardiac_line=(ends[0][0], ends[0][1]), thoracic_line=(ends[1][0], ends[1][1], row),
            right_lung_cm2=area_cm2(self.lung("right")), left_lung_cm2=area_cm2(self.lung("left")),
            effusion=phantom.effusion.side if phantom.effusion else None,
            effusion_size=phantom.effusion.size if phantom.effusion else None,
            nodule=nodule, pneumothorax=phantom.pneumothorax,
            consolidation=(patch.side, patch.zone) if patch else None,
            image_left="left" if phantom.mirrored else "right",
        )  # fmt: skip


def _leaned(image: Map, turn: NDArray[np.float64]) -> Map:
    size = (image.shape[1], image.shape[0])
    leaned = cv2.warpAffine(image, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(leaned, np.float32)


def _labelled(phantom: ChestPhantom, pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """The film with its lead letter, on the side the letter names."""
    if not phantom.marker:
        return pixels
    rows, columns = pixels.shape
    scale = 14 / phantom.spacing_mm / 22
    at = (round(columns * (0.07 if phantom.marker == "R" else 0.885)), round(rows * 0.1))
    ink = np.zeros(pixels.shape, np.uint8)
    cv2.putText(ink, phantom.marker, at, cv2.FONT_HERSHEY_DUPLEX, scale, 255, max(1, round(2.2 / phantom.spacing_mm)))
    return np.asarray(np.where(ink > 127, np.uint16(FULL * 0.97), pixels), np.uint16)
