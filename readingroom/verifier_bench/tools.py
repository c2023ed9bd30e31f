"""What the tools of a synthetic study return: typed evidence with regions, scores, numbers and their tools."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.measurement import PHYSICAL, Measurement
from readingroom.domain.region import Region
from readingroom.domain.terms import Certainty, Laterality, Presence
from readingroom.verifier_bench.facts import Fact
from readingroom.verifier_bench.phrasebook import NumberEntry

CURRENT, LATERAL, PRIOR = "img-1", "img-2", "img-3"

BOXES: dict[str, tuple[float, float, float, float]] = {
    "right": (70.0, 180.0, 150.0, 260.0), "left": (350.0, 190.0, 430.0, 280.0), "": (200.0, 300.0, 320.0, 400.0),
}  # fmt: skip
"""Of an image of 512 pixels whose left half shows the patient's right."""


def origin(tool: str) -> Origin:
    return Origin(
        tool=tool, tool_version="1", backend="bench", model=tool, model_version="1", preprocessing_id="none", step="s1",
        input_sha256="a" * 64, output_sha256="b" * 64,
    )  # fmt: skip


def length(name: str, value: float) -> Measurement:
    return Measurement(name=name, value=value, unit="mm", decimals=0, method="caliper", spacing_source="PixelSpacing")


def numbers_of(fact: Fact) -> tuple[Measurement, ...]:
    """What was measured: two diameters, or the number that the fact is."""
    if isinstance(fact.entry, NumberEntry):
        entry = fact.entry
        return (Measurement.model_validate({
            "name": entry.measure, "value": fact.size, "unit": entry.unit, "decimals": entry.decimals,
            "method": "measured", "spacing_source": "PixelSpacing" if entry.unit in PHYSICAL else "none",
        }),)  # fmt: skip
    if fact.size is None or fact.presence != "present":
        return ()
    found = [length("longest_diameter", fact.size)]
    if fact.cross is not None:
        found.append(length("perpendicular_diameter", fact.cross))
    if fact.prior is not None and fact.dice < 0.5:
        found.append(length("prior_longest_diameter", fact.prior))
    return tuple(found)


def evidence_of_facts(
    facts: Sequence[Fact], *, has_side_view: bool
) -> tuple[tuple[Evidence, ...], dict[int, tuple[str, ...]]]:
    """All evidence, E1, E2 ... in order, and which of it is each fact's.

    A bilateral fact is one piece of evidence or one a side; what is likely or possible is a tool's word or its score;
    an earlier size is a number beside the present one, or evidence in the prior image.
    """
    told: list[Evidence] = []
    of_fact: dict[int, tuple[str, ...]] = {}
    for at, fact in enumerate(facts):
        first = len(told)
        told += _of_fact(fact, len(told) + 1)
        of_fact[at] = tuple(item.id for item in told[first:])
    if has_side_view:
        told.append(_piece(f"E{len(told) + 1}", "image", "present", "segmenter", image_id=LATERAL))
    return tuple(told), of_fact


def _of_fact(fact: Fact, number: int) -> list[Evidence]:
    tool = ("classifier", "detector", "segmenter")[int(fact.dice * 3)]
    presence: Presence = "absent" if fact.presence == "absent" else "present"
    if presence == "absent":
        return [_piece(f"E{number}", fact.observation, presence, tool)]
    if fact.conflict:
        return [
            _placed(f"E{number}", fact, fact.side, "detector"),
            _piece(f"E{number + 1}", fact.observation, "absent", "classifier"),
        ]
    if fact.side == "bilateral" and fact.dice < 0.5:
        sides: tuple[Laterality, ...] = ("left", "right")
        return [_placed(f"E{number + at}", fact, side, tool) for at, side in enumerate(sides)]
    found = [_placed(f"E{number}", fact, fact.side, tool)]
    if fact.prior is not None and fact.dice >= 0.5:
        earlier = _piece(
            f"E{number + 1}", fact.observation, "present", tool, image_id=PRIOR, laterality=fact.side,
            measurements=(length("longest_diameter", fact.prior),),
        )  # fmt: skip
        found = [found[0].model_copy(update={"derived_from": (earlier.id,)}), earlier]
    return found


def _placed(name: str, fact: Fact, side: Laterality, tool: str) -> Evidence:
    """Evidence with a side, a place, a degree, a region, and how sure the tool is."""
    certainty: Certainty | None = None if fact.certainty == "definite" and fact.dice < 0.7 else fact.certainty
    score: dict[str, object] = {}
    if fact.conflict:
        certainty = None
    elif fact.certainty == "may_represent" and fact.dice < 0.4:
        certainty, score = None, {"score": 0.62, "score_kind": "cosine"}
    elif fact.certainty == "definite" and fact.dice < 0.2:
        score = {"score": 0.995, "score_kind": "probability", "calibrated": True}
    box = BOXES.get(side, BOXES[""])
    region = Region(image_id=CURRENT, kind="box", frame="source_pixels", box=box)
    changed = {"change": fact.change, "prior_image_id": PRIOR} if fact.change else {}
    return _piece(
        name, fact.observation, "present", tool, laterality=side, zone=fact.zone, severity=fact.severity,
        certainty=certainty, measurements=numbers_of(fact), regions=(region,), **changed, **score,
    )  # fmt: skip


def _piece(name: str, observation: str, presence: Presence, tool: str, **more: object) -> Evidence:
    return Evidence.model_validate({
        "id": name, "observation": observation, "presence": presence, "summary": f"{observation}: {presence}",
        "image_id": CURRENT, "origin": origin(tool), **more,
    })  # fmt: skip
