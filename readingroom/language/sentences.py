"""A report's text as sentences with their sections: our own Markdown, or any radiologist's plain text."""

from __future__ import annotations

import re

from readingroom.domain.report import NOTICE
from readingroom.domain.terms import Section
from readingroom.domain.value import Value


class Sentence(Value):
    """One sentence of a report."""

    id: str
    """F1, I1 ... of a report of ours; S1, S2 ... of free text."""
    section: Section
    text: str
    cites: tuple[str, ...] = ()
    """What it says it stands on: evidence, or of an impression findings, by id."""


SAYING: frozenset[Section] = frozenset(("findings", "impression"))
"""The sections that speak of the images."""

ABBREVIATIONS = frozenset(
    [
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "vs",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "approx",
        "ca",
        "cf",
        "fig",
        "no",
        "resp",
        "incl",
        "est",
        "min",
        "max",
        "sq",
        "cu",
        "ap",
        "pa",
        "a.m",
        "p.m",
        "am",
        "pm",
        "sup",
        "inf",
        "lat",
        "med",
        "post",
        "ant",
        "seg",
        "temp",
        "jr",
        "sr",
        "inc",
        "etc",
        "vol",
        "ext",
        "int",
        "hx",
        "dx",
        "tx",
        "s.d",
        "s.p",
    ]
)
END = re.compile(r"[.!?]+[\"')\]]*(?=\s|$)|[.!?](?=[A-Z][a-z])|\n\s*\n|\n(?=\s*(?:[-*•–]|\d{1,2}[.)])\s)")
TAIL_WORD = re.compile(r"([A-Za-z][A-Za-z.]*)$")
LIST_MARK = re.compile(r"^\s*(?:[-*•–]|\d{1,2}\s?[.)]|\(?[a-z\d]\))\s+")
ONLY_MARK = re.compile(r"^\s*(?:\(?\d{1,2}[.)]?|[-*•–])\s*$")

HEADINGS: dict[Section, str] = {
    "findings": "findings|finding|report|observations|description|results|result|chest|lungs|heart|body|befund|befunde",
    "impression": "impression|impressions|conclusion|conclusions|summary|opinion|assessment|interpretation|diagnosis|"
    "beurteilung",
    "indication": "indication|indications|history|clinical history|clinical information|clinical indication|"
    "reason for exam|reason for examination|reason for study|clinical details|clinical data|indikation",
    "technique": "technique|procedure|examination|exam|study|method|protocol|images|image|views|technik",
    "comparison": "comparison|comparisons|prior studies|prior|vergleich",
    "limitations": "limitations|limitation|notes|evidence|checks|verification|provenance|recommendation|"
    "recommendations|einschränkungen|prüfung|evidenz|herkunft",
}
"""The words that head each section; what stands under "limitations" is checked only where it states a finding."""

