"""The commands mark and name-group: what an instructor decides."""

from __future__ import annotations

import re
from pathlib import Path

import click

from exercises_lib.errors import UserError
from exercises_lib.grading.options import called, gradebook_option, writing


@click.command()
@click.argument("student")
@click.argument("exercise")
@click.argument("points")
@click.option("--why", default="", help="The reason, which the student reads.")
@gradebook_option
def mark(student: str, exercise: str, points: str, why: str, gradebook: Path) -> None:
    """Give STUDENT other POINTS for EXERCISE, also when it is graded again.

    STUDENT is a name, a part of one, or a number. EXERCISE is for example ch04.bias_gradient; ch04
    for the chapter as a whole; ch04.late for the percentage that is taken off late work. POINTS is
    a number, or - to take the decision back. A file that cannot be graded can get points, too.
    """
    from exercises_lib.grading.gradebook import Gradebook

    exercise, chapter, most, unit = _decidable(exercise)
    value = _points(points, most)
    if points != "-" and value is None:
        raise click.UsageError(f"{exercise} counts 0 to {most} {unit}, not {points!r}")
    if value is not None and not why:
        raise click.UsageError("say the reason with --why: the student reads it")
    book = Gradebook(gradebook, create=False)
    people = {one.whose for one in book.records(chapter=chapter)}
    found = called(student, people)
    if len(found) != 1:
        if found:
            names = "; ".join(f"{name} {number}".strip() for name, number in sorted(found)[:9])
            text = f"{student!r} is {len(found)} students with a file for chapter {chapter}: "
            text += f"{names}. Give one of these names, or the number."
        else:
            text = f"nobody called {student!r} has handed in anything for chapter {chapter}"
        raise click.UsageError(text)
    ((name, number),) = found
    book.decide(name, number, exercise, value, why)
    totals = [one for one in book.records(chapter=chapter) if one.whose == (name, number)]
    book.close()
    for one in totals:
        if one.counts and one.chapter == chapter:
            mark = f"{one.points:g}/{one.maximum:g}" if one.graded else "no mark"
            click.echo(f"{name}: {one.file}: {mark}")


def _decidable(name: str) -> tuple[str, str, float, str]:
    """Return of what may be decided its name, chapter, the most that can be given, and in what."""
    from exercises_lib import exercises
    from exercises_lib.grading.results import chapter_points

    try:
        if match := re.fullmatch(r"(?:ch)?(\d\d?p?)(\.late)?", name):
            chapter = match[1].zfill(2)
            total = chapter_points(chapter)
            if match[2]:
                return f"ch{chapter}.late", chapter, 100, "per cent"
            return f"ch{chapter}", chapter, total, "points"
        exercise = exercises.get(name)
    except LookupError as error:
        raise click.UsageError(str(error.args[0] if error.args else error)) from error
    return exercise.id, exercise.chapter, exercise.points, "points"


def _points(text: str, most: float) -> float | None:
    """Read a number of points from 0 to `most`, such as 1 or 1.5."""
    if not re.fullmatch(r"\d+(\.\d{1,2})?", text) or float(text) > most:
        return None
    return float(text)


@click.command(name="name-group")
@click.argument("group")
@click.option("--name", help="What the mistake is called on the class's page.")
@click.option("--tell", help="What those who make it are told: what they do, why it is wrong.")
@click.option("--remove", is_flag=True, help="Take the name back.")
@gradebook_option
def name_group(
    group: str, name: str | None, tell: str | None, remove: bool, gradebook: Path
) -> None:
    """Name a GROUP of wrong answers that do the same, such as ch04.affine~1f3a5b7c.

    The class's page lists the groups. From now on everybody who belongs to it is told what you
    write, in this gradebook and in the others of this folder: the mistake stands in mistakes.json
    beside it, and `backprop audit` checks that file.
    """
    from exercises_lib import exercises
    from exercises_lib.checking.behaviour import cases_mark, common_cases
    from exercises_lib.course import named
    from exercises_lib.grading.gradebook import Gradebook
    from exercises_lib.grading.groups import named_or_not

    exercise, _, behaviour = group.partition("~")
    book = Gradebook(gradebook, create=False)
    known = named.load(book.named_file)
    rest = [
        one for one in known if one.exercise != exercise or not one.behaviour.startswith(behaviour)
    ]
    if remove:
        if len(rest) == len(known) or not behaviour:
            raise click.UsageError(f"{group!r} has no name in {book.named_file}")
        named.save(book.named_file, rest)
        click.echo(f"{group} has no name any more.")
        return
    if not name or not tell:
        raise click.UsageError("give the group a --name, and say with --tell what its members read")
    found = [one for one in named_or_not(book.records()) if behaviour and one.is_called(group)]
    book.close()
    if len(found) != 1:
        raise click.UsageError(
            f"{len(found) or 'no'} groups are called {group!r}; the class's page lists them"
        )
    cases = cases_mark(common_cases(exercises.get(exercise)))
    made = named.NamedMistake(exercise, name, tell, found[0].behaviour, cases, found[0].answer)
    wrong = [text for _, text in named.faults([*rest, made])]
    if wrong:
        raise UserError(f"{group} was not named: " + "; ".join(wrong) + ".")
    with writing(book.named_file):
        named.save(book.named_file, [*rest, made])
    number = len(found[0].members)
    click.echo(
        f"{number} student{'s' if number != 1 else ''}: {name}. It stands in {book.named_file}; "
        "`backprop report` tells them."
    )
