"""A web page as text: the sentences of a page of ours, or the words of any other under its headings."""

from __future__ import annotations

import re
from collections import Counter

from readingroom.readers.outline import heading, joined, literal
from readingroom.readers.tags import Token, tokens

UNSEEN = frozenset({"script", "style", "template", "noscript", "svg", "head", "button", "select", "textarea"})
"""Elements whose content is no text of the page."""
VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "wbr", "source", "area", "base", "embed", "track"})
BLOCKS = frozenset({
    "p", "div", "li", "tr", "table", "ul", "ol", "section", "article", "header", "footer", "main", "dt", "dd",
    "blockquote", "pre", "figure", "figcaption", "body", "details", "summary", "hr",
})  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
SPOKEN = ("indication", "technique", "comparison", "findings", "impression")
"""The sections of a page of ours that are text of the report, in its order."""
OURS = re.compile(rf"aria-labelledby=\"h-({'|'.join(SPOKEN)})\"")
DEEPEST = 500


class _Page:
    """Takes a page tag by tag; what a page of ours says is collected beside what any page says."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.said: dict[str, list[str]] = {}
        self._open: list[tuple[str, str]] = []
        """Open elements, each with its role: unseen, words, line, a section's name, or nothing."""
        self._tags: Counter[str] = Counter()
        self._roles: Counter[str] = Counter()
        self._section = ""
        self._text: list[str] = []
        self._words: list[str] = []

    def take(self, token: Token) -> None:
        """The next tag or stretch of text."""
        if not token.name:
            self._say(token.text)
        elif token.closes:
            self._end(token.name)
        else:
            self._start(token.name, token.attributes)

    def _start(self, tag: str, attributes: str) -> None:
        if tag in BLOCKS or tag in HEADINGS:
            self._end_block()
        elif tag in ("br", "td", "th"):
            self._text.append("\n" if tag == "br" else " ")
        if tag in VOID or len(self._open) >= DEEPEST:
            return
        role = self._role(tag, attributes)
        self._open.append((tag, role))
        self._tags[tag] += 1
        self._roles[role] += 1

    def _role(self, tag: str, attributes: str) -> str:
        if tag == "section" and (label := OURS.search(attributes)):
            self._section = label[1]
            return label[1]
        if tag in UNSEEN:
            return "unseen"
        if not self._section:
            return ""
        if tag == "bdi" and self._roles["line"]:
            return "words"
        return "line" if tag in ("p", "span") else ""

    def _end(self, tag: str) -> None:
        if not self._tags[tag]:
            return
        while self._open:
            name, role = self._open.pop()
            self._tags[name] -= 1
            self._roles[role] -= 1
            if role == "words":
                self.said.setdefault(self._section, []).append(_line(self._words))
                self._words = []
            elif role in SPOKEN:
                self._section = ""
            if name == tag:
                break
        if tag in HEADINGS:
            told = _line(self._text)
            self.blocks += [heading(told)] if told else []
            self._text = []
        elif tag in BLOCKS:
            self._end_block()

    def _say(self, data: str) -> None:
        if self._roles["unseen"]:
            return
        self._text.append(data)
        if self._roles["words"]:
            self._words.append(data)

    def _end_block(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self._text).split("\n"))
        self.blocks.append(literal("\n".join(filter(None, lines))))
        self._text = []

    def finish(self) -> None:
        """The page is at its end."""
        self._end_block()


def _line(parts: list[str]) -> str:
    return " ".join("".join(parts).split())


def page_text(html: str) -> str:
    """The sections of a page of ours, or every visible word of any other, its headings as headings."""
    page = _Page()
    for token in tokens(html):
        page.take(token)
    page.finish()
    if not page.said.get("findings") and not page.said.get("impression"):
        return joined(page.blocks)
    blocks: list[str] = []
    for name in SPOKEN:
        told = [literal(sentence) for sentence in page.said.get(name, ()) if sentence]
        if name in ("indication", "technique", "comparison"):
            told = [" ".join(told)] if told else []
        blocks += [heading(name.capitalize()), *told] if told else []
    return joined(blocks)
