"""The sheet of neighbours: one page that loads nothing, with every value escaped; and a contact sheet."""

import re

import cv2
import numpy as np

from readingroom.domain.image import ImageRef
from readingroom.exports.neighbours import SIDE, pictured, thumbnail, to_html, to_png
from readingroom.imaging.image import Image
from readingroom.imaging.png import encode_png
from readingroom.index.entry import Hit

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e'


def sheet(pictures=None):
    hits = [
        Hit(id="a", similarity=0.975, metadata={"sha256": "s1", "modality": "x_ray", "label": HOSTILE}),
        Hit(id="b", similarity=0.5, metadata={"sha256": "s2", "slice": 3, "depth": 9, "tags": ["u", "v"]}),
    ]  # fmt: skip
    return pictured(f"film {HOSTILE}", "model 1, prepared so, 4 numbers", hits, pictures or {})


def test_the_page_loads_nothing_and_escapes_everything():
    png = encode_png(np.full((8, 8), 90, np.uint8))
    page = to_html(sheet({"s1": png}))
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert re.findall(r'(?:src|href)="(?!data:image/png;base64,)', page) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1] or "default-src 'none'" in policy[1]
    for told in ("0.975", "no picture", "slice 4 of 9", "u, v", "model 1, prepared so", "Likeness of pictures"):
        assert told in page


def test_the_contact_sheet_shows_the_pictures_where_they_are_and_says_where_none_is():
    plain = cv2.imdecode(np.frombuffer(to_png(sheet()), np.uint8), cv2.IMREAD_COLOR)
    bright = encode_png(np.full((SIDE, SIDE), 255, np.uint8))
    shown = cv2.imdecode(np.frombuffer(to_png(sheet({"s2": bright})), np.uint8), cv2.IMREAD_COLOR)
    assert plain is not None
    assert shown is not None
    assert plain.shape == shown.shape
    assert (shown == 255).all(axis=2).sum() >= SIDE * SIDE > (plain == 255).all(axis=2).sum()


def test_a_broken_picture_is_no_picture():
    assert to_png(sheet({"s1": b"no png"})) == to_png(sheet())


def test_a_thumbnail_is_small_and_in_true_proportions():
    ref = ImageRef(id="i", sha256="0" * 64, kind="volume", rows=100, columns=50, depth=3)
    pixels = np.zeros((3, 100, 50), np.uint8)
    pixels[1] = 200
    small = cv2.imdecode(np.frombuffer(thumbnail(Image(ref, pixels)), np.uint8), cv2.IMREAD_UNCHANGED)
    assert small is not None
    assert small.shape[:2] == (SIDE, SIDE // 2)
    assert int(small.min()) == 200
    first = cv2.imdecode(np.frombuffer(thumbnail(Image(ref, pixels), 0), np.uint8), cv2.IMREAD_UNCHANGED)
    assert first is not None
    assert int(first.max()) == 0
