"""Answers in words from evidence alone: sentences by templates, each with its evidence and the verifier's verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from readingroom.agents.template import ReportTemplate, parse_template, template_for, templates
from readingroom.agents.verifier import Ledger, verify
from readingroom.agents.wish import Wish, words
from readingroom.agents.writer import structure_of, write_findings
from readingroom.domain.check import Check, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding, Limitation
from readingroom.domain.image import ImageRef
from readingroom.domain.plan import Plan
from readingroom.domain.report import NOTICE, Report
from readingroom.domain.value import Value
from readingroom.language.lexicon import lexicon
from readingroom.language.sentences import Sentence
from readingroom.prompts.words import load_words, read_words, render
from readingroom.tools.borrowed.lending import BorrowedResult
from readingroom.tools.classify import ClassifyResult
from readingroom.tools.compare import CompareResult
from readingroom.tools.draft_findings import DraftResult
from readingroom.tools.embed import EmbedResult
from readingroom.tools.similar import SimilarResult, called
from readingroom.tools.target import concepts_of, target_of
from readingroom.tools.tool import Result

ANSWERS, TELLING = "planner/answers.yaml", "planner/telling.yaml"

WRITER = "template answers 1"

MOST_REASONS = 6
LONGEST_REASON = 200
"""Characters of each: a plan may ask for more outlines, under longer names, than a sentence can hold."""

LONGEST_SAID = 600
"""Characters of what another server's tool answered; the record has the rest."""


Status = Literal["answered", "partial", "nothing", "declined"]


class AnswerSentence(Value):
    """One sentence of an answer."""

    id: str
    """A1, A2 ... in order."""
    text: str
    evidence: tuple[str, ...] = ()
    """What it stands on; empty for what says nothing of the image."""
    kind: Literal["image", "record"] = "image"
    """Of the image, and read by the verifier; or of how something came about, copied from the record."""
    beyond: bool = False
    """Not asked for, and told all the same, since it matters."""


class Answer(Value):
    """What `ask` returns: words that stand on evidence, what could not be done, and the plan that was carried out."""

    run: str
    status: Status
    """partial: a step failed, and what needs it is missing; nothing: no step could be planned; declined: not
    approved."""
    notice: str = NOTICE
    subject: str
    question: str
    plan: Plan
    writer: str = WRITER
    sentences: tuple[AnswerSentence, ...] = ()
    unanswered: tuple[str, ...] = ()
    """What was asked for and no evidence tells."""
    limitations: tuple[Limitation, ...] = ()
    images: tuple[ImageRef, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    verification: Verification | None = None
    report: Report | None = None
    """Of a draft, or of what was explained."""

    @property
    def clean(self) -> bool:
        """Carried out whole, and nothing told of the image is contradicted, unsupported or left out."""
        held = self.verification is None or self.verification.clean
        drafted = self.plan.aim != "draft" or self.report is None or self.report.clean
        return self.status == "answered" and held and drafted

    @property
    def checks(self) -> Mapping[str, Check]:
        """The verdicts by sentence."""
        return {check.target: check for check in self.verification.checks} if self.verification else {}


class Worded(NamedTuple):
    """An answer's words before they are checked."""

    sentences: tuple[AnswerSentence, ...]
    unanswered: tuple[str, ...] = ()


@cache
def _own() -> ReportTemplate:
    return parse_template(read_words(ANSWERS), ANSWERS)


@cache
def telling() -> Mapping[str, str]:
    """The sentences of prompts/planner/telling.yaml, by name."""
    found: dict[str, str] = load_words(read_words(TELLING), TELLING)
    return found


def tell(name: str, /, **names: Any) -> str:
    """One of them, filled in."""
    return render(telling()[name], f"{TELLING}, {name}", **names)


def worded(wish: Wish, ledger: Sequence[Evidence], images: Sequence[ImageRef], results: Iterable[Result]) -> Worded:
    """The answer to what a question asks, from numbered evidence and the results beside it.

    Where the question names structures, quantities or findings, only what speaks of them is told, and beyond them
    what a reader must know; where it names none, everything is. What it names and no evidence tells is said.
    """
    given = tuple(results)
    near = [(finding, _speaks_of(finding, wish, ledger)) for finding in _findings(ledger, images)]
    told = [finding for finding, asked in near if asked]
    beyond = [finding for finding, asked in near if not asked and _matters(finding)]
    rows = [AnswerSentence(id="A0", text=text, evidence=cites, kind="record")
            for result in given for text, cites in _of_result(result, ledger)]  # fmt: skip
    rows += [AnswerSentence(id="A0", text=one.text, evidence=one.evidence) for one in told]
    rows += [AnswerSentence(id="A0", text=one.text, evidence=one.evidence, beyond=True) for one in beyond]
    return Worded(numbered(rows), tuple(_unanswered(wish, ledger, told, given)))


def numbered(rows: Iterable[AnswerSentence]) -> tuple[AnswerSentence, ...]:
    """A1, A2 ... in order."""
    return tuple(one.model_copy(update={"id": f"A{number}"}) for number, one in enumerate(rows, 1))


def checked(sentences: Iterable[AnswerSentence], evidence: tuple[Evidence, ...], images: tuple[ImageRef, ...],
            *, whole: bool = True) -> Verification:  # fmt: skip
    """The verifier's reading of an answer's text; what is copied from the record is no claim, and not checkable.

    `whole`: evidence that no sentence tells is an omission.
    """
    given = tuple(sentences)
    read = [Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence)
            for one in given if one.kind == "image"]  # fmt: skip
    found = verify(read, Ledger(evidence=evidence, images=images))
    verdicts = {check.target: check for check in found.checks}
    checks = tuple(
        verdicts.get(one.id)
        or Check(target=one.id, section="findings", text=one.text, verdict="not_checkable", evidence=one.evidence)
        for one in given
    )
    return found.model_copy(update={"checks": checks, "omissions": found.omissions if whole else ()})


