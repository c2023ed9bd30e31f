"""One spelling of every word: haematoma and hematoma, colour and color, are looked up as one."""

from __future__ import annotations

import re
from functools import lru_cache

SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        (r"aem", "em"), (r"oed(?=em)", "ed"), (r"^foet", "fet"), (r"^oes", "es"), (r"rrhoe", "rrhe"), (r"^coel", "cel"),
        (r"caec", "cec"), (r"paed", "ped"), (r"naev", "nev"), (r"^aetio", "etio"), (r"anaes", "anes"),
        (r"leuc", "leuk"),
        (r"sulph", "sulf"), (r"^grey", "gray"), (r"^disk", "disc"), (r"^artef", "artif"),
        (r"(?<=[lvbimdn])our(?=s?$|ed$|ing$|ation$|able$)", "or"), (r"(?<=[a-z]{2}[tb])re(?=s?$)", "er"),
        (r"is(?=e$|ed$|es$|ing$|ation$|ations$)", "iz"), (r"lys(?=e$|ed$|ing$)", "lyz"),
    )
)  # fmt: skip
"""British endings and digraphs to the American ones."""


@lru_cache(maxsize=65536)
def spelled(token: str) -> str:
    """A lower-case word in the spelling in which the lexicon is looked up: haematoma and hematoma are one."""
    for pattern, american in SPELLINGS:
        token = pattern.sub(american, token)
    return token
