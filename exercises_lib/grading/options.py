"""What the commands for instructors share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from exercises_lib.errors import UserError

if TYPE_CHECKING:
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.results import SubmissionResult

GRADEBOOK = "marks.db"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in a sentence that something cannot be written: a full disk, a folder of others."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"{path} cannot be written: {reason}. The marks are in the gradebook."
        ) from error


def read_records(book: Gradebook, chapter: str | None) -> list[SubmissionResult]:
    """Read a gradebook, or what it has of one chapter; nothing at all is said."""
    records = book.records(chapter=chapter.zfill(2) if chapter else None)
    book.close()
    if not records:
        what = f"of chapter {chapter}" if chapter else "yet"
        raise UserError(f"{book.path} has nothing {what}; `backprop grade` fills it.")
    return records


def gradebook_option(function: Any) -> Any:
    return click.option(
        "--gradebook",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path(GRADEBOOK),
        show_default=True,
        help="The gradebook's file.",
    )(function)


def called(text: str, people: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Find students by name or number as they are, else by a part of the name."""
    everybody = set(people)
    exact = {whose for whose in everybody if text in (*whose, " ".join(whose))}
    part = text.casefold()
    return exact or {whose for whose in everybody if part in whose[0].casefold()}
