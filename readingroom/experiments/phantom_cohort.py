"""Cohorts of digital chest phantoms, written as DICOM, each with the truth that it was drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from readingroom.domain.terms import Change, Laterality, Severity
from readingroom.errors import RecordError
from readingroom.experiments.atomic import put_bytes
from readingroom.experiments.case import Case, Reference, TrueClaim, TrueNumber, TrueRegion
from readingroom.experiments.experiment import Phantoms
from readingroom.imaging.mask_file import encode_mask
from readingroom.phantoms.chest import ChestImage, make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom, Consolidation, Effusion, LungSide, Nodule, Size, Zone

ENLARGED = 0.5
"""Cardiothoracic ratio above which the heart on a PA film is enlarged (Danzer, Am J Med Sci 1919)."""
ORDINARY, LARGE = (0.40, 0.47), (0.53, 0.62)
"""Where ratios are drawn from: clear of the border, where a right reading may go either way."""
DISEASES = ("none", "effusion", "nodule", "pneumothorax", "consolidation")
WEIGHTS = (0.4, 0.2, 0.15, 0.1, 0.15)
SEVERITIES: dict[Size, Severity] = {"small": "mild", "moderate": "moderate", "large": "severe"}
CONCEPTS = {"effusion": "pleural_effusion", "nodule": "nodule", "pneumothorax": "pneumothorax",
            "consolidation": "consolidation"}  # fmt: skip
"""Disease as it is drawn, as the lexicon names it."""
RATIO_TOLERANCE = 0.05
"""A reading of the ratio this near is right: about the spread between two readers of one film."""
SIZE_TOLERANCE = 0.3
"""Share of a length or an area by which a reading may differ."""
STABLE = 0.02
"""A ratio that differs by less than this is the same."""
SIDES: tuple[LungSide, LungSide] = ("left", "right")
ZONES: tuple[Zone, ...] = ("upper", "middle", "lower")


def phantom_cases(asked: Phantoms, folder: Path) -> Iterator[Case]:
    """The cohort in `folder`; films that are there already are not drawn again. Raises RecordError."""
    try:
        yield from (_case(asked, number, folder) for number in range(asked.n))
    except OSError as error:
        raise RecordError(
            f"phantoms cannot be written ({error.strerror or 'the disk fails'})",
            where=str(folder),
            do="Choose another --out.",
        ) from error


def drawn(asked: Phantoms, number: int) -> tuple[ChestPhantom, float | None]:
    """The parameters of one patient's film, and the ratio of an earlier one where there is one."""
    rng = Random(f"{asked.seed}:{number}")  # noqa: S311 - a cohort's dice, no secret
    ratio = round(rng.uniform(*(LARGE if rng.random() < 0.4 else ORDINARY)), 3)
    disease = rng.choices(DISEASES, WEIGHTS)[0]
    side: LungSide = rng.choice(SIDES)
    zone: Zone = rng.choice(ZONES)
    size: Size = rng.choice(tuple(SEVERITIES))
    diameter = float(rng.randint(8, 30))
    phantom = ChestPhantom(
        seed=asked.seed * 1_000_003 + number,
        spacing_mm=asked.spacing_mm,
        cardiothoracic_ratio=ratio,
        effusion=Effusion(side, size) if disease == "effusion" else None,
        nodule=Nodule(side, zone, diameter) if disease == "nodule" else None,
        pneumothorax=side if disease == "pneumothorax" else None,
        consolidation=Consolidation(side, zone) if disease == "consolidation" else None,
    )
    earlier = None
    if rng.random() < asked.priors:
        low, high = ORDINARY[0], LARGE[1]
        earlier = round(min(max(ratio + rng.choice((-0.1, 0.0, 0.1)), low), high), 3)
    return phantom, earlier


def _case(asked: Phantoms, number: int, folder: Path) -> Case:
    phantom, earlier = drawn(asked, number)
    name = f"phantom-{asked.seed}-{number:05d}-{_spacing(asked)}"
    kept = folder / name / "case.json"
    if kept.is_file():
        case = Case.model_validate_json(kept.read_bytes())
        if all((folder / name / path).is_file() for path in (*case.paths, *case.prior)):
            return _placed(case, folder / name)
    film = make_chest(phantom)
    path = write_chest(film, folder / name)
    before = None
    if earlier is not None:
        before = write_chest(make_chest(phantom.earlier(earlier)), folder / name / "prior")
    case = Case(
        id=name,
        subject=f"phantom-{phantom.seed}",
        paths=(path.name,),
        prior=(f"prior/{before.name}",) if before else (),
        reference=Reference(claims=truth_of(film, earlier), regions=_regions(film, folder / name)),
    )
    put_bytes(kept, case.model_dump_json(indent=1).encode())
    return _placed(case, folder / name)


