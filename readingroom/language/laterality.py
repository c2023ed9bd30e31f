"""Which side and which place belong to which finding of a clause."""

from __future__ import annotations

from typing import NamedTuple

from readingroom.language.item import Item
from readingroom.language.lexicon import Lexicon
from readingroom.language.mentions import Mention

WALLS = frozenset(("verb", "link", "stop", "there", "see", "open", "close", "hedge"))
LISTED = frozenset(("and", "or", "comma"))
TIES = frozenset(("and", "or", "hedge", "versus"))
TIED = TIES | {"comma", "word", "severity", "structure", "scope", "descriptor", "pronoun"}
ARTICLES = frozenset(("a", "an"))
"""What begins a finding of its own, as a degree does: "a left mass and moderate atrophy"."""
LINGULA = "lingula"
"""A place of the left lung: "right middle lobe and lingula" names no right one."""
BARE = frozenset(("upper", "middle", "lower"))


class Site(NamedTuple):
    """A side, a place and, in a list of sites, the degree at each; any may be empty."""

    side: str = ""
    zone: str = ""
    severity: str = ""
    dominant: str = ""
    """Of two sides the one that is said to be worse."""


class Window(NamedTuple):
    """The items around a mention that speak of it: [start, first) before and (last, end) after."""

    start: int
    end: int


def windows_of(clause: list[Item], mentions: list[Mention]) -> list[Window]:
    """What stands before each mention in its own phrase, and what follows up to the next mention's phrase."""
    starts: list[int] = []
    floor = 0
    for mention in mentions:
        starts.append(_start(clause, mention.first, min(floor, mention.first)))
        floor = max(floor, mention.last + 1)
    ends = [*starts[1:], len(clause)]
    return [
        Window(start, max(end, mention.last + 1)) for start, end, mention in zip(starts, ends, mentions, strict=True)
    ]


def _start(clause: list[Item], first: int, floor: int) -> int:
    index = first
    while index > floor:
        kind = clause[index - 1].kind
        if kind in WALLS or kind == "quantity_end":
            break
        if kind in LISTED and not _only_modifiers(clause, index - 1, floor):
            break
        index -= 1
    return index


def _only_modifiers(clause: list[Item], at: int, floor: int) -> bool:
    """Whether before an "and" stand only sides and places ("right and left lower lobe"), or before a comma a degree."""
    placed = False
    for index in range(at - 1, floor - 1, -1):
        kind = clause[index].kind
        if kind in ("side", "zone") or (kind == "severity" and clause[at].kind == "comma"):
            placed = True
        elif kind in LISTED or kind == "there":
            break
        elif kind in ("link", "finding", "device"):
            return False
        elif kind in WALLS:
            break
    return placed


def sites_of(
    clause: list[Item], mentions: list[Mention], windows: list[Window], words: Lexicon
) -> list[tuple[Site, ...]]:
    """The sites of each mention; a side named once for a list is given to its members that have none."""
    told = [_gather(clause, mention, window, words) for mention, window in zip(mentions, windows, strict=True)]
    lead = _leading(clause, mentions, windows, words)
    for index, mention in enumerate(mentions):
        if lead and _takes_side(mention, words) and not any(site.side for site in told[index]):
            told[index] = [lead[0]._replace(zone=site.zone) for site in told[index]] or lead
    _share(clause, mentions, windows, told, words)
    return [tuple(sites) or (Site(),) for sites in told]


def _takes_side(mention: Mention, words: Lexicon) -> bool:
    concept = words.concepts.get(mention.observation)
    return concept is None or concept.sided


def _leading(clause: list[Item], mentions: list[Mention], windows: list[Window], words: Lexicon) -> list[Site]:
    """Places named before the first mention: "in the left base there is ...", "the left lung shows ..."."""
    if not mentions or windows[0].start == 0:
        return []
    head = clause[: windows[0].start]
    if any(item.kind in ("neg", "stop", "neg_post") for item in head):
        return []
    return _sites(head, words)


def reach_of(items: list[Item], mention: Mention, window: Window) -> int:
    """Up to where a mention's sides are its own: a device's end at the second side, for that is where its tip lies."""
    for index in range(mention.last + 1, window.end):
        if items[index].kind == "stop" or (items[index].kind == "neg" and index > mention.last + 1):
            return index
        if (
            mention.kind == "device"
            and items[index].kind == "side"
            and any(one.kind == "side" for one in items[window.start : index])
        ):
            return index
    return window.end


def _gather(clause: list[Item], mention: Mention, window: Window, words: Lexicon) -> list[Site]:
    before = clause[window.start : mention.first]
    inner = clause[mention.first : mention.last + 1]
    after = clause[mention.last + 1 : reach_of(clause, mention, window)]
    placed = mention.kind == "device" or mention.observation in words.placed
    return _sites([*before, *inner, *after], words, placed)


NAMING = frozenset(("side", "zone", "structure", "greater"))
"""What can say where."""


