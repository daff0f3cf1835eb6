"""Exercises of kind number and choice as forms in the book's pages.

The page judges with the same fields, tolerances, mistakes and messages as the notebook; they are
exported from the same `Exercise`.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any

from exercises_lib.checking import Exercise
from exercises_lib.probes import values

SET_PLAIN: Callable[[str], str] = html.escape


def answerable(exercise: Exercise) -> bool:
    """Tell whether a page can judge an exercise: it compares blanks with values, no more."""
    return (
        exercise.kind in ("number", "choice")
        and exercise.probe.function is values
        and all(exercise.output(item.name).compare is None for item in exercise.fields)
    )


def payload(exercise: Exercise) -> dict[str, Any]:
    """Collect what a page needs to judge an exercise.

    Args:
        exercise: one that is `answerable`.

    Returns:
        Plain data: the fields with the right value and tolerances, the mistakes with their values
        and messages, the hints and the remark. A mistake that the notebook recognises by a rule of
        its own (``recognise``) is ``whole``: the page recognises it where all fields are as it has
        them.
    """
    right = _values(exercise, exercise.reference)
    fields = []
    for item in exercise.fields:
        output = exercise.output(item.name)
        fields.append(
            {
                "name": item.name,
                "right": right[item.name],
                "rtol": output.rtol,
                "atol": output.atol,
            }
        )
    mistakes = [
        {
            "name": mistake.name,
            "message": mistake.message,
            "values": filled,
            "whole": mistake.recognise is not None,
        }
        for mistake in exercise.mistakes
        if None not in (filled := _values(exercise, mistake.answer)).values()
    ]
    return {
        "id": exercise.id,
        "fields": fields,
        "mistakes": mistakes,
        "hints": list(exercise.hints),
        "remark": exercise.remark,
    }


def _values(exercise: Exercise, answer: Any) -> dict[str, Any]:
    """Read the blanks of an answer: a string, a number or None for each field."""
    read = {}
    for item in exercise.fields:
        value = answer.get(item.name) if isinstance(answer, dict) else answer
        read[item.name] = value if isinstance(value, str) or value is None else float(value)
    return read


def veil(data: dict[str, Any]) -> str:
    """Write data so that it cannot be read at a glance in the page's source. No secret is kept."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return base64.b64encode(text.encode()[::-1]).decode()


def asked_once(text: str, exercise: Exercise) -> str:
    """Leave out of a task what the form below it asks again.

    A notebook writes questions and choices down; in the page they are the form's. What goes is a
    paragraph ``**name**: question`` with its list ``- **key** · choice``, a table with a row for
    each question and a column for each choice, and the sentence that says to write letters.
    """
    names = {item.name for item in exercise.fields}
    keys = {key for item in exercise.fields for key in item.options}

    def told_by_form(block: str) -> bool:
        if block.startswith("Choose one letter for each"):
            return True
        question = re.match(r"\*\*(\w+)\*\*: ", block)
        if question:
            return question[1] in names
        rows = block.split("\n")
        if all(re.match(r"- \*\*\w+\*\* · ", row) for row in rows):
            return True
        table = [[cell.strip(' `"') for cell in row.strip("|").split("|")] for row in rows]
        return block.startswith("|") and {*table[0]} <= keys | {""} and table[-1][0] in names

    if not keys:
        return text
    return "\n\n".join(b for b in re.split(r"\n{2,}", text) if not told_by_form(b))


def form(exercise: Exercise, set_text: Callable[[str], str] = SET_PLAIN, told: str = "") -> str:
    """Give an exercise as an HTML form, without blank lines.

    Args:
        exercise: one that is `answerable`.
        set_text: turns a label with ``$…$`` and backticks into HTML.
        told: the text above the form; choices that it explains by their keys, and that are the same
            for all questions, are not explained again.
    """
    options = exercise.fields[0].options
    explained = bool(options) and all(
        item.options == options and f'`"{key}"`' in told
        for item in exercise.fields
        for key in options
    )
    key = re.sub(r"\W", "-", exercise.id)
    rows = []
    for number, item in enumerate(exercise.fields):
        place = f"{key}-{number}"
        label = set_text(item.label)
        if len(exercise.fields) > 1 and item.name not in re.findall(r"\w+", item.label):
            label += f" <code>{html.escape(item.name)}</code>"  # what the verdict calls it
        if item.options:
            choices = "".join(
                f'<label class="bpq-option"><input type="radio" name="{place}" '
                f'value="{html.escape(option)}"> <code>{html.escape(option)}</code> '
                f"{'' if explained or text == option else f'<span>{set_text(text)}</span>'}</label>"
                for option, text in item.options.items()
            )
            rows.append(
                f'<fieldset role="radiogroup" aria-labelledby="{place}" '
                f'data-field="{html.escape(item.name)}"><legend id="{place}">{label}</legend>'
                f'<div class="bpq-options">{choices}</div></fieldset>'
            )
        else:
            rows.append(
                f'<div class="bpq-row" data-field="{html.escape(item.name)}">'
                f'<label for="{place}">{label}</label> '
                f'<input id="{place}" type="text" autocomplete="off" autocapitalize="off" '
                'spellcheck="false"></div>'
            )
    return (
        f'<form class="bpq" data-exercise="{exercise.id}" data-key="{veil(payload(exercise))}" '
        f'aria-label="{html.escape(exercise.title)}">{"".join(rows)}'
        '<div class="bpq-bar"><button type="submit">Check</button> '
        '<button type="button" class="bpq-hint">Hint</button></div>'
        "<noscript>Checking needs JavaScript; the solution is folded below.</noscript>"
        f'<div class="bpq-verdict" id="{key}-verdict" role="status"></div>'
        '<div class="bpq-hints" role="status"></div></form>'
    )
