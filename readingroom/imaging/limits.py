"""How much of anything a file may ask for before it is refused: every cap in one place."""

from __future__ import annotations

from dataclasses import dataclass

MEGA = 1_000_000
MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Caps that keep a broken or hostile file within bounded memory and time."""

    file_bytes: int = 1024 * MIB
    """Of one file on disk."""
    frame_pixels: int = 64 * MEGA
    """Rows times columns; the largest mammograms and whole-spine films stay under 30 million."""
    frames: int = 4096
    """Frames of one file, or slices of one series."""
    decoded_bytes: int = 1280 * MIB
    """Of all pixels of one image or volume once decoded; a CT of 1000 slices as float32 is 1000 MiB."""
    inflated_bytes: int = 1280 * MIB
    """Of a gzip or deflate stream once inflated."""
    inflated_ratio: int = 200
    """Inflated to deflated; real medical data stay under 30. Applies above `inflated_floor`."""
    inflated_floor: int = 32 * MIB
    """Streams that stay this small are accepted whatever their ratio."""
    sequence_depth: int = 32
    """Nested DICOM sequences; DCMTK stops at 64, real files stay under 10."""
    elements: int = 1_000_000
    """Of one DICOM header; a multi-frame file of 4000 slices has 200,000."""
    folder_files: int = 20_000
    """Files looked at in one folder, subfolders included."""
    folder_depth: int = 12
    """Subfolders within subfolders."""
    pictures: int = 16
    """Single images (radiographs, PNG or JPEG files) taken together as one study."""
    decode_seconds: float = 30.0
    """For one compressed image in the decoding process; the slowest real one (20 Mpx JPEG 2000) takes two."""
    decode_memory: int = 3072 * MIB
    """Address space of the decoding process."""
