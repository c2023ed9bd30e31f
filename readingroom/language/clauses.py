"""Where one statement of a sentence ends and the next begins."""

from __future__ import annotations

from readingroom.language.item import Item

SUBJECTS = frozenset(("finding", "structure", "device", "measurement"))
PREDICATES = frozenset(("verb", "there", "neg", "normal", "neg_post", "hedge_post", "unassessed", "pseudo"))
ASSERTIONS = frozenset(("verb", "there", "normal", "neg_post", "unassessed", "hedge_post", "change"))


def clauses_of(items: list[Item]) -> list[list[Item]]:
    """Split at breaks ("but", ";", "there is" after a statement) and where a list gives way to a new statement.

    "No effusion, pneumothorax or consolidation" stays one; "heart is normal, lungs are clear" becomes two;
    "heart size and pulmonary vascularity are normal" stays one.
    """
    clauses: list[list[Item]] = []
    for stretch in _stretches(items):
        clauses.extend(_statements(stretch))
    return [clause for clause in clauses if clause]


def _stretches(items: list[Item]) -> list[list[Item]]:
    stretches: list[list[Item]] = [[]]
    for item in items:
        kind = item.kind
        if kind == "break" and not _names_next(item, stretches[-1]):
            stretches.append([])
            continue
        if kind == "there" and any(one.kind in ("finding", "device", "normal") for one in stretches[-1]):
            stretches.append([])
        stretches[-1].append(item if kind != "break" else item._replace(kind="verb"))
    return stretches


COURSE = frozenset(("change", "compare", "pseudo", "word", "verb", "link", "scope"))
"""What tells a course alone: "new since the prior study: ..."."""


def _names_next(item: Item, before: list[Item]) -> bool:
    """ "Heart: normal", "area: 12": what stands before a colon is what the rest speaks of."""
    if item.value != ":":
        return False
    comma = max((index for index, one in enumerate(before) if one.kind == "comma"), default=-1)
    if item.value == ":" and before and all(one.kind in COURSE for one in before):
        return any(one.kind in ("change", "pseudo") for one in before)
    return not any(one.kind in ASSERTIONS for one in before[comma + 1 :])


def _statements(stretch: list[Item]) -> list[list[Item]]:
    if not any(item.kind in ("comma", "and") for item in stretch):
        return [stretch]
    chunks = _chunks(stretch)
    clauses = [chunks[0]]
    for chunk in chunks[1:]:
        if _is_complete(clauses[-1], chunk) and _starts_anew(chunk, clauses[-1]):
            clauses.append(chunk)
        else:
            clauses[-1] = clauses[-1] + chunk
    return clauses


def _chunks(stretch: list[Item]) -> list[list[Item]]:
    chunks: list[list[Item]] = [[]]
    depth = 0
    for item in stretch:
        depth += (item.kind == "open") - (item.kind == "close")
        if (
            item.kind in ("comma", "and")
            and depth <= 0
            and not (item.kind == "and" and chunks[-1] and chunks[-1][-1].kind == "comma")
        ):
            chunks.append([])
        chunks[-1].append(item)
    return chunks


def _is_complete(clause: list[Item], following: list[Item]) -> bool:
    """Whether what stands before says something by itself; a finding alone does before a comma, not before "and"."""
    kinds = {item.kind for item in clause}
    if not kinds & SUBJECTS:
        return False
    joined = any(item.kind == "and" for item in following[:2])
    return bool(kinds & PREDICATES) or ("finding" in kinds and not joined)


def _starts_anew(chunk: list[Item], before: list[Item]) -> bool:
    body = [item for item in chunk if item.kind not in ("comma", "and")]
    kinds = [item.kind for item in body]
    subject = next((index for index, kind in enumerate(kinds) if kind in SUBJECTS), None)
    if subject is None or kinds[0] == "or":
        return False
    if any(item.value == ":" for item in body) and not {item.kind for item in before} & PREDICATES:
        return False
    if "neg" in kinds and kinds[0] in ("neg", "word", "pronoun", "compare"):
        return True
    if "or" in kinds and not {"verb", "normal"} & set(kinds):
        return False
    earlier = {item.kind for item in before}
    if "normal" in kinds[:subject] and "structure" in kinds and "neg" not in earlier:
        return True
    denied = "neg" in earlier and not earlier & {"verb", "there", "normal"}
    shared = "see" in kinds and not {"severity", "side", "change", "neg_post", "normal"} & set(kinds)
    return any(kind in ASSERTIONS for kind in kinds[subject:]) and not (denied and shared)