class _Collector:
    """Collects sites word by word; a second side, or a second place in a list, begins the next site."""

    def __init__(self, words: Lexicon, placed: bool) -> None:
        self.found: list[Site] = []
        self.words = words
        self.placed = placed
        self.side = self.zone = self.severity = self.dominant = ""
        self.listed = self.reference = self.anchored = False
        self.bound: set[int] = set()
        """Sites whose side belongs to a structure of its own: "in the right lung and the left hilum"."""

    def flush(self) -> None:
        if self.side or self.zone:
            if self.anchored:
                self.bound.add(len(self.found))
            self.found.append(Site(self.side, self.zone, self.severity, self.dominant))
        elif self.dominant:
            self.found.append(Site("bilateral", "", self.severity, self.dominant))
        self.dominant = ""
        self.anchored = False

    def take(self, item: Item) -> None:
        if item.kind == "word":
            self.reference = self.reference or item.value == "than"
        elif item.kind == "side":
            self.take_side(item.value)
        elif item.kind == "zone":
            self.take_zone(item.value)
        elif item.kind == "structure":
            self.take_structure(item.value)
        elif item.kind == "severity":
            if self.listed and (self.side or self.zone):
                self.flush()
                self.side = self.zone = ""
            self.severity = item.value
        elif item.kind == "greater":
            self.dominant = item.value
        elif item.kind in LISTED:
            self.listed = True
        elif item.kind != "link":
            self.reference = False

    def take_side(self, side: str) -> None:
        if self.reference:
            return
        if (self.side and side != self.side) or (self.zone and self.listed and not self.side):
            self.flush()
            self.zone = ""
        self.side = side
        self.listed = False

    def take_zone(self, zone: str) -> None:
        refines = self.words.qualifiers
        main = bool(self.zone) and self.zone not in refines
        if self.listed and self.zone and (zone not in refines or zone in BARE):
            self.flush()
            self.zone = zone
        elif not self.zone or (not main and zone not in refines):
            self.zone = zone
        elif main and zone not in refines and zone not in self.words.zones.get(self.zone, ()):
            if self.zone not in self.words.zones.get(zone, ()):
                self.flush()
            self.zone = zone
        if zone == LINGULA and self.side == "right":
            self.side = ""
        self.listed = False

    def take_structure(self, name: str) -> None:
        concept = self.words.concepts[name]
        self.anchored = self.anchored or bool(self.side)
        if (
            (self.placed or concept.place)
            and not concept.broad
            and not (self.zone and self.zone not in self.words.qualifiers)
        ):
            self.zone = f"{self.zone} {name}" if self.zone in BARE else name
            self.listed = False


def places_of(items: list[Item], words: Lexicon) -> list[Site]:
    """The sides and places that a clause without a subject names."""
    return _sites(items, words)


def _sites(items: list[Item], words: Lexicon, placed: bool = False) -> list[Site]:
    if not any(item.kind in NAMING for item in items):
        return []
    collector = _Collector(words, placed)
    for item in items:
        collector.take(item)
    collector.flush()
    return _completed(collector.found, collector.bound)


def _completed(found: list[Site], bound: set[int]) -> list[Site]:
    """ "right and left lower lobes": both are lower lobes; "right upper and lower lobes": both are lobes."""
    for index in range(len(found) - 2, -1, -1):
        zone, following = found[index].zone, found[index + 1].zone
        if not zone and following and found[index].side in ("left", "right") and len(found) == 2 and index not in bound:
            found[index] = found[index]._replace(zone=following)
        elif zone in BARE and following.endswith((" lobe", " zone")):
            found[index] = found[index]._replace(zone=f"{zone} {following.rpartition(' ')[2]}")
    return list(dict.fromkeys(found))


def _share(
    clause: list[Item], mentions: list[Mention], windows: list[Window], told: list[list[Site]], words: Lexicon
) -> None:
    """Give a coordinated finding without a side its neighbour's: "left effusion and atelectasis"."""
    for index in range(1, len(mentions)):
        if told[index] or not told[index - 1] or not _takes_side(mentions[index], words) or mentions[index].normality:
            continue
        between = clause[mentions[index - 1].last + 1 : mentions[index].first]
        if _tied(between):
            told[index] = [site for site in told[index - 1] if site.side]
    for index in range(len(mentions) - 2, -1, -1):
        if told[index] or not told[index + 1] or not _takes_side(mentions[index], words):
            continue
        between = clause[mentions[index].last + 1 : mentions[index + 1].first]
        own_phrase = clause[windows[index + 1].start : mentions[index + 1].first]
        if _tied(between) and not any(item.kind in ("side", "zone") for item in own_phrase):
            told[index] = list(told[index + 1])


def _tied(between: list[Item]) -> bool:
    if any(item.kind == "severity" or item.value in ARTICLES for item in between):
        return False
    kinds = {item.kind for item in between}
    return bool(kinds & TIES) and kinds <= TIED
