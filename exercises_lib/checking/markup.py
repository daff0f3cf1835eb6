"""How messages are marked up, and the one place where that becomes HTML or plain text.

Messages are sentences, one a line. ``code`` stands between backticks, *emphasis* between asterisks
and maths between dollar signs; lines that are indented by four spaces are a block of code.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Literal

MARK = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\$(?P<math>(?=\S)[^$\n]+?(?<=\S))\$"
    r"|(?<![\w*])\*(?P<stress>(?=\w)[^*`\n]+?(?<=\w))\*(?![\w*])"
)
INDENT = "    "

Block = tuple[Literal["line", "code"], str]


def blocks(text: str) -> Iterator[Block]:
    """Split a text into its lines and its blocks of code; empty lines between lines are dropped."""
    code: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.startswith(INDENT) or (code and line and not line.strip()):
            code.append(line[len(INDENT) :])
            continue
        if code:
            yield "code", "\n".join(code)
            code = []
        if line.strip():
            yield "line", line


def inline_html(line: str) -> str:
    """Give a line as HTML; maths keeps its dollar signs, by which Jupyter knows it."""
    parts: list[str] = []
    end = 0
    for match in MARK.finditer(line):
        parts.append(html.escape(line[end : match.start()]))
        if match["code"] is not None:
            parts.append(f"<code>{html.escape(match['code'])}</code>")
        elif match["stress"] is not None:
            parts.append(f"<em>{html.escape(match['stress'])}</em>")
        else:
            parts.append(html.escape(match[0]))
        end = match.end()
    return "".join([*parts, html.escape(line[end:])])


def block_html(text: str) -> str:
    """Give a whole text as HTML paragraphs and blocks of code."""
    return "".join(
        f"<pre>{html.escape(piece)}</pre>" if kind == "code" else f"<p>{inline_html(piece)}</p>"
        for kind, piece in blocks(text)
    )


def plain_text(text: str) -> str:
    """Give a text without its marks, for where they would stand as they are."""
    return MARK.sub(lambda match: next(part for part in match.groups() if part is not None), text)
