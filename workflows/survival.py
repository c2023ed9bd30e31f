"""Embeddings against survival: indexes of one or several models fused by patient, judged on patients left out."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from readingroom.domain.value import Value
from readingroom.errors import BadFile, BadRequest
from readingroom.imaging.subject import pseudonym_of
from readingroom.index.protocol import Collection
from readingroom.learning.fusion import Blocks, Numbers, by_subject
from readingroom.learning.survival import Concordance, Curve, Outcomes, kaplan_meier, outcomes
from readingroom.learning.survival_validation import Plan, validated

MOST_TABLE = 64 << 20
YES, NO = frozenset({"1", "1.0", "true", "yes", "event", "dead"}), frozenset({"0", "0.0", "false", "no", "censored",
                                                                             "alive"})  # fmt: skip
CAUTION = (
    "Research only. Concordance is of patients whom the judging model never saw, and says nothing of other hospitals. "
    "Groups are cut at each fold's own training median; no log-rank p is given, for cross-validated groups are not "
    "independent."
)


class Table(NamedTuple):
    """Where outcomes are told: a CSV file of one row a patient."""

    path: Path
    subject: str = "subject"
    time: str = "time"
    event: str = "event"
    unit: str = ""
    """Of the times, for tables and figures: "months"."""


class Model(Value):
    """One set of vectors, validated."""

    name: str
    spaces: tuple[str, ...]
    harrell: Concordance
    uno: Concordance
    """Weighted by the inverse of the chance to be censored later, up to tau."""
    tau: float
    chosen: dict[str, int]
    """Recipes by the number of outer folds that chose them."""
    groups: tuple[Curve, ...]
    """Low and high risk, each patient by the model of the fold that left them out."""


class Survival(Value):
    """What vectors tell of survival."""

    patients: int
    events: int
    unit: str
    everyone: Curve
    models: tuple[Model, ...]
    """Each index alone, and all of them fused where there are several."""
    table_sha256: str
    outer: int
    inner: int
    seed: int
    notes: tuple[str, ...]


def read_survival(
    table: Table, collections: Sequence[tuple[str, Collection]], key: bytes,
    plan: Plan | None = None, progress: Callable[[str], None] | None = None,
) -> Survival:  # fmt: skip
    """`collections` by name. Patients are those that table and all indexes hold, the same ones for every model.

    A table's patients are found by the pseudonym that the index holds, or by the identifier that it was made from.
    Raises BadFile or BadRequest saying what is missing, NotServed without lifelines.
    """
    if not collections:
        raise BadRequest("there is no index", do="Give one or more: --index.")
    how, blocks = plan or Plan(), by_subject([one for _, one in collections])
    told, digest = read_outcomes(table, key)
    rows = np.array([at for at, name in enumerate(blocks.subjects) if name in told], np.int64)
    if not len(rows):
        raise BadRequest("no patient of the table is in the indexes", where=table.path.name,
                         do=f"The column {table.subject!r} holds patient identifiers or their pseudonyms.")  # fmt: skip
    times, events = zip(*(told[blocks.subjects[at]] for at in rows.tolist()), strict=True)
    seen, parts = outcomes(np.array(times), np.array(events)), blocks.drawn(rows)
    chosen: list[tuple[tuple[str, ...], tuple[Numbers, ...]]] = [
        ((name,), (part,)) for (name, _), part in zip(collections, parts, strict=True)
    ]
    if len(parts) > 1:
        chosen.append((tuple(name for name, _ in collections), parts))
    models = []
    for names, used in chosen:
        title = " + ".join(names)
        if progress:
            progress(title)
        found = validated(used, seen, how, progress)
        spaces = tuple(one.space.title for name, one in collections if name in names)
        groups = tuple(
            kaplan_meier(seen.drawn(np.flatnonzero(group)), name)
            for name, group in (("low risk", ~found.high), ("high risk", found.high))
            if group.any()
        )
        models.append(Model(name=title, spaces=spaces, harrell=found.harrell, uno=found.uno, tau=found.tau,
                            chosen=found.chosen, groups=groups))  # fmt: skip
    return Survival(
        patients=len(rows), events=int(seen.events.sum()), unit=table.unit, everyone=kaplan_meier(seen, "all"),
        models=tuple(models), table_sha256=digest, outer=how.outer, inner=how.inner, seed=how.seed,
        notes=_notes(blocks, len(rows), seen),
    )  # fmt: skip


def read_outcomes(table: Table, key: bytes) -> tuple[dict[str, tuple[float, bool]], str]:
    """Time and event by subject, as given and by pseudonym, and the file's SHA-256. Raises BadFile naming the row."""
    where = table.path.name
    try:
        if table.path.stat().st_size > MOST_TABLE:
            what = f"the table is larger than {MOST_TABLE >> 20} MiB"
            raise BadFile(what, where=where, do="Keep a row a patient, and the columns that are used.")
        content = table.path.read_bytes()
        rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=where, do="Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile("this is no CSV table in UTF-8", where=where, do="Save it as CSV in UTF-8.") from error
    if not rows or any(name not in rows[0] for name in (table.subject, table.time, table.event)):
        held = ", ".join(str(name) for name in rows[0]) if rows else "no rows"
        raise BadFile(f"the table needs columns {table.subject}, {table.time} and {table.event}", where=where,
                      do=f"It has {held}.")  # fmt: skip
    found: dict[str, tuple[float, bool]] = {}
    for number, row in enumerate(rows, 2):
        name = (row[table.subject] or "").strip()
        one = _outcome((row[table.time] or "").strip(), (row[table.event] or "").strip(), f"{where}, row {number}")
        if not name or name in found:
            raise BadFile("a patient stands twice" if name else "a row names no patient",
                          where=f"{where}, row {number}", do="Give one row a patient.")  # fmt: skip
        found[name] = one
    pseudonyms = {pseudonym_of(name, key): one for name, one in found.items()}
    return {**pseudonyms, **found}, hashlib.sha256(content).hexdigest()


def _outcome(time: str, event: str, where: str) -> tuple[float, bool]:
    try:
        told = float(time)
    except ValueError:
        told = float("nan")
    if not (np.isfinite(told) and told > 0):
        raise BadFile("the time is no number above 0", where=where, do="Leave the patient out.")
    if event.lower() not in YES | NO:
        raise BadFile("the event is neither yes nor no", where=where, do="Write 1 for an event and 0 for censored.")
    return told, event.lower() in YES


def _notes(blocks: Blocks, used: int, seen: Outcomes) -> tuple[str, ...]:
    notes = [CAUTION]
    if missing := len(blocks.subjects) - used:
        notes.append(f"{missing} patients of the indexes are not in the table.")
    if blocks.left_out:
        notes.append(f"{blocks.left_out} patients are not in every index and were left out.")
    if blocks.nameless:
        notes.append(f"{blocks.nameless} rows name no patient and were left out.")
    if (censored := float(1 - seen.events.mean())) > 0.8:
        notes.append(f"{censored:.0%} of the patients are censored; late figures rest on few.")
    return tuple(notes)
