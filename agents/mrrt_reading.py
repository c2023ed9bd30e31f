"""An IHE MRRT report template (HTML5) as data: sections, fields, options, codes. Nothing in it is run or fetched.

Read with lxml: its tokeniser stays linear on broken markup, where the standard library's of Python 3.11 takes minutes
for 200 kB of unclosed comments, and it neither resolves entities of the file's own nor opens any address.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from lxml import etree
from pydantic import Field

from readingroom.domain.coding import Coding, System
from readingroom.domain.value import Value
from readingroom.errors import BadFile

MOST_BYTES = 1_000_000
MOST_DEPTH = 60
MOST_FIELDS = 2_000
MOST_OPTIONS = 10_000
LONGEST = 2_000
"""Characters of a text that are kept."""

DO = "Give one IHE MRRT template (HTML5), as RadReport offers them."

DROPPED = frozenset(("script", "style", "link", "iframe", "object", "embed", "img", "svg", "math", "form", "base",
                     "audio", "video", "applet", "frame", "meta-refresh"))  # fmt: skip
"""Elements of which nothing is kept; the coded content of a script of type text/xml is read as data."""

SCHEMES: Mapping[str, System] = {
    "radlex": "RADLEX", "2.16.840.1.113883.6.256": "RADLEX", "loinc": "LN", "2.16.840.1.113883.6.1": "LN",
    "snomedct": "SCT", "snomed": "SCT", "snomed-ct": "SCT", "sct": "SCT", "2.16.840.1.113883.6.96": "SCT",
    "ucum": "UCUM", "dcm": "DCM", "fma": "FMA",
}  # fmt: skip

Kind = Literal["text", "long_text", "number", "date", "choice", "choices", "flag"]

KINDS: Mapping[str, Kind] = {
    "text": "text", "textarea": "long_text", "number": "number", "numeric": "number", "date": "date", "time": "date",
    "selection_list": "choice", "radio": "choice", "checkbox": "choices", "merge": "text",
}  # fmt: skip
"""What `data-field-type` or the type of an input says."""


class Option(Value):
    """One answer that a field offers."""

    text: str
    codings: tuple[Coding, ...] = ()


class TemplateField(Value):
    """One field to fill in."""

    id: str
    label: str
    kind: Kind
    declared: str = ""
    """Its `data-field-type`, as written."""
    default: str = ""
    """The text that it comes with; a draft never takes it over."""
    unit: str = ""
    options: tuple[Option, ...] = ()
    codings: tuple[Coding, ...] = ()


class TemplateSection(Value):
    """One section with the fields that stand in it and in no section within it."""

    name: str
    level: int
    codings: tuple[Coding, ...] = ()
    fields: tuple[TemplateField, ...] = ()


class Foreign(Value):
    """A template of someone else's, as it was read."""

    title: str
    identifier: str = ""
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    publisher: str = ""
    creator: str = ""
    rights: str = ""
    licence: str = ""
    codings: tuple[Coding, ...] = ()
    """What the template is made for: modality, body part."""
    keywords: tuple[str, ...] = ()
    """Modality and body region where the head tells them in words."""
    sections: tuple[TemplateSection, ...] = Field(min_length=1)
    dropped: dict[str, int] = Field(default_factory=dict)
    """How many of what was left out: scripts, styles, event handlers, remote references."""

    @property
    def fields(self) -> tuple[TemplateField, ...]:
        return tuple(field for section in self.sections for field in section.fields)


def read_mrrt(data: bytes, *, where: str = "the template") -> Foreign:
    """Raises BadFile for what is too large, too deep, not UTF-8, or holds no section with a name."""
    if len(data) > MOST_BYTES:
        raise BadFile(f"is larger than {MOST_BYTES // 1000} kB", where=where, do=DO)
    root = _parsed(data, where)
    codes = _coded_content(root)
    sections = _sections(root, codes)
    if not sections:
        raise BadFile("holds no section with fields or a name, so it is no MRRT template", where=where, do=DO)
    count = sum(len(section.fields) for section in sections)
    if count > MOST_FIELDS:
        raise BadFile(f"has {count} fields, more than {MOST_FIELDS}", where=where, do=DO)
    if sum(len(field.options) for section in sections for field in section.fields) > MOST_OPTIONS:
        raise BadFile(f"has more than {MOST_OPTIONS} options", where=where, do=DO)
    meta = _meta(root)
    title = meta.get("dcterms.title") or _text(root.find(".//title")) or "Imported template"
    language = meta.get("dcterms.language", "")[:2].lower()
    return Foreign(
        title=title,
        identifier=meta.get("dcterms.identifier", ""),
        language=language if re.fullmatch(r"[a-z]{2}", language) else "en",
        publisher=meta.get("dcterms.publisher", ""),
        creator=meta.get("dcterms.creator", ""),
        rights=meta.get("dcterms.rights", ""),
        licence=meta.get("dcterms.license", ""),
        codings=codes.get("", ()),
        keywords=tuple(meta[name] for name in ("rrt:modality", "rrt:bodyregion") if meta.get(name)),
        sections=sections,
        dropped=_dropped(root),
    )