def _findings(ledger: Sequence[Evidence], images: Sequence[ImageRef]) -> tuple[Finding, ...]:
    """Every sentence that the evidence allows: the report's own first, then plain measures, then bare outlines.

    An outline that was measured is told by its measures.
    """
    current = frozenset(image.id for image in images if image.role != "prior")
    used = {source for item in ledger for source in item.derived_from}
    first = next((image for image in images if image.role == "current"), None)
    chosen = [template_for(first, None)] if first else []
    chosen += [one for one in (templates()["measurements"],) if one not in chosen]
    found: list[Finding] = []
    for template in (*chosen, _own()):
        told = {name for finding in found for name in finding.evidence}
        rest = [item for item in ledger if item.id not in told]
        if template.id == _own().id:
            rest = [item for item in rest if item.id not in used]
        found += write_findings(template, rest, current)[0]
    return tuple(found)


def _matters(finding: Finding) -> bool:
    return finding.significance in ("urgent", "actionable")


def _speaks_of(finding: Finding, wish: Wish, ledger: Sequence[Evidence]) -> bool:
    """Whether a sentence tells of anything that the question names; of everything, where it names nothing."""
    compared = "compare" in wish.aims
    structures = _targets(wish) if {"segment", "measure"} & set(wish.aims) else ()
    sizes = set(wish.quantities) - {RATIO}
    if not (structures or wish.quantities or wish.findings or compared):
        return True
    cited = [item for item in ledger if item.id in finding.evidence]
    measured = {part.name for item in cited for part in item.measurements}
    return (
        (compared and finding.comparison is not None)
        or (RATIO in wish.quantities and RATIO in measured)
        or any(_fits(item, target) for item in cited for target in structures)
        or (bool(sizes and measured) and not structures)
        or any(_akin(finding.observation, concept) for concept in wish.findings)
    )


RATIO = "cardiothoracic_ratio"
"""The one quantity that is of no single structure."""


def _targets(wish: Wish) -> tuple[str, ...]:
    named = [target for targets, otherwise in wish.structures for target in (*targets, *otherwise)]
    return (*named, *wish.strange)


def _fits(item: Evidence, name: str) -> bool:
    target = target_of(name)
    same = item.observation in concepts_of(name) or (
        target.observation == "lung" and item.observation == "lung_area_ratio" and target.laterality != "unspecified"
    )
    return same and (target.laterality in ("unspecified", item.laterality))


def _akin(observation: str, concept: str) -> bool:
    return lexicon().is_a(observation, concept) or lexicon().is_a(concept, observation)


def _of_result(result: Result, ledger: Sequence[Evidence]) -> list[tuple[str, tuple[str, ...]]]:
    """What a result tells beside findings, with its evidence."""
    if isinstance(result, ClassifyResult):
        cites = tuple(item.id for item in ledger if item.origin.tool == "classify" and item.image_id == result.image)
        if any(item.score_kind == "probability" for item in result.evidence):  # findings; their evidence is told
            sure = [item for item in ledger if item.id in cites and item.calibrated]
            rows = [(tell("adapted", summary=item.summary, model=item.origin.model), (item.id,)) for item in sure]
            rest = [one for one in result.scores if one.wording == "uncalibrated"]
            scores = "; ".join(f"{one.label} {one.score:.2f} ({one.wording})" for one in rest)
            others = tuple(name for name in cites if name not in {item.id for item in sure})
            return [*rows, *([(tell("scored", scores=scores, model=result.model), others)] if rest else [])]
        if result.label == "unknown":
            return [(tell("kind_unknown", reason=result.reason, model=result.model), cites)]
        score = f"{result.scores[0].score:.2f}" if result.scores else ""
        kind = result.label.replace("_", "-")
        sort = "calibrated" if result.calibrated else "uncalibrated score"
        return [(tell("kind", kind=kind, score=score, sort=sort, model=result.model), cites)]
    if isinstance(result, EmbedResult):
        told = {"dimensions": result.dimensions, "description": result.description, "vector": result.vector[:12]}
        return [(tell("vector", model=f"{result.model} {result.version}", **told), ())]
    if isinstance(result, SimilarResult):
        return _alike(result, ledger)
    return [(_hearsay(result), ())] if isinstance(result, BorrowedResult) else []


