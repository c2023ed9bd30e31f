"""The elements that FHIR resources are made of: codes, quantities, texts that stay data, and entries of the bundle."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from readingroom.domain.coding import Coding
from readingroom.domain.measurement import Measurement
from readingroom.domain.report import Report
from readingroom.domain.value import digest_of
from readingroom.exports.markdown import escape
from readingroom.exports.wording import plain, words
from readingroom.language.codes import codings_of, unit_coding

Release = Literal["R4", "R5"]
Data = dict[str, Any]

SYSTEMS = {
    "SCT": "http://snomed.info/sct", "LN": "http://loinc.org", "UCUM": "http://unitsofmeasure.org",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM", "RADLEX": "http://radlex.org",
    "FMA": "urn:oid:2.16.840.1.113883.6.119", "LOCAL": "urn:x-readingroom:code",
}  # fmt: skip
"""The URI of each vocabulary (terminology.hl7.org; of RadLex and FMA its registered one)."""

HL7 = "http://terminology.hl7.org/CodeSystem/"
OURS = "urn:x-readingroom:"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-readingroom:fhir")
INSTANT = re.compile(
    r"([1-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-3]):[0-5]\d)"
)
SPACE = re.compile(r"[^\S\r\n\t ]")
ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
XHTML = "http://www.w3.org/1999/xhtml"

SECURITY = ({"system": HL7 + "v3-ActReason", "code": "HRESCH", "display": "healthcare research"},)
"""What the data may be used for. HTEST would call real images simulated ones."""
TAG = {"system": OURS + "intended-use", "code": "research-only", "display": "Research use only, not a medical device"}


@dataclass
class Draft:
    """The bundle while it is made: entries by the name of what they tell of."""

    report: Report
    release: Release
    digest: str = ""
    entries: dict[str, Data] = field(default_factory=dict)

    same: dict[str, str] = field(default_factory=dict)
    """Names that stand for another name's entry."""

    def __post_init__(self) -> None:
        self.digest = digest_of(self.report)

    def alias(self, name: str, of: str) -> None:
        self.same[name] = of

    def uuid(self, name: str) -> str:
        """The same report and name, the same identifier."""
        name = self.same.get(name, name)
        return str(uuid.uuid5(NAMESPACE, f"{self.release} {self.digest} {name}"))

    def ref(self, name: str, display: str = "") -> Data:
        """A reference to an entry of this bundle, added before or after."""
        return some({"reference": f"urn:uuid:{self.uuid(name)}", "display": text(display)})

    def add(self, kind: str, name: str, body: Data, *, identifier: Data | None = None) -> Data:
        """Add a resource of type `kind`; returns a reference to it.

        A server that is sent the bundle again finds it by its identifier (`ifNoneExist`) and makes no second one.
        """
        known = identifier or self.identifier(name)
        sought = f"identifier={search(known['system'])}|{search(known['value'])}"
        findable = kind != "Provenance"
        body = some({"resourceType": kind, "meta": meta(), "identifier": [known] if findable else None, **body})
        request = {"method": "POST", "url": kind, **({"ifNoneExist": sought} if findable else {})}
        self.entries[name] = {"fullUrl": f"urn:uuid:{self.uuid(name)}", "resource": body, "request": request}
        return self.ref(name)

    def identifier(self, name: str) -> Data:
        return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self.uuid(name)}"}


def lasting(name: str) -> Data:
    """The identifier of what many reports refer to: the same name, the same identifier in all of them."""
    return {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid5(NAMESPACE, name)}"}


def meta() -> Data:
    return {"security": [dict(each) for each in SECURITY], "tag": [dict(TAG)]}


def some(data: Data) -> Data:
    """Without what is empty: FHIR has no empty element."""
    return {key: value for key, value in data.items() if value is not None and value not in ("", [], {})}


def text(value: str) -> str:
    """A FHIR string: no control or reordering character, no strange space, none at its ends; empty if none is left."""
    return SPACE.sub(" ", plain(value)).strip()


def line(value: str) -> str:
    """A FHIR markdown of one line in which nothing of the text is markup."""
    return escape(value).strip()


def search(value: str) -> str:
    """A value of a search parameter, escaped as FHIR asks (search.html) and then for the URL."""
    return quote(re.sub(r"([\\$,|])", r"\\\1", text(value)), safe="")


def code(system: str, value: str, display: str = "") -> Data:
    return some({"system": system, "code": value, "display": display})


def coding(known: Coding) -> Data:
    """A Coding; of SNOMED CT and LOINC without a display, for ours are often DICOM's names and not their own."""
    shown = known.display if known.system in ("DCM", "RADLEX", "LOCAL") else ""
    return code(SYSTEMS[known.system], known.code, shown)


def concept(name: str, said: str = "") -> Data:
    """A CodeableConcept of a concept of the lexicon or a closed term; `said` where its text is not its name."""
    return coded(codings_of(name), said or words(name.removeprefix("open:")))


def coded(codings: Iterable[Coding], said: str) -> Data:
    return some({"coding": [coding(each) for each in codings], "text": text(said)}) or {"text": "unnamed"}


def hl7(table: str, value: str, display: str) -> Data:
    """A CodeableConcept of one of HL7's own code systems."""
    return {"coding": [code(HL7 + table, value, display)]}


def quantity(measurement: Measurement, value: float | None = None) -> Data:
    """The number as it is printed, no finer than its uncertainty allows, with its UCUM unit."""
    unit = unit_coding(measurement.unit)
    number = measurement.value if value is None else value
    return some({
        "value": number_of(number, measurement.decimals), "unit": "" if unit.code == "1" else unit.display,
        "system": SYSTEMS["UCUM"], "code": unit.code,
    })  # fmt: skip


def number_of(value: float, decimals: int) -> float | int:
    rounded = round(value, decimals)
    return int(rounded) if decimals <= 0 else rounded


def share(value: float) -> Data:
    """A Quantity between 0 and 1."""
    return {"value": round(value, 4), "system": SYSTEMS["UCUM"], "code": "1"}


def instant(when: str) -> str | None:
    """ISO 8601 in UTC as a FHIR instant; None where it is none."""
    return when if INSTANT.fullmatch(when) else None


def recorded(when: str) -> Data:
    """A time that a resource must have."""
    known = instant(when)
    return {"recorded": known} if known else {"_recorded": {"extension": [dict(ABSENT)]}}


def narrative(notice: str, paragraphs: Iterable[str], title: str = "") -> Data:
    """Text for people, with the notice first; every text escaped and free of what XML cannot hold."""
    said = [f"<p><b>{html.escape(text(title))}</b></p>"] if text(title) else []
    said += [f"<p>{html.escape(text(each))}</p>" for each in (notice, *paragraphs) if text(each)]
    return {"status": "generated", "div": f'<div xmlns="{XHTML}">{"".join(said)}</div>'}


def digest(value: str, what: str) -> Data:
    """A reference to bytes by their SHA-256."""
    return {"identifier": {"system": OURS + "sha256", "value": text(value)}, "display": text(what)}
