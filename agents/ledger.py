"""The evidence a text is held against, indexed by what it speaks of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from readingroom.agents.place import located
from readingroom.agents.sentence_rules import Forbidden
from readingroom.domain.category import Category
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.value import Value
from readingroom.language.lexicon import Lexicon, lexicon

LOW_QUALITY = 0.5
"""Below this share of a tool's own quality score its word is not taken as definite."""


class Ledger(Value):
    """Everything that may be said, and the images it was seen in; earlier images have the role "prior"."""

    evidence: tuple[Evidence, ...] = ()
    images: tuple[ImageRef, ...] = ()
    categories: tuple[Category, ...] = ()
    """What the report computed: a text may name no other."""
    forbids: tuple[Forbidden, ...] = ()
    """What the draft's template promises to hold none of (R17)."""


class Index(NamedTuple):
    """A ledger arranged for looking up."""

    words: Lexicon
    by_id: Mapping[str, Evidence]
    sources: Mapping[str, frozenset[str]]
    """Evidence with all that it was computed from, itself included, by id."""
    images: Mapping[str, ImageRef]
    exact: Mapping[str, list[Evidence]]
    """Trusted evidence by its observation."""
    under: Mapping[str, list[Evidence]]
    """Trusted evidence by its observation and everything that is a kind of."""
    naming: Mapping[str, list[Evidence]]
    """Trusted evidence by the names of its measurements."""
    hearsay: Mapping[str, list[Evidence]]
    """Untrusted text by observation and everything that is a kind of."""
    earlier: frozenset[str]
    """Evidence seen in prior images, by id: it says nothing of the present."""
    has_prior: bool
    disputed: bool
    """Whether it holds a denial of something that it also holds present, or of what that is a kind of."""
    forbids: tuple[Forbidden, ...]
    categories: tuple[Category, ...]

    def closure(self, cites: Iterable[str]) -> frozenset[str]:
        """The cited evidence and what it was computed from."""
        reached = [self.sources[name] for name in cites if name in self.sources]
        return reached[0] if len(reached) == 1 else frozenset().union(*reached)


def _sources(item: Evidence, by_id: Mapping[str, Evidence]) -> frozenset[str]:
    if not item.derived_from:
        return frozenset((item.id,))
    reached: set[str] = set()
    waiting = [item.id]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [source for source in by_id[name].derived_from if source in by_id]
    return frozenset(reached)


def index_of(ledger: Ledger) -> Index:
    """Arrange a ledger once for all the sentences of a text."""
    words = lexicon()
    exact: dict[str, list[Evidence]] = defaultdict(list)
    under: dict[str, list[Evidence]] = defaultdict(list)
    naming: dict[str, list[Evidence]] = defaultdict(list)
    hearsay: dict[str, list[Evidence]] = defaultdict(list)
    images = {image.id: image for image in ledger.images}
    earlier = frozenset(
        item.id for item in ledger.evidence if item.image_id in images and images[item.image_id].role == "prior"
    )
    placed = [located(item, images.get(item.image_id), words) for item in ledger.evidence]
    for item in placed:
        if item.id in earlier:
            continue
        lineage = words.ancestors(item.observation)
        if item.trust == "untrusted_text":
            for name in lineage:
                hearsay[name].append(item)
            continue
        exact[item.observation].append(item)
        for name in lineage:
            under[name].append(item)
        for measured in item.measurements:
            naming[measured.name].append(item)
    has_prior = any(image.role == "prior" for image in ledger.images) or any(
        item.kind == "prior_report" for item in ledger.evidence
    )
    disputed = any(
        item.presence == "absent" and any(other.presence == "present" for other in under[item.observation])
        for items in exact.values()
        for item in items
    )
    by_id = {item.id: item for item in placed}
    given = (ledger.forbids, ledger.categories)
    sources = {name: _sources(item, by_id) for name, item in by_id.items()}
    return Index(words, by_id, sources, images, exact, under, naming, hearsay, earlier, has_prior, disputed, *given)
