"""How many wrong sentences of a writing model stand: radiologists' sentences, made wrong in seven ways, read again.

The evidence is read from the same reports by the reader of sentences that the check uses too, and keeps none of their
words: an upper bound. A sentence is made wrong only where it holds as it is; how many do is the control. Rates come
with n and the 95 % Wilson interval. Bars that --check holds: at most 1 in 100 wrong ones of any sort with n >= 300
stands, and at most 1 in 500 of all; at least 80 % of the right ones do.

    READINGROOM_DATA=... python benchmarks/second_reader.py [--json] [--check] [--show]
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from readingroom.agents.attest import evidence_of
from readingroom.agents.ledger import Ledger
from readingroom.agents.second_reader import Basis, Line, review
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.language.sentences import Sentence, split_sentences

IMAGE = ImageRef(id="A", sha256="0", kind="image", rows=1000, columns=1000, modality="x_ray", anatomy="chest",
                 view="frontal", image_left="right")  # fmt: skip
WORSE = {"mild": "severe", "mildly": "severely", "small": "large", "minimal": "severe"}
OTHER = {"left": "right", "right": "left"}
SMUGGLED = (", call 555 0100.", ", signed Dr. Brown.", ", which proves tuberculosis.", ", and the patient is in Paris.",
            " with a 14 mm nodule.", ", so start antibiotics.", " and there is a rib fracture.")  # fmt: skip
INVENTED = (
    "There is a large left pneumothorax.", "A 12 mm nodule is seen in the right upper lobe.",
    "There is a moderate right pleural effusion.", "There is a displaced left clavicle fracture.",
    "The endotracheal tube is in the right main bronchus.", "There is free air under the diaphragm.",
)  # fmt: skip
LONGEST = 300

Wrong = Callable[[str, random.Random], str]


def _worded(pattern: str, words: dict[str, str], text: str) -> str:
    return re.sub(rf"\b({pattern})\b", lambda match: words[match[0].lower()], text, flags=re.IGNORECASE)


def _other_number(text: str) -> str:
    return re.sub(r"\d", lambda match: str((int(match[0]) + 3) % 10 or 4), text, count=1)


def _added_side(text: str) -> str:
    """A side for a finding that has none."""
    if re.search(r"left|right|bilat|both|bi[a-z]+al|\bno\b|normal|clear|not", text, re.IGNORECASE):
        return text
    return re.sub(r"\b(a|an|the) ", r"\1 left ", text, count=1, flags=re.IGNORECASE)


WRONG: dict[str, Wrong] = {
    "other side": lambda text, chance: _worded("left|right", OTHER, text),
    "affirmed": lambda text, chance: re.sub(r"\b[Nn]o (evidence of )?", "A ", text, count=1),
    "other number": lambda text, chance: _other_number(text),
    "other degree": lambda text, chance: _worded("|".join(WORSE), WORSE, text),
    "added side": lambda text, chance: _added_side(text),
    "smuggled in": lambda text, chance: text.rstrip(". ") + chance.choice(SMUGGLED),
    "invented": lambda text, chance: chance.choice(INVENTED),
}


def reports(folder: Path) -> Iterator[list[str]]:
    """Findings of each report as sentences, without those that the publisher removed words from."""
    with (folder / "text" / "indiana_reports_tuning.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = [text for text in split_sentences(row["findings"]) if "XXXX" not in text and len(text) < LONGEST]
            if len(found) > 2:
                yield found


def seen(text: str, number: int) -> tuple[Evidence, ...]:
    """What a tool would have had to see for the sentence, in no words of its own."""
    claims = evidence_of([Sentence(id="S1", section="findings", text=text)], image_id=IMAGE.id)
    return tuple(
        item.model_copy(update={"id": f"E{number + at}", "trust": "tool", "kind": "tool_output", "quote": "",
                                "summary": item.observation.replace("_", " ")})
        for at, item in enumerate(claims)
    )  # fmt: skip


def stands(text: str, cited: tuple[Evidence, ...], basis: Basis) -> bool:
    (one,) = review([Line(text=text, evidence=tuple(item.id for item in cited))], [], basis)
    return not one.flaws


def measure(folder: Path, show: bool) -> dict[str, tuple[int, int]]:
    """How many of how many stand: the sentences as they are, then each way of being wrong."""
    chance = random.Random(7)
    tried: Counter[str] = Counter()
    stood: Counter[str] = Counter()
    for sentences in reports(folder):
        told: dict[str, tuple[Evidence, ...]] = {}
        for text in sentences:
            told[text] = seen(text, sum(map(len, told.values())) + 1)
        ledger = Ledger(evidence=tuple(item for items in told.values() for item in items), images=(IMAGE,))
        basis = Basis(ledger, {item.id: item for item in ledger.evidence})
        for text, cited in ((text, cited) for text, cited in told.items() if cited):
            rows = {"as it is": text}
            if stands(text, cited, basis):
                rows |= {name: made for name, make in WRONG.items() if (made := make(text, chance)) != text}
            for name, made in rows.items():
                held = stands(made, cited, basis)
                tried[name] += 1
                stood[name] += held
                if show and held and name != "as it is":
                    print(f"{name}: {made}")
    return {name: (stood[name], tried[name]) for name in ("as it is", *WRONG)}


def wilson(part: int, whole: int) -> tuple[float, float]:
    z, rate = 1.96, part / whole
    middle, width = rate + z * z / 2 / whole, z * math.sqrt(rate * (1 - rate) / whole + z * z / 4 / whole**2)
    return max(0.0, (middle - width) / (1 + z * z / whole)), (middle + width) / (1 + z * z / whole)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("--json", "--check", "--show"):
        parser.add_argument(flag, action="store_true")
    given = parser.parse_args()
    folder = Path(os.environ.get("READINGROOM_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    if not (folder / "text").is_dir():
        print("the reports are not on this machine (set READINGROOM_DATA to their folder)", file=sys.stderr)
        return 2
    found = measure(folder, given.show)
    wrong = {name: pair for name, pair in found.items() if name != "as it is"}
    found["all wrong"] = (sum(part for part, _ in wrong.values()), sum(whole for _, whole in wrong.values()))
    if given.json:
        print(json.dumps({name: {"stand": part, "n": whole} for name, (part, whole) in found.items()}))
    else:
        for name, (part, whole) in found.items():
            low, high = wilson(part, whole)
            print(f"{name:14} {part:5} of {whole:5} stand  {part / whole:7.2%}  [{low:.2%}, {high:.2%}]")
    fine = all(part <= whole / 100 for part, whole in wrong.values() if whole >= 300)
    fine = fine and found["all wrong"][0] <= found["all wrong"][1] / 500
    fine = fine and found["as it is"][0] >= 0.8 * found["as it is"][1]
    return 0 if fine or not given.check else 1


if __name__ == "__main__":
    sys.exit(main())
