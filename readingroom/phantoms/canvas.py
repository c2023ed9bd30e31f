"""The sheet a phantom is drawn on: millimetres to pixels, filled outlines, and depths measured from an edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.phantoms.anatomy import Curve

Map = NDArray[np.float32]
"""(rows, columns): millimetres of something along the beam, or a share 0..1."""


class Canvas:
    """A grid in body millimetres: x = 0 is the patient's midline, y = 0 the film's upper edge."""

    def __init__(self, field_mm: tuple[float, float], shape: tuple[int, int], offset: float) -> None:
        self.shape = shape
        self.pitch = (field_mm[0] / shape[1], field_mm[1] / shape[0])
        self.middle = field_mm[0] / 2 + offset
        self.x = ((np.arange(shape[1], dtype=np.float32) + 0.5) * self.pitch[0] - self.middle)[None, :]
        self.y = ((np.arange(shape[0], dtype=np.float32) + 0.5) * self.pitch[1])[:, None]

    def pixels(self, curve: Curve) -> Curve:
        """Points in pixels, in the frame where the image spans 0..columns and 0..rows."""
        return np.asarray(np.stack([(curve[:, 0] + self.middle) / self.pitch[0], curve[:, 1] / self.pitch[1]], 1))

    def filled(self, curve: Curve) -> NDArray[np.bool_]:
        """Pixels whose centre lies inside a closed curve."""
        return filled(self.pixels(curve), self.shape)

    def blurred(self, image: Map, sigma_mm: float) -> Map:
        """Gaussian of a width in millimetres; wide ones on a coarse copy, which looks the same and is quick."""
        sigma = sigma_mm / self.pitch[0]
        if sigma <= 8:
            return np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 1e-3), borderType=cv2.BORDER_REPLICATE))
        times = int(sigma / 4)
        small = (max(2, self.shape[1] // times), max(2, self.shape[0] // times))
        coarse = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(coarse, (0, 0), sigma * small[0] / self.shape[1], borderType=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(soft, (self.shape[1], self.shape[0]), interpolation=cv2.INTER_CUBIC))

    def inward(self, inside: NDArray[np.bool_]) -> Map:
        """Millimetres from each pixel inside to the edge; 0 outside."""
        distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.asarray(np.maximum(distance - 0.5, 0) * self.pitch[0] * (distance > 0), np.float32)

    def solid(self, inside: NDArray[np.bool_], thickness: float, rim: float) -> Map:
        """A rounded body: zero at its outline, rising as a circle does to its thickness `rim` mm further in."""
        share = np.minimum(self.inward(inside) / rim, 1)
        return np.asarray(thickness * np.sqrt(share * (2 - share)), np.float32)

    def box(self, low: tuple[float, float], high: tuple[float, float]) -> tuple[slice, slice]:
        """The rows and columns of a rectangle given by two corners in millimetres, clipped to the sheet."""
        ((top, bottom, left, right),) = self.boxes(np.array([low]), np.array([high])).tolist()
        return slice(top, bottom), slice(left, right)

    def boxes(self, low: Curve, high: Curve) -> NDArray[np.int_]:
        """The same of many: (n, 4), from and to which row, from and to which column."""
        low, high = self.pixels(low), self.pixels(high)
        edges = np.floor(low[:, 1]), np.ceil(high[:, 1]), np.floor(low[:, 0]), np.ceil(high[:, 0])
        rows, columns = self.shape
        return np.asarray(np.clip(np.stack(edges, 1), 0, (rows, rows, columns, columns)), np.int_)

    def add_ball(self, layer: Map, centre: tuple[float, float], radii: tuple[float, float], thickness: float) -> None:
        """Add an ellipsoid with its axes along the film."""
        (x, y), (rx, ry) = centre, radii
        rows, columns = self.box((x - rx, y - ry), (x + rx, y + ry))
        r2 = ((self.x[:, columns] - x) / rx) ** 2 + ((self.y[rows] - y) / ry) ** 2
        layer[rows, columns] += thickness * np.sqrt(np.maximum(1 - r2, 0))

    def ball(self, centre: tuple[float, float], radii: tuple[float, float], thickness: float) -> Map:
        """An ellipsoid alone."""
        layer = np.zeros(self.shape, np.float32)
        self.add_ball(layer, centre, radii, thickness)
        return layer


def filled(points: Curve, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels whose centre (at whole numbers + 0.5) lies inside the closed curve, by the even-odd rule, row by row."""
    count = np.zeros((shape[0], shape[1] + 1), np.int32)
    start, end = points, np.roll(points, -1, axis=0)
    upper, lower = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first = np.clip(np.ceil(upper - 0.5).astype(int), 0, shape[0])
    last = np.clip(np.ceil(lower - 0.5).astype(int), 0, shape[0])
    times = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(points)), times)
    rows = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times) + np.repeat(first, times)
    share = (rows + 0.5 - start[edge, 1]) / (end[edge, 1] - start[edge, 1])
    crossing = start[edge, 0] + share * (end[edge, 0] - start[edge, 0])
    np.add.at(count, (rows, np.clip(np.ceil(crossing - 0.5).astype(int), 0, shape[1])), 1)
    return np.asarray(np.cumsum(count, axis=1)[:, :-1] % 2 == 1)