def _hearsay(result: BorrowedResult) -> str:
    """What another server's tool said, in quotation marks that it cannot end, and no evidence of anything."""
    said = " ".join(result.said.text.replace('"', "'").split())
    said = said if len(said) <= LONGEST_SAID else f"{said[: LONGEST_SAID - 2]} …"
    return tell("borrowed" if said else "borrowed_nothing", tool=result.tool, server=result.server, said=said)


def _alike(result: SimilarResult, ledger: Sequence[Evidence]) -> list[tuple[str, tuple[str, ...]]]:
    """Neighbours as the record has them, each with its evidence, and what they do not say."""
    if not result.neighbours:
        return [(tell("no_neighbour", held=result.held), ())]
    ids = [item.id for item in ledger if item.origin.tool == "similar" and item.image_id == result.image]
    rows = [
        (tell("neighbour", place=place, held=result.held, what=called(one.about), similarity=f"{one.similarity:.2f}",
              model=result.model), tuple(ids[place - 1 : place]))
        for place, one in enumerate(result.neighbours, 1)
    ]  # fmt: skip
    return [*rows, (tell("likeness"), ())]


def _because(lacking: Sequence[Evidence]) -> str:
    """Why something is not told: the first outlines that were not good enough, and how many more there are."""
    named = [f"the {structure_of(item)} was {_fault(item)}"[:LONGEST_REASON] for item in lacking[:MOST_REASONS]]
    more = len(lacking) - len(named)
    return " and ".join([*named, *([f"{more} more were not either"] if more else [])])


def _unanswered(
    wish: Wish, ledger: Sequence[Evidence], told: Sequence[Finding], results: Sequence[Result]
) -> Iterable[str]:
    """What was asked for and is not told, each with the reason where an outline was not good enough."""
    lacking = [item for item in ledger if item.origin.tool == "segment" and item.presence != "present"]
    since = _because(lacking)
    drafts = [result for result in results if isinstance(result, DraftResult)]
    for concept in wish.findings if drafts else ():
        scored = any(lexicon().is_a(item.observation, concept) for item in ledger if item.origin.tool == "classify")
        if not scored and not any(_akin(finding.observation, concept) for finding in told):
            name = lexicon().name(concept)
            missed = any(_same_name(name, one) for draft in drafts for one in draft.not_assessed)
            yield tell("nobody" if missed else "silent", name=name, model=drafts[0].model, since=since)
    if any(isinstance(result, CompareResult) and not result.evidence for result in results):
        yield tell("uncompared", since=since)
    if {"segment", "measure"} & set(wish.aims):
        yield from _unseen(wish, lacking)
    if results and "measure" in wish.aims:
        yield from _unmeasured(wish, ledger, since)


def _fault(item: Evidence) -> str:
    return "not found" if item.presence == "absent" else f"not assessable ({item.quality_reason.rstrip('.')})"


def _unseen(wish: Wish, lacking: Sequence[Evidence]) -> Iterable[str]:
    """Structures that were asked for, or all of them where none was named."""
    named = _targets(wish)
    for item in lacking:
        if any(_fits(item, target) for target in named) or not (named or wish.quantities):
            yield tell("lacking", structure=structure_of(item), was="was", absent=item.presence == "absent",
                       reason=item.quality_reason.rstrip("."))  # fmt: skip


def _unmeasured(wish: Wish, ledger: Sequence[Evidence], since: str) -> Iterable[str]:
    measured = {part.name for item in ledger for part in item.measurements}
    named = [item for item in ledger if any(_fits(item, target) for target in _targets(wish))]
    of = " and the ".join(dict.fromkeys(structure_of(item) for item in named if item.origin.tool == "segment"))
    for quantity in wish.quantities:
        answering = {quantity, *words().quantities[quantity].also}
        if quantity != "size" and not answering & measured:
            name = lexicon().name("density" if quantity == "mean_hu" else quantity)
            own = bool(words().quantities[quantity].targets)
            yield tell("unmeasured", name=name, of="" if own or not of else f"the {of}", since=since)


def _same_name(name: str, listed: str) -> bool:
    """ "nodule" and "mass" are among "nodules and masses"."""
    return f" {name.lower()}" in f" {listed.lower()}"
