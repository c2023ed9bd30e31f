"""CXRReportGen's sentences as findings: each read for what it claims, its boxes brought onto the source pixels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from readingroom.domain.request import Request
from readingroom.errors import NotServed
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import Box, region_from_square, square_of
from readingroom.imaging.image import Image
from readingroom.language.claim import Claim
from readingroom.language.claims import read_claims
from readingroom.language.identifiers import without_identifiers
from readingroom.language.lexicon import lexicon
from readingroom.language.measured import measurement_of
from readingroom.language.sentences import Sentence, split_sentences
from readingroom.tools.backends.protocol import Draft, Drafted
from readingroom.tools.backends.scorer import Scorer, model_seeing
from readingroom.tools.contracts.cxrreportgen import CxrInput, GroundedSentence, ask_report, decode_report
from readingroom.tools.preparation import BurnedIn, prepare

EXPECTED: dict[str, str] = {
    "pleural_effusion": "pleural effusion",
    "pneumothorax": "pneumothorax",
    "consolidation": "consolidation",
    "nodule": "nodules and masses",
    "pulmonary_edema": "pulmonary edema",
    "atelectasis": "atelectasis",
    "fracture": "fractures",
    "cardiac_enlargement": "heart size",
}
"""What a reader of a chest film expects to be told. The model tells neither a score nor what it looked for, so that
its silence is no denial."""


NOT_A_SENTENCE = re.compile(r"[\"“”«»<>{}\[\]`|\\\n]|https?:|\b(?:you|your|ignore|disregard|system)\b", re.IGNORECASE)
"""Signs and words that no sentence of a radiology report needs."""


class Outgoing(NamedTuple):
    """What goes with the pixels, freed of what could identify the patient."""

    marks: frozenset[str]
    key: bytes
    burned_in: BurnedIn


def _words(text: str | None, outgoing: Outgoing) -> str | None:
    return without_identifiers(text, outgoing.marks, outgoing.key).text if text else None


def _boxes(told: GroundedSentence, cleared: Cleared, image: Image) -> tuple[Box, ...]:
    columns, rows = image.ref.columns, image.ref.rows
    square = square_of(columns, rows, cleared.how)
    regions = (
        region_from_square(box, square, image_id=image.ref.id, columns=columns, rows=rows) for box in told.boxes or ()
    )
    return tuple(region.box for region in regions if region is not None)


def _typed(claim: Claim) -> str:
    """ "right pleural effusion, present": what the sentence was read as."""
    side = "" if claim.laterality in ("unspecified", "not_applicable") else f"{claim.laterality} "
    return f"{side}{lexicon().name(claim.observation)}, {claim.presence}"


def _drafted(claim: Claim, told: GroundedSentence, boxes: tuple[Box, ...], prior: str | None) -> Drafted:
    positive = claim.presence in ("present", "indeterminate")
    return Drafted(
        observation=claim.observation,
        presence=claim.presence,
        summary=f'{_typed(claim)}: "{told.text}"',
        laterality=claim.laterality,
        zone=claim.zone,
        severity=claim.severity if positive else None,
        certainty=claim.certainty,
        change=claim.change if prior else None,
        prior_image_id=prior if claim.change else None,
        measurements=tuple(measurement_of(number) for number in claim.quantities if number.role != "limit"),
        boxes=boxes if positive else (),
        quote=told.text,
    )


def _read(told: tuple[GroundedSentence, ...]) -> Iterator[tuple[GroundedSentence, tuple[Claim, ...]]]:
    sentences = [Sentence(id=f"S{n}", section="findings", text=item.text) for n, item in enumerate(told, 1)]
    for item, (_, claims) in zip(told, read_claims(sentences), strict=True):
        yield item, claims


def _odd(text: str) -> str:
    """Why a text is no sentence of a report, whatever it claims; empty where it is one.

    What a model was made to repeat (an order, a dialogue, a page) can hold words that type as findings.
    """
    if len(split_sentences(text)) != 1:
        return "it is not one sentence"
    return "it holds quotation, markup or an address" if NOT_A_SENTENCE.search(text) else ""


def _spoken_of(concept: str, spoken: Iterable[str]) -> bool:
    """Itself, a kind of it, or what it is a kind of: "no acute osseous abnormality" speaks of fractures."""
    words = lexicon()
    return any(words.is_a(concept, one) or words.is_a(one, concept) for one in spoken)


async def draft_report(scorer: Scorer, images: tuple[Image, ...], request: Request, outgoing: Outgoing) -> Draft:
    """Findings of the current frontal film, with lateral and prior films as context.

    A sentence that claims nothing that can be typed, or that compares with an earlier image where none was sent, is
    not believed: it goes to `Draft.unread` with the reason. Raises NotServed for anything but a chest radiograph.
    """
    frontal = images[0]
    if (frontal.ref.modality, frontal.ref.anatomy) != ("x_ray", "chest"):
        kind = f"{frontal.ref.modality.replace('_', '-')} {frontal.ref.anatomy}"
        raise NotServed(f"CXRReportGen reads chest radiographs, not {kind}", do="Use segment and measure.")
    lateral = next((image for image in images[1:] if image.ref.role == "lateral"), None)
    prior = next((image for image in images[1:] if image.ref.role == "prior"), None)
    cleared = prepare("cxrreportgen", frontal, policy=outgoing.burned_in)
    asked = CxrInput(
        frontal=cleared,
        lateral=prepare("cxrreportgen", lateral, policy=outgoing.burned_in) if lateral else None,
        prior_image=prepare("cxrreportgen", prior, policy=outgoing.burned_in) if prior else None,
        indication=_words(request.indication, outgoing),
        technique=_words(request.technique, outgoing),
        comparison=None,
        prior_report=_words(request.prior_report, outgoing),
    )
    (row,) = await scorer.score(ask_report((asked,)), decode_report)
    known = prior.ref.id if prior else None
    found: list[Drafted] = []
    unread: list[str] = []
    for told, claims in _read(row.sentences):
        if odd := _odd(told.text):
            unread.append(f"{odd}: {told.text!r}")
        elif not claims:
            unread.append(f'what it wrote could not be typed: "{told.text.rstrip(".")}"')
        elif known is None and any(claim.comparison for claim in claims):
            unread.append(f'it compares with an earlier image, and none was sent: "{told.text.rstrip(".")}"')
        else:
            boxes = _boxes(told, cleared, frontal)
            found += [_drafted(claim, told, boxes, known) for claim in claims]
    spoken = {item.observation for item in found}
    silent = tuple(name for concept, name in EXPECTED.items() if not _spoken_of(concept, spoken))
    return Draft(
        tuple(found), (), model_seeing(scorer, cleared), silent, tuple(unread), lateral_seen=lateral is not None
    )
