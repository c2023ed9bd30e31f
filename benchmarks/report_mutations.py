"""One error, or one harmless change, put into the text of a report; shared by the benchmark and the tests.

Errors are made on the words alone, by patterns that know nothing of the reader, wherever that can be done. Only what to
leave out, to deny again or to make up is chosen by the reader's own claims.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from readingroom.domain.terms import Section
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon
from readingroom.language.sentences import Sentence

Text = tuple[Sentence, ...]
Mutate = Callable[[Text, random.Random], Text | None]
"""None where the text holds nothing that can be so changed."""


class Swap(NamedTuple):
    """A pattern, and what may take its place; {0} is the match."""

    pattern: str
    instead: tuple[str, ...]


def numbered(parts: Iterable[tuple[Section, str]]) -> Text:
    """Sentences S1, S2 ... of sections and texts."""
    return tuple(Sentence(id=f"S{n}", section=section, text=text) for n, (section, text) in enumerate(parts, 1))


def _edited(text: Text, at: int, words: str) -> Text:
    return (*text[:at], text[at].model_copy(update={"text": words}), *text[at + 1 :])


def replaced(text: Text, pattern: str, change: Callable[[re.Match[str]], str], chance: random.Random) -> Text | None:
    """One random match of the pattern changed."""
    places = [(n, match) for n, one in enumerate(text) for match in re.finditer(pattern, one.text, re.IGNORECASE)]
    if not places:
        return None
    at, match = chance.choice(places)
    words = text[at].text
    edited = words[: match.start()] + change(match) + words[match.end() :]
    return _edited(text, at, re.sub(r"  +", " ", edited).strip()) if edited != words else None


def swapped(text: Text, swaps: Iterable[Swap], chance: random.Random) -> Text | None:
    """One random match of any of the patterns put in other words; the first pattern that matches a place owns it."""
    places: dict[tuple[int, int], tuple[re.Match[str], Swap]] = {}
    for swap in swaps:
        for n, one in enumerate(text):
            for match in re.finditer(swap.pattern, one.text, re.IGNORECASE):
                if not any(at == n and m.start() < match.end() and match.start() < m.end()
                           for (at, _), (m, _) in places.items()):  # fmt: skip
                    places[n, match.start()] = (match, swap)
    if not places:
        return None
    (at, _), (match, swap) = chance.choice(sorted(places.items(), key=lambda item: item[0]))
    words = text[at].text
    edited = words[: match.start()] + match.expand(chance.choice(swap.instead)) + words[match.end() :]
    return _edited(text, at, edited[:1].upper() + re.sub(r"  +", " ", edited).strip()[1:])


def positive(sentence: Sentence) -> list[str]:
    """The findings and devices that a sentence affirms, as the reader reads it."""
    return [
        claim.observation
        for claim in claims_of(sentence.text)
        if claim.presence == "present" and claim.certainty == "definite" and lexicon().reportable(claim.observation)
    ]


OTHER_SIDE = {"left": "right", "right": "left", "lul": "RUL", "lll": "RLL", "rul": "LUL", "rll": "LLL"}


SIDE = (
    r"(?<!and left)(?<!and right)(?<!to-)\b(?:left|right|[lr][ul]l)\b"
    r"(?! (?:posterior oblique|anterior oblique|lateral view|lateral decub|and (?:left|right))|-to-)"
)
"""Not of a projection, and not one of two sides: "left and left" says less than "left and right", and nothing wrong."""


def laterality(text: Text, chance: random.Random) -> Text | None:
    return replaced(text, SIDE, lambda m: OTHER_SIDE[m[0].lower()], chance)


NOT_A_DENIAL = (
    r"(?!(?:significant |interval |acute |definite |appreciable |convincing |other |new )*"
    r"(?:change|longer|increase|decrease|other|prior|comparison|previous|xxxx|way|doubt|priors|films?|"
    r"(?:iv )?contrast))"
)
DENIALS = (
    Swap(rf"\b(?:is|are) no\b {NOT_A_DENIAL}", ("there is",)),
    Swap(rf"\bno (?:evidence|sign|indication|radiographic evidence) (?:of|for)\b {NOT_A_DENIAL}", ("",)),
    Swap(rf"\b(?:without|negative for)\b(?: evidence (?:of|for)\b)? {NOT_A_DENIAL}", ("with ",)),
    Swap(rf"(?<!with )(?<!of )\bno\b {NOT_A_DENIAL}(?=.*\w)", ("",)),
    Swap(r"\b(is|are) not (?=(?:enlarged|dilated|widened|elevated|displaced)\b)", (r"\1 ",)),
    Swap(r"\b(is|are) (?:not|no longer) (?=(?:seen|identified|present|evident|visualized)\b)", (r"\1 ",)),
    Swap(r"\b(is|are) (?:normal|within normal limits|unremarkable)\b", (r"\1 abnormal",)),
    Swap(r"\b(lungs are) clear\b(?! of)", (r"\1 not clear",)),
    Swap(r"\bfree of\b", ("showing",)),
)  # fmt: skip


def flipped_negative(text: Text, chance: random.Random) -> Text | None:
    found = swapped(text, DENIALS, chance)
    if found is None:
        return None
    return tuple(one.model_copy(update={"text": re.sub(r"^[Tt]here there is", "There is", one.text)}) for one in found)


AFFIRMED = (
    Swap(r"^there (is|are|has been) (?!no\b|not|also|interval|is\b|now|stable|otherwise|again|less)(?:an? )?",
         (r"There \1 no ",)),
    Swap(r"(?<=[a-z]) (is|are) (?=(?:present|seen|noted|identified|demonstrated)\b)(?!.*\bno\b)", (r" \1 not ",)),
    Swap(r"^(?=(?:(?:mild|small|moderate|large|left|right|bilateral|bibasilar|minimal|scattered) )+[a-z]+"
         r"(?: [a-z]+)? ?(?:$|\.|in the|of the|with(?! no| out)))(?!.*\b(?:no|is|are|has)\b)", ("No ",)),
)  # fmt: skip


def false_negation(text: Text, chance: random.Random) -> Text | None:
    """A positive statement denied; of sentences that already deny something the words say nothing certain."""
    denied = re.compile(
        r"\b(?:no|not|without|normal|clear|negative|unremarkable|unchanged|stable|nor|free|intact)\b", re.I
    )
    plain = [n for n, one in enumerate(text) if not denied.search(one.text)]
    only = tuple(text[n] for n in plain)
    edited = swapped(only, AFFIRMED, chance) if only else None
    if edited is None:
        return None
    new = dict(zip(plain, edited, strict=True))
    return tuple(new.get(n, one) for n, one in enumerate(text))


LENGTH = r"(?<![\d.\w])\d+(?:\.\d+)?(?=(?:\s?x\s?\d+(?:\.\d+)?)*\s?-?\s?(?:mm|cm|millimeters?|centimeters?)\b)"


def number(text: Text, chance: random.Random) -> Text | None:
    factor = chance.choice((2.0, 0.5, 1.5, 3.0))
    return replaced(text, LENGTH, lambda m: f"{float(m[0]) * factor:g}", chance)


OTHER_UNIT = {"mm": "cm", "cm": "mm", "millimeter": "centimeter", "centimeter": "millimeter",
              "millimeters": "centimeters", "centimeters": "millimeters"}  # fmt: skip


def unit(text: Text, chance: random.Random) -> Text | None:
    pattern = r"(?<=\d)(\s?-?\s?)(mm|cm|millimeters?|centimeters?)\b"
    return replaced(text, pattern, lambda m: m[1] + OTHER_UNIT[m[2].lower()], chance)


PLACES = (
    Swap(r"(?<!and )\bupper (lobes?|zones?|lungs?|quadrant)\b", (r"lower \1",)),
    Swap(r"(?<!and )\blower (lobes?|zones?|lungs?|quadrant)\b", (r"upper \1",)),
    Swap(r"\b(?:middle lobe)\b", ("lower lobe", "upper lobe")),
    Swap(r"\b(?:lung )?(?:bases?)\b", ("apex",)),
    Swap(r"\b(?:bibasilar|bibasal)\b", ("biapical",)),
    Swap(r"\b(?:biapical)\b", ("bibasilar",)),
    Swap(r"\b(?:basilar|basal)\b", ("apical",)),
    Swap(r"\b(?:apical)\b(?! lordotic)", ("basilar",)),
    Swap(r"\b(?:lung )?(?:apices|apex)\b(?! of the heart)", ("base",)),
    Swap(r"\blingular?\b", ("upper lobe",)),
    Swap(r"\b(?:perihilar|suprahilar|infrahilar)\b", ("apical",)),
    Swap(r"\bretrocardiac\b", ("apical",)),
    Swap(r"\bhilar\b(?= (?:calcif|lymph|node|granulom))", ("apical",)),
    Swap(r"\b(?:midlung|mid lung|midlungs|midzone)\b", ("lung base",)),
    Swap(r"\bthoracic spine\b", ("lumbar spine",)),
    Swap(r"\bT(?:[3-8])\b", ("T12", "L4")),
    Swap(r"\b(?:T9|T1[0-2]|L[1-5])\b", ("T4", "T6")),
)  # fmt: skip


def location(text: Text, chance: random.Random) -> Text | None:
    return swapped(text, PLACES, chance)


NOT_A_DEGREE = r"(?! (?:amounts? of bowel|volumes? |opening))"
OF_COURSE = r" (?:worse|greater|improved|larger|smaller|better|more|less)\b"
"""What makes a degree one of the course and not of the finding."""

DEGREES = (
    Swap(rf"\b(?:small|tiny|minimal|trace)\b(?! (?:bowel|airway|interval|sized heart)){NOT_A_DEGREE}", ("large",)),
    Swap(rf"\blarge\b{NOT_A_DEGREE}", ("small",)),
    Swap(r"\b(?:mild|slight)\b(?! to| interval)", ("severe", "marked")),
    Swap(rf"\b(?:mildly|minimally|slightly)\b(?! displaced| limited| rotated|{OF_COURSE})", ("severely", "markedly")),
    Swap(r"\b(?:moderate|severe|marked|extensive)\b(?! to| interval| loss)", ("minimal",)),
    Swap(rf"\b(?:moderately|severely|markedly)\b(?! to|-|{OF_COURSE})", ("minimally",)),
)  # fmt: skip


def severity(text: Text, chance: random.Random) -> Text | None:
    """A degree changed; what is denied has none."""
    denied = re.compile(r"\b(?:no|not|without|negative|nor|free)\b", re.I)
    edited = swapped(tuple(one for one in text if not denied.search(one.text)), DEGREES, chance)
    if edited is None:
        return None
    new = {one.id: one for one in edited}
    return tuple(new.get(one.id, one) for one in text)


DOUBTS = (
    Swap(r"\b(?:cannot|can not) (?:be )?(?:entirely |completely )?(?:exclude|rule out)\b", ("there is",)),
    Swap(r"\b(?:is|are) not (?:entirely |completely )?excluded\b|\bcannot be (?:entirely )?(?:excluded|ruled out)\b",
         ("is present",)),
    Swap(r"\b(?:may|could|might) (?:represent|reflect|indicate|suggest)\b", ("represents",)),
    Swap(r"\b(?:may|could|might) be (?:due|related|secondary) to\b", ("is due to",)),
    Swap(r"\b(?:may|could|might) be\b", ("is",)),
    Swap(r"\b(?:most |more )?likely (represents?|represent|representing|reflects?|reflecting)\b", (r"definitely \1",)),
    Swap(r"\bprobably (represents?|represent|representing|reflects?)\b", (r"definitely \1",)),
    Swap(r"\b(?:suspicious|concerning|worrisome) for\b", ("diagnostic of",)),
    Swap(r"\b(?:suggestive of|suggesting)\b", ("diagnostic of",)),
    Swap(r"(?<!to )\bsuggests?\b(?! correlation| comparison| a repeat)", ("confirms",)),
    Swap(r"(?<!may be )(?<!could be )\b(?:consistent|compatible) with\b(?! (?:prior|previous|age|the patient))",
         ("diagnostic of",)),
    Swap(r"\b(?:questionable|possible|probable|suspected|equivocal|presumed)\b(?! (?:that|to))", ("definite",)),
    Swap(r"\b(?:possibly|probably|presumably|perhaps)\b", ("definitely",)),
    Swap(r"\b(?:is|are) (?:less likely|unlikely|doubtful)\b", ("is present",)),
    Swap(r"\bless likely\b", ("also",)),
    Swap(r"(?<!less )(?<!more )(?<!un)\b(?:most )?likely\b(?! to)", ("definitely",)),
)  # fmt: skip


NO_FINDING = re.compile(
    r"^ (?:in part |partially )?(?:xxxx|chronic|acute|old|positional|projectional|technical|artifactual|located|"
    r"related to technique)\b",
    re.IGNORECASE,
)
"""A doubt about how or where something is, or about a word taken out, is none about whether it is."""

ADVICE = re.compile(
    r"\b(?:recommend\w*|correlat\w*|follow-?\s?up|further|helpful|perform\w*|obtain\w*|benefit|informative)\b", re.I
)
"""What may be done about an image is no doubt about what it shows."""


def _doubts(words: str) -> list[str]:
    """What follows each doubt."""
    return [words[match.end() :] for swap in DOUBTS for match in re.finditer(swap.pattern, words, re.IGNORECASE)]


def _is_no_finding(rest: str) -> bool:
    return NO_FINDING.match(rest) is not None


def certainty(text: Text, chance: random.Random) -> Text | None:
    """A doubt taken out or made firm; firmness taken away is no danger and no error.

    Only where no other sentence says outright what this one says with a doubt: there the firm words would be true.
    """
    firm = {one.id: set(positive(one)) for one in text}
    words = lexicon()

    def said_elsewhere(one: Sentence) -> bool:
        outright = set().union(*(names for other, names in firm.items() if other != one.id))
        named = {claim.observation for claim in claims_of(one.text)}
        return any(words.is_a(other, name) for other in outright for name in named)

    open_to_doubt = tuple(
        one
        for one in text
        if not said_elsewhere(one) and not ADVICE.search(one.text) and not any(map(_is_no_finding, _doubts(one.text)))
    )
    edited = swapped(open_to_doubt, DOUBTS, chance)
    new = {one.id: one for one in edited or ()}
    return tuple(new.get(one.id, one) for one in text) if edited else None


COURSES = (
    Swap(r"\b(?:increased|increasing|enlarged|worsened|worsening)\b (?=since|from|compared|in the interval|when)",
         ("decreased ",)),
    Swap(r"\b(?:decreased|decreasing|improved|improving)\b (?=since|from|compared|in the interval|when)",
         ("increased ",)),
    Swap(r"\b(?:unchanged|stable)\b(?! (?:calcif|granul|xxxx))", ("enlarging", "worsening")),
    Swap(r"\b(?:is|are) new\b", ("is unchanged",)),
    Swap(r"\binterval (?:increase|worsening|enlargement)\b", ("interval decrease",)),
    Swap(r"\binterval (?:decrease|improvement|clearing)\b", ("interval increase",)),
    Swap(r"\b(?:has|have) resolved\b", ("has worsened",)),
    Swap(r"\b(?:has|have) (?:improved|decreased)\b", ("has worsened",)),
    Swap(r"\b(?:has|have) (?:worsened|increased)\b", ("has improved",)),
    Swap(r"\bimproved\b(?! (?:insp|aer|lung vol))", ("worsened",)),
)  # fmt: skip


def comparison(text: Text, chance: random.Random) -> Text | None:
    """A course turned, or one added to a finding that has none."""
    turned = swapped(text, COURSES, chance)
    return turned if turned is not None and chance.random() < 0.7 else comparison_added(text, chance)


COURSE = re.compile(
    r"\b(?:increas\w*|worse\w*|enlarg\w*|larger|progress\w*|new\w*|develop\w*|stable|unchanged|no|without|"
    r"recommend\w*)\b",
    re.IGNORECASE,
)


def comparison_added(text: Text, chance: random.Random) -> Text | None:
    places = [n for n, one in enumerate(text) if positive(one) and not COURSE.search(one.text)]
    if not places:
        return None
    at = chance.choice(places)
    return _edited(text, at, text[at].text.rstrip(". ") + ", increased since the prior study.")


MADE_UP = (
    ("pneumothorax", "There is a moderate right pneumothorax."),
    ("nodule", "There is a 12 mm nodule in the left upper lobe."),
    ("pulmonary_edema", "There is pulmonary edema."),
    ("consolidation", "There is consolidation in the right lower lobe."),
    ("pleural_effusion", "There is a large left pleural effusion."),
    ("pneumoperitoneum", "There is free air."),
    ("cavity", "A cavitary lesion is seen in the right upper lobe."),
    ("rib_fracture", "Acute fracture of the left sixth rib."),
    ("lymphadenopathy", "Mediastinal lymphadenopathy is present."),
    ("endotracheal_tube", "An endotracheal tube is in place."),
    ("pneumomediastinum", "Pneumomediastinum is noted."),
    ("mass", "There is a mass in the left hilum."),
)


def false_finding(text: Text, chance: random.Random) -> Text | None:
    words = lexicon()
    told = {name for one in text for name in positive(one)}
    free = [said for name, said in MADE_UP if not any(words.is_a(one, name) or words.is_a(name, one) for one in told)]
    if not free:
        return None
    at = chance.randrange(len(text) + 1)
    section = text[min(at, len(text) - 1)].section
    return (*text[:at], Sentence(id="S0", section=section, text=chance.choice(free)), *text[at:])


def omission(text: Text, chance: random.Random) -> Text | None:
    """A sentence left out that alone tells of a finding."""
    told = [set(positive(one)) for one in text]
    words = lexicon()

    def elsewhere(at: int, name: str) -> bool:
        others = set().union(*(names for n, names in enumerate(told) if n != at))
        return any(words.is_a(other, name) or words.is_a(name, other) for other in others)

    alone = [n for n, names in enumerate(told) if any(not elsewhere(n, name) for name in names)]
    if not alone:
        return None
    gone = chance.choice(alone)
    return (*text[:gone], *text[gone + 1 :])


def contradiction(text: Text, chance: random.Random) -> Text | None:
    said = [(one, name) for one in text for name in positive(one)]
    if not said:
        return None
    one, name = chance.choice(said)
    return (*text, Sentence(id="S0", section=one.section, text=f"There is no {lexicon().name(name)}."))


def repetition(text: Text, chance: random.Random) -> Text | None:
    """A sentence of the findings said twice."""
    places = [n for n, one in enumerate(text) if len(one.text.split()) > 2]
    if not places:
        return None
    one = text[chance.choice(places)]
    last = max(n for n, other in enumerate(text) if other.section == one.section)
    return (*text[: last + 1], one.model_copy(update={"id": "S0"}), *text[last + 1 :])


ERRORS: dict[str, Mutate] = {
    "laterality": laterality,
    "flipped negative": flipped_negative,
    "false negation": false_negation,
    "number": number,
    "unit": unit,
    "location": location,
    "severity": severity,
    "certainty": certainty,
    "comparison": comparison,
    "false finding": false_finding,
    "omission": omission,
    "contradiction": contradiction,
    "repetition": repetition,
}