def _parser() -> Any:
    """Keeps neither comments nor processing instructions, opens no address, and gives up on huge trees."""
    return etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, encoding="utf-8")


def _parsed(data: bytes, where: str) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile("is not UTF-8 text", where=where, do=DO) from error
    if "\x00" in text:
        raise BadFile("holds bytes that are no text", where=where, do=DO)
    parser = _parser()
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadFile("is no HTML", where=where, do=DO) from error
    if root is None:
        raise BadFile("is empty", where=where, do=DO)
    if _too_deep(root) or any("depth" in entry.message.lower() for entry in parser.error_log):
        raise BadFile(f"is nested more than {MOST_DEPTH} deep", where=where, do=DO)
    return root


def _too_deep(root: Any) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MOST_DEPTH:
            return True
    return False


def _clean(text: str | None) -> str:
    """Printable characters of one line."""
    whole = "".join(sign if sign.isprintable() else " " for sign in text or "")
    return " ".join(whole.split())[:LONGEST]


def _text(element: Any) -> str:
    """The text of an element without what is in elements that are dropped."""
    if element is None:
        return ""
    pieces: list[str] = []
    skipped = 0
    for event, one in etree.iterwalk(element, events=("start", "end")):
        gone = one.tag in DROPPED
        if event == "start":
            skipped += gone
            pieces += [one.text or ""] * (not skipped)
            continue
        skipped -= gone
        pieces += [one.tail or ""] * (not skipped and one is not element)
    return _clean(" ".join(pieces))


