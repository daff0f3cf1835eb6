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

SET_PLAIN: Callable[[str], str] = html.escape


def payload(exercise: Exercise) -> dict[str, Any]:
    """Collect what a page needs to judge an exercise.

    Args:
        exercise: of kind number or choice.

    Returns:
        Plain data: the fields with the right value and tolerances, the mistakes with their values
        and messages, the hints and the remark.
    """
    fields = []
    for item in exercise.fields:
        output = exercise.output(item.name)
        fields.append(
            {
                "name": item.name,
                "right": _value(exercise, exercise.reference, item.name),
                "rtol": output.rtol,
                "atol": output.atol,
            }
        )
    mistakes = [
        {
            "name": mistake.name,
            "message": mistake.message,
            "values": {
                item.name: _value(exercise, mistake.answer, item.name) for item in exercise.fields
            },
        }
        for mistake in exercise.mistakes
    ]
    return {
        "id": exercise.id,
        "fields": fields,
        "mistakes": mistakes,
        "hints": list(exercise.hints),
        "remark": exercise.remark,
    }


def _value(exercise: Exercise, answer: Any, name: str) -> Any:
    value = answer.get(name) if isinstance(answer, dict) else answer
    return value if isinstance(value, str) or value is None else float(value)


def veil(data: dict[str, Any]) -> str:
    """Write data so that it cannot be read at a glance in the page's source. No secret is kept."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return base64.b64encode(text.encode()[::-1]).decode()


def form(exercise: Exercise, set_text: Callable[[str], str] = SET_PLAIN) -> str:
    """Give an exercise as an HTML form, without blank lines.

    Args:
        exercise: of kind number or choice.
        set_text: turns a label with ``$…$`` and backticks into HTML.
    """
    key = re.sub(r"\W", "-", exercise.id)
    rows = []
    for number, item in enumerate(exercise.fields):
        if item.options:
            choices = "".join(
                f'<label class="bpq-option"><input type="radio" name="{key}-{number}" '
                f'value="{html.escape(option)}"> <span>{set_text(text)}</span></label>'
                for option, text in item.options.items()
            )
            rows.append(
                f'<fieldset data-field="{html.escape(item.name)}"><legend>{set_text(item.label)}'
                f"</legend>{choices}</fieldset>"
            )
        else:
            rows.append(
                f'<div class="bpq-row" data-field="{html.escape(item.name)}">'
                f'<label for="{key}-{number}">{set_text(item.label)}</label> '
                f'<input id="{key}-{number}" type="text" inputmode="decimal" autocomplete="off" '
                'spellcheck="false"></div>'
            )
    return (
        f'<form class="bpq" data-exercise="{exercise.id}" data-key="{veil(payload(exercise))}" '
        f'aria-label="{html.escape(exercise.title)}">{"".join(rows)}'
        '<div class="bpq-bar"><button type="submit">Check</button> '
        '<button type="button" class="bpq-hint">Hint</button></div>'
        '<div class="bpq-verdict" role="status" aria-live="polite"></div></form>'
    )
