"""The glossary's words for the pages: what each means, and where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

ENTRY = re.compile(r"^(\S.*)\n  (.+)$", re.MULTILINE)
SOURCE = re.compile(r"\s*\[chapter[^\]]*\]\([^)]*\)(?:,?\s*)")


def terms(glossary: str) -> dict[str, str]:
    """Read a glossary written as MyST: every word with what it means, without its links.

    Args:
        glossary: the text of ``glossary.md``, with one ``{glossary}`` block.
    """
    block = glossary.split("```{glossary}", 1)[1].split("```", 1)[0]
    return {match[1].strip(): SOURCE.sub("", match[2]).strip() for match in ENTRY.finditer(block)}


def script(glossary: str, set_text: Callable[[str], str]) -> str:
    """Write the script that tells the pages about the words: ``bpTerms``, by word in lower case.

    Args:
        glossary: the text of ``glossary.md``.
        set_text: turns a definition with ``$…$`` and backticks into HTML.
    """
    found = {
        word.lower(): {"at": f"term-{re.sub(r'[^A-Za-z0-9]+', '-', word)}", "is": _plain(meaning)}
        for word, meaning in terms(glossary).items()
    }
    for entry in found.values():
        entry["is"] = set_text(entry["is"])
    return f"globalThis.bpTerms = {json.dumps(found, ensure_ascii=False, sort_keys=True)};\n"


def _plain(text: str) -> str:
    """Leave out what a line of plain text cannot show: links, and asterisks around a word."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"\*([^*]+)\*", r"\1", text)