def _meta(root: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in root.iter("meta"):
        found.setdefault((one.get("name") or "").strip().lower(), _clean(one.get("content")))
    return found


def _coded_content(root: Any) -> dict[str, tuple[Coding, ...]]:
    """Codes by the id of what they code; under "" those of the template as a whole."""
    found: dict[str, tuple[Coding, ...]] = {}
    for script in root.iter("script"):
        if "xml" not in (script.get("type") or "").lower():
            continue
        inner = re.sub(r"<!--|-->", " ", script.text or "")
        if not inner.strip():
            continue
        parser = _parser()
        tree = etree.fromstring(f"<html><body>{inner}</body></html>".encode(), parser)
        for entry in tree.iter("code"):
            home = next((one for one in entry.iterancestors("entry")), None)
            name = _clean(home.get("origtxt")) if home is not None else ""
            coding = _coding(entry)
            if coding is not None and coding not in found.get(name, ()):
                found[name] = (*found.get(name, ()), coding)
    return found


def _coding(code: Any) -> Coding | None:
    """A code of a vocabulary that is known; a code given as an address is its last part."""
    system = SCHEMES.get((code.get("scheme") or "").strip().lower().removeprefix("urn:oid:"))
    value = _clean(code.get("value")).rstrip("/").rpartition("/")[2]
    if system is None or not re.fullmatch(r"[\w.-]{1,40}", value):
        return None
    return Coding(system=system, code=value, display=_clean(code.get("meaning")) or value)


def _codings(element: Any, name: str, codes: Mapping[str, tuple[Coding, ...]]) -> tuple[Coding, ...]:
    """The codes of an element by its id, or those it carries itself (data-radlex with data-en)."""
    own = _clean(element.get("data-radlex"))
    carried: tuple[Coding, ...] = ()
    if re.fullmatch(r"RID\d{1,8}", own):
        carried = (Coding(system="RADLEX", code=own, display=_clean(element.get("data-en")) or own),)
    return codes.get(element.get("id") or name, carried)


def _sections(root: Any, codes: Mapping[str, tuple[Coding, ...]]) -> tuple[TemplateSection, ...]:
    labels = {one.get("for"): _text(one).rstrip(" :") for one in root.iter("label") if one.get("for") and _text(one)}
    lists = {one.get("id"): one for one in root.iter("datalist") if one.get("id")}
    found = []
    for section in root.iter("section"):
        name = _clean(section.get("data-section-name")) or _text(_own(section, ("header", "h1", "h2", "h3")))
        fields = _fields(section, codes, labels, lists)
        if name:
            level = 1 + sum(1 for _ in section.iterancestors("section"))
            known = codes.get(section.get("id") or "", ())
            found.append(TemplateSection(name=name, level=level, codings=known, fields=fields))
    return tuple(found)


def _own(section: Any, tags: tuple[str, ...]) -> Any:
    return next((one for one in section.iter(*tags) if next(one.iterancestors("section"), None) is section), None)


def _fields(
    section: Any, codes: Mapping[str, tuple[Coding, ...]], labels: Mapping[str, str], lists: Mapping[str, Any]
) -> tuple[TemplateField, ...]:
    """The fields of a section, in order; the boxes of one group are one field."""
    found: dict[str, TemplateField] = {}
    for place, one in enumerate(section.iter("input", "select", "textarea", "span", "div")):
        declared = _clean(one.get("data-field-type"))
        if next(one.iterancestors("section"), None) is not section or _within_group(one):
            continue
        if one.tag in ("span", "div") and not declared:
            continue
        kind = _kind(one, declared)
        if kind is None:
            continue
        box = one.tag == "input" and (one.get("type") or "").lower() in ("radio", "checkbox")
        name = _clean((one.get("name") if box else "") or one.get("id") or one.get("name")) or f"field_{place}"
        if name in found and box:
            found[name] = _joined(found[name], one, codes, labels)
            continue
        label = labels.get(one.get("id") or "") or labels.get(name) or _around(one) or _clean(one.get("name")) or name
        found[name] = TemplateField(
            id=name, label=label, kind=kind, declared=declared, default=_default(one),
            unit=_clean(one.get("data-field-units")),
            options=tuple(_options(one, codes, lists, labels)), codings=_codings(one, name, codes),
        )  # fmt: skip
    return tuple(found.values())


def _within_group(one: Any) -> bool:
    """Whether a box belongs to a group that is the field itself."""
    return any(above.get("data-field-type") for above in one.iterancestors("span", "div"))


def _kind(one: Any, declared: str) -> Kind | None:
    if declared.lower() in KINDS:
        return KINDS[declared.lower()]
    if one.tag == "textarea":
        return "long_text"
    if one.tag == "select":
        return "choices" if one.get("multiple") is not None else "choice"
    if one.tag != "input":
        return None
    given = (one.get("type") or "text").lower()
    if given in ("hidden", "button", "submit", "reset", "image", "file", "password"):
        return None
    return "flag" if given == "checkbox" else KINDS.get(given, "text")


def _joined(
    field: TemplateField, box: Any, codes: Mapping[str, tuple[Coding, ...]], labels: Mapping[str, str]
) -> TemplateField:
    more = (*field.options, *_options(box, codes, {}, labels))
    return field.model_copy(update={"options": more, "kind": "choices" if field.kind == "flag" else field.kind})


def _around(one: Any) -> str:
    """The label that a field stands in, without the options within it."""
    above = next(one.iterancestors("label"), None)
    if above is None:
        return ""
    return _clean(above.text) or _text(next((part for part in above if part is not one), None))


def _default(one: Any) -> str:
    if one.tag == "textarea":
        return _text(one)
    if one.tag == "select":
        chosen = next((part for part in one.iter("option") if part.get("selected") is not None), None)
        return _text(chosen)
    if one.tag == "input" and (one.get("type") or "").lower() not in ("radio", "checkbox"):
        return _clean(one.get("value"))
    boxes = one.iter("input")
    return "; ".join(_clean(box.get("value")) for box in boxes if box.get("checked") is not None)[:LONGEST]


def _options(
    one: Any, codes: Mapping[str, tuple[Coding, ...]], lists: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterator[Option]:
    listed = lists.get(one.get("list") or "")
    for part in (one if listed is None else listed).iter("option"):
        text = _text(part) or _clean(part.get("value"))
        if text:
            yield Option(text=text, codings=_codings(part, "", codes))
    for box in one.iter("input"):
        if (box.get("type") or "").lower() in ("radio", "checkbox"):
            text = _clean(box.get("value")) or labels.get(box.get("id") or "", "")
            if text:
                yield Option(text=text, codings=_codings(box, "", codes))


def _dropped(root: Any) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in root.iter():
        coded = one.tag == "script" and "xml" in (one.get("type") or "").lower()
        if one.tag in DROPPED and not coded:
            found[one.tag] += 1
        for name, value in one.attrib.items():
            if name.lower().startswith("on"):
                found["event handler"] += 1
            elif name.lower() == "style":
                found["style attribute"] += 1
            elif re.match(r"\s*(?:[a-z][a-z0-9+.-]*:|//)", value, re.IGNORECASE) and name.lower() in REFERENCES:
                found["reference"] += 1
    return dict(sorted(found.items()))


REFERENCES = frozenset(("href", "src", "action", "formaction", "data", "poster", "background", "xlink:href", "srcset"))
