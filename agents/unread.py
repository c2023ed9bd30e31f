"""Claims that are only half understood: a noun or an adjective that the lexicon does not have, beside evidence that the
sentence cites and does not name otherwise. Such a claim is held against that evidence, and never called supported."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.agents.agreement import distance
from readingroom.agents.ledger import Index
from readingroom.agents.matching import GROUPS, Match
from readingroom.domain.evidence import Evidence
from readingroom.language.lexicon import WORD, tokens_of
from readingroom.language.orphans import ADMINISTRATIVE, FILLER, MEANT, WHOLE
from readingroom.language.scan import scan
from readingroom.language.sentences import Sentence

POSITIVE = frozenset(("present", "indeterminate"))


def with_unread(
    sentence: Sentence, matches: tuple[Match, ...], cites: Iterable[str], index: Index
) -> tuple[Match, ...]:
    """The matches, those without evidence that are half understood held against what is cited and not yet told.

    What the unknown words name may be that evidence, so that the claim is not unsupported; its side, place, degree,
    certainty and numbers must still be the evidence's. A denial is only held against a denial, and a name that the
    lexicon has whole against nothing but its own evidence.
    """
    used = {item.id for found in matches for item in (found.best, *found.others) if item is not None}
    left = [index.by_id[name] for name in cites if name in index.by_id and not index.closure((name,)) & used]
    left = [item for item in left if item.trust != "untrusted_text" and not _is_told(item, matches, index)]
    if not left:
        return matches
    return tuple(_held(sentence.text, found, left, index) if found.stance == "nothing" else found for found in matches)


def _is_told(item: Evidence, matches: tuple[Match, ...], index: Index) -> bool:
    """Whether some claim that is understood speaks of the evidence, rightly or wrongly."""
    return any(
        found.stance != "nothing"
        and (
            index.words.is_a(found.claim.observation, item.observation)
            or index.words.is_a(item.observation, found.claim.observation)
        )
        for found in matches
    )


def _held(text: str, found: Match, left: list[Evidence], index: Index) -> Match:
    claim = found.claim
    fit = [item for item in left if _same_presence(claim.presence, item.presence) and _may_be(text, found, item, index)]
    if not fit:
        return found
    best = min(fit, key=lambda item: distance(claim, item, index.words))
    return found._replace(stance="backed", best=best, others=tuple(one for one in fit if one is not best), unread=True)


def _same_presence(said: str, told: str) -> bool:
    return said == told or (said in POSITIVE and told in POSITIVE)


def _may_be(text: str, found: Match, item: Evidence, index: Index) -> bool:
    """Whether the claim's words can be a name of the evidence that the lexicon does not have."""
    name = found.claim.observation
    known = index.words.concepts.get(name)
    if known is None or known.kind == "structure" or name == WHOLE:
        return True
    if name in GROUPS:
        return False
    return _has_unknown_word(text, found.claim.span, index) and bool(
        set(tokens_of(text[slice(*found.claim.span)])) & _heads(item.observation, index)
    )


def strange_words(text: str, index: Index) -> tuple[str, ...]:
    """The words of a sentence that the lexicon does not have, and that may name something."""
    items = scan(text, index.words).items
    return tuple(item.value for item in items if item.kind == "word" and len(item.value) >= MEANT
                 and item.value not in FILLER | ADMINISTRATIVE)  # fmt: skip


def _heads(observation: str, index: Index) -> frozenset[str]:
    """The nouns that end the names of an observation: of "subcutaneous emphysema" emphysema."""
    known = index.words.concepts.get(observation)
    if known is None:
        return frozenset()
    return frozenset(words[-1] for name in (known.name, *known.synonyms) if (words := tokens_of(name)))


def _has_unknown_word(text: str, span: tuple[int, int], index: Index) -> bool:
    """Whether a word that the lexicon does not have stands before the claim's own words or behind them."""
    before, after = WORD.findall(text[: span[0]].lower())[-1:], WORD.findall(text[span[1] :].lower())[:1]
    known = index.words.singles
    return any(word.isalpha() and word not in FILLER and tokens_of(word)[0] not in known for word in (*before, *after))