def _spacing(asked: Phantoms) -> str:
    return f"{asked.spacing_mm:g}mm" + (f"-p{asked.priors:g}" if asked.priors else "")


def _placed(case: Case, folder: Path) -> Case:
    """With paths that hold from anywhere; on disk they count from the case's own folder, which may be moved."""
    reference = case.reference or Reference()
    regions = tuple(
        region.model_copy(update={"mask": str(folder / region.mask)}) if region.mask else region
        for region in reference.regions
    )
    places = {name: tuple(str(folder / path) for path in getattr(case, name)) for name in ("paths", "prior")}
    return case.model_copy(update={**places, "reference": reference.model_copy(update={"regions": regions})})


def truth_of(film: ChestImage, earlier: float | None = None) -> tuple[TrueClaim, ...]:
    """What is so of a film, in the terms that reports are read in; `earlier`: the ratio of an earlier film."""
    truth = film.truth
    ratio = truth.cardiothoracic_ratio
    change: Change | None = None
    if earlier is not None:
        step = ratio - earlier
        change = "stable" if abs(step) < STABLE else "larger" if step > 0 else "smaller"
    found = [
        TrueClaim(observation="cardiac_enlargement", presence="present" if ratio > ENLARGED else "absent"),
        TrueClaim(
            observation="cardiothoracic_ratio",
            change=change,
            measurement=TrueNumber(name="cardiothoracic_ratio", value=ratio, unit="1", tolerance=RATIO_TOLERANCE),
        ),
    ]
    areas: dict[LungSide, float] = {"right": truth.right_lung_cm2, "left": truth.left_lung_cm2}
    for side, area in areas.items():
        number = TrueNumber(name="area", value=area, unit="cm2", tolerance=SIZE_TOLERANCE * area)
        found.append(TrueClaim(observation="lung", laterality=side, measurement=number))
    return (*found, *_diseases(film))


def _diseases(film: ChestImage) -> list[TrueClaim]:
    phantom = film.phantom
    there: dict[str, TrueClaim] = {}
    if phantom.effusion:
        there["effusion"] = TrueClaim(
            observation=CONCEPTS["effusion"],
            laterality=phantom.effusion.side,
            severity=SEVERITIES[phantom.effusion.size],
        )
    if phantom.nodule:
        wide = phantom.nodule.diameter_mm
        number = TrueNumber(name="longest_diameter", value=wide, unit="mm", tolerance=SIZE_TOLERANCE * wide)
        there["nodule"] = TrueClaim(
            observation=CONCEPTS["nodule"],
            laterality=phantom.nodule.side,
            zone=f"{phantom.nodule.zone} zone",
            measurement=number,
        )
    if phantom.pneumothorax:
        there["pneumothorax"] = TrueClaim(observation=CONCEPTS["pneumothorax"], laterality=phantom.pneumothorax)
    if phantom.consolidation:
        there["consolidation"] = TrueClaim(
            observation=CONCEPTS["consolidation"],
            laterality=phantom.consolidation.side,
            zone=f"{phantom.consolidation.zone} zone",
        )
    return [there.get(name) or TrueClaim(observation=concept, presence="absent") for name, concept in CONCEPTS.items()]


def _regions(film: ChestImage, folder: Path) -> tuple[TrueRegion, ...]:
    """The masks that the film was drawn with, as PNG beside it; of the chest as a whole nothing is asked."""
    found = []
    for name, mask in film.masks.items():
        if name == "thorax" or not mask.any():
            continue
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        path = f"masks/{name.replace(' ', '-')}.png"
        put_bytes(folder / path, encode_mask(mask))
        region = TrueRegion(
            observation=CONCEPTS.get(name, name.rpartition(" ")[2]),
            laterality=_side_of(name, film.phantom),
            box=(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)),
            mask=path,
        )
        found.append(region)
    return tuple(found)


def _side_of(name: str, phantom: ChestPhantom) -> Laterality:
    """The patient's side of what a mask of a phantom is named for."""
    sides: dict[str, Laterality | None] = {
        "right lung": "right",
        "left lung": "left",
        "effusion": phantom.effusion.side if phantom.effusion else None,
        "nodule": phantom.nodule.side if phantom.nodule else None,
        "pneumothorax": phantom.pneumothorax,
        "consolidation": phantom.consolidation.side if phantom.consolidation else None,
    }
    return sides.get(name) or "unspecified"