SECTIONS: dict[str, Section] = {name: section for section, names in HEADINGS.items() for name in names.split("|")}
PARTS = frozenset(("chest", "lungs", "heart", "body"))
"""Headings inside findings whose word belongs to the sentence: "Lungs: clear"."""
NAMES = "|".join(sorted((re.escape(name) for name in SECTIONS if name not in PARTS), key=len, reverse=True))
HEADING = re.compile(
    rf"^\s*(?:#+\s*)?(?:\*\*|__)?\s*({NAMES})\s*(?:\*\*|__)?\s*(?P<colon>:)?\s*(?:\*\*|__)?\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
TITLE = re.compile(r"^\s*#{1,6}\s+.*$")
INLINE = re.compile(r"(?<=[.\s])(?=(?:FINDINGS|IMPRESSION|CONCLUSION|INDICATION|TECHNIQUE|COMPARISON|HISTORY)\s*:)")
CITES = re.compile(
    r"\s*(?:\[\^?((?:[EFI]\d+)(?:\s*[,;]\s*[EFI]\d+)*)\]|\(((?:[EFI]\d+)(?:\s*[,;]\s*[EFI]\d+)*)\))(?:\([^)]*\))?"
)
MARKS = re.compile(
    r"\s*(?:[✓✔✗✘✅❌⚠⛔❓?]\uFE0F?|\[(?:ok|supported|contradicted|unsupported|not[ _]checkable|unverified)\]|"
    r"\*?\((?:supported|contradicted|unsupported|not[ _]checkable)[^)]*\)\*?)(?=\s|$|[.;])",
    re.IGNORECASE,
)
ESCAPED = re.compile(r"\\([^\w\s])")
NOTHING = re.compile(r"^\s*(?:none|n/?a)\.?\s*$", re.IGNORECASE)
OWN_ID = re.compile(r"^\s*(?:\*\*)?[FI]\d+(?:\*\*)?[.:)]\s+")
STRONG = re.compile(r"(?<!\\)(?:\*\*|__|`|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w))")
STATES = re.compile(r"\s*there (?:is|are|was|were|has been|have been)\b", re.IGNORECASE)
"""How a statement about the image begins that has no place among the limitations."""
TABLE = re.compile(r"^\s*\|.*\|\s*$|^\s*[-|: ]{3,}$|^\s*(?:```|~~~|<!--|!\[)")


def split_sentences(text: str) -> list[str]:
    """The sentences of a text in order, each stripped; no character but white space is lost.

    Decimals, abbreviations, initials and list numbers do not end a sentence; blank lines and list marks do.
    """
    pieces: list[str] = []
    start = 0
    for match in END.finditer(text):
        if _goes_on(text, start, match):
            continue
        pieces.append(text[start : match.end()])
        start = match.end()
    pieces.append(text[start:])
    return _joined([" ".join(piece.split()) for piece in pieces if piece.strip()])


def _goes_on(text: str, start: int, match: re.Match[str]) -> bool:
    if match.group().strip("\n \t") == "" or match.group()[0] != ".":
        return False
    head = text[start : match.start()]
    word = TAIL_WORD.search(head)
    if word is None:
        return bool(re.fullmatch(r"\s*\d{1,2}", head)) and match.end() < len(text)
    tail = word.group(1).lower()
    if tail not in ABBREVIATIONS and not (
        len(tail) == 1 and not head[: word.start()].rstrip().endswith(tuple("0123456789"))
    ):
        return False
    following = text[match.end() : match.end() + 24].lstrip(" ")
    if tail in (
        "no",
        "ap",
        "pa",
        "am",
        "pm",
        "a.m",
        "p.m",
        "lat",
        "post",
        "med",
        "min",
        "max",
        "inf",
        "sup",
        "ant",
        "est",
        "int",
        "ext",
        "seg",
    ):
        return bool(following) and not following[0].isupper()
    return bool(following) and following[0] != "\n"


def _joined(pieces: list[str]) -> list[str]:
    """A lone list number belongs to the sentence after it."""
    joined: list[str] = []
    for piece in pieces:
        if joined and ONLY_MARK.match(joined[-1]):
            joined[-1] = f"{joined[-1]} {piece}"
        else:
            joined.append(piece)
    return joined


def read_report(text: str) -> tuple[Sentence, ...]:
    """Sentences of a plain or Markdown report, S1, S2 ... in order.

    Headings ("FINDINGS:", "## Impression") set the section; without any, all is findings. Tables, the research-only
    notice, limitations that state no finding, verdict marks and bold marks are taken off; citations such as [E1, E3]
    go to `cites`.
    """
    section: Section = "findings"
    blocks: list[tuple[Section, list[str]]] = [(section, [])]
    for line in INLINE.sub("\n", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        if TABLE.match(line) or NOTICE.lower() in STRONG.sub("", line).lower():
            continue
        heading = HEADING.match(line)
        if heading and (heading["colon"] or line.lstrip().startswith(("#", "**")) or not heading["rest"].strip()):
            section = SECTIONS[heading[1].lower()]
            blocks.append((section, [heading["rest"]]))
        elif not TITLE.match(line):
            blocks[-1][1].append(line.lstrip("> ") if line.lstrip().startswith(">") else line)
    told: list[Sentence] = []
    for part, lines in blocks:
        for raw in split_sentences(_cites_inside("\n".join(lines))):
            clean, cites = _undecorated(raw)
            if part == "limitations" and not STATES.match(clean):
                continue
            nothing = part != "comparison" and NOTHING.match(clean)
            if any(map(str.isalnum, clean)) and not nothing:
                told.append(Sentence(id=f"S{len(told) + 1}", section=part, text=clean, cites=cites))
    return tuple(told)


def _cites_inside(text: str) -> str:
    """Move citations that follow a full stop in front of it, so that they stay with their sentence."""
    return re.sub(r"([.!?])((?:\s*(?:\[\^?[EFI]\d[^\]]*\])(?:\([^)]*\))?)+)", r"\2\1", text)


def _undecorated(raw: str) -> tuple[str, tuple[str, ...]]:
    cites = tuple(
        name for match in CITES.finditer(raw) for name in re.findall(r"[EFI]\d+", match.group(1) or match.group(2))
    )
    clean = STRONG.sub("", MARKS.sub("", CITES.sub("", raw)))
    clean = OWN_ID.sub("", LIST_MARK.sub("", clean))
    clean = ESCAPED.sub(r"\1", re.sub(r"\s+([.,;])", r"\1", clean))
    return clean.strip(), tuple(dict.fromkeys(cites))
