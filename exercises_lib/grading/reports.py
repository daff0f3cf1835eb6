"""Reports: a page about the class and a page for each student, HTML that needs nothing else."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from exercises_lib.chapters import CHAPTERS
from exercises_lib.checking.verdict import LOOKS
from exercises_lib.course.notebooks import write_text
from exercises_lib.exercises import get
from exercises_lib.grading.results import ExerciseResult, SubmissionResult

ORDER = ("passed", "wrong", "error", "unanswered", "unavailable")
TROUBLE = {
    "crashed": "ended its kernel",
    "timeout": "did not come to an end in time",
    "empty": "empty file",
    "not-a-notebook": "not a notebook",
    "wrong-format": "another format of notebook",
    "too-large": "too large",
    "too-many": "too many files",
    "unreadable": "cannot be read",
    "unsafe": "leads out of what was handed in",
    "unknown-chapter": "chapter cannot be told",
    "other-chapter": "another chapter",
    "grader-failed": "the grader's own process failed",
}
STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--back:#fff;
--card:#f6f8fa;--passed:#1a7f37;--wrong:#b3261e;--error:#8a4600;--unanswered:#6b7280;--unavailable:#9aa4b0;
--accent:#0b6bcb}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#3d444d;--back:#0d1117;
--card:#151b23;--passed:#4ac26b;--wrong:#ff9d94;--error:#f0b072;--unanswered:#9aa4b0;
--unavailable:#6b7280;--accent:#7cc0ff}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back);max-width:60rem;
margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:.2em 0}
h2{font-size:1.25rem;margin:2.2em 0 .5em;border-bottom:1px solid var(--line);padding-bottom:.2em}
h3{font-size:1rem;margin:1.4em 0 .4em}
a{color:var(--accent)}
p,li{max-width:46rem}
.soft{color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;min-width:34rem;font-size:.93rem}
th,td{text-align:left;padding:.35em .6em;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{display:flex;height:.9em;min-width:8em;border-radius:3px;overflow:hidden;background:var(--line)}
.bar span{display:block}
.passed{background:var(--passed)}.wrong{background:var(--wrong)}.error{background:var(--error)}
.unanswered{background:var(--unanswered)}.unavailable{background:var(--unavailable)}
.key{display:flex;flex-wrap:wrap;gap:.3em 1.2em;padding:0;margin:.5em 0;list-style:none;
font-size:.93rem}
.key i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
.columns{display:flex;align-items:flex-end;gap:4px;height:9rem;margin:.8em 0 0;padding:0;
list-style:none;border-bottom:1px solid var(--line)}
.columns li{flex:1;display:flex;flex-direction:column;justify-content:flex-end;height:100%;
text-align:center;font-size:.8rem}
.columns b{display:block;background:var(--accent);border-radius:3px 3px 0 0}
.scale{display:flex;gap:4px;font-size:.75rem;color:var(--soft);list-style:none;padding:0;margin:0}
.scale li{flex:1;text-align:center}
.card{border-left:4px solid var(--unanswered);background:var(--card);padding:.6em .9em;
margin:.7em 0;border-radius:0 4px 4px 0;overflow-wrap:anywhere}
.card p{margin:.25em 0}.card .sign{font-weight:700}
.card.is-passed{border-color:var(--passed)}.card.is-wrong{border-color:var(--wrong)}
.card.is-error{border-color:var(--error)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--back);padding:.5em;
border:1px solid var(--line);border-radius:4px;font-size:.85rem;margin:.4em 0}
code{font-size:.92em}
.big{font-size:2rem;font-weight:700;margin:.1em 0}
@media(max-width:40rem){.files table{min-width:0}.files :is(td,th):nth-child(2){display:none}}
@media print{body{max-width:none;font-size:11pt}.card,tr,.columns{break-inside:avoid}
h2,h3{break-after:avoid}.scroll{overflow:visible}table{min-width:0}a{color:inherit}
.bar,.bar span,.columns b,.key i{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def write_pages(records: Sequence[SubmissionResult], out: Path) -> int:
    """Write the class's page, ``index.html``, and one page for each student.

    Args:
        records: what the gradebook says.
        out: the folder; it is made if need be.

    Returns:
        How many pages were written.
    """
    students: dict[tuple[str, str], list[SubmissionResult]] = defaultdict(list)
    records = _current(records)
    for one in records:
        students[(one.student, one.lms_id)].append(one)
    write_text(out / "index.html", class_page(records))
    for (student, number), own in students.items():
        write_text(out / page_name(student, number), student_page(student, own))
    return len(students) + 1


def _current(records: Sequence[SubmissionResult]) -> list[SubmissionResult]:
    """Leave out what somebody handed in by mistake and has handed in rightly since."""
    graded = {(one.student, one.lms_id, one.chapter) for one in records if one.graded}
    return [
        one
        for one in records
        if one.status != "other-chapter" or (one.student, one.lms_id, one.chapter) not in graded
    ]


def page_name(student: str, lms_id: str) -> str:
    """Return where a student's page lies, below the class's page."""
    folded = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", folded).strip("-")[:40]
    mark = hashlib.sha256(f"{student}\0{lms_id}".encode()).hexdigest()[:8]
    return f"students/{plain or 'student'}-{mark}.html"


def _page(title: str, body: Iterable[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_e(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _e(text: object) -> str:
    return html.escape(str(text))


def _marked(text: str) -> str:
    """Escape a text; what stands between backticks becomes code."""
    pieces = _e(text).split("`")
    last = len(pieces) - 1
    return "".join(f"<code>{p}</code>" if i % 2 and i < last else p for i, p in enumerate(pieces))


def _chapter(number: str) -> str:
    known = CHAPTERS.get(number)
    return f"{number} {known.topic.replace('_', ' ')}" if known else number


def student_page(student: str, records: Sequence[SubmissionResult]) -> str:
    """Make the page of one student: marks, verdicts and messages, nothing about anybody else."""
    counting = [one for one in records if one.counts and one.rows]
    points = sum(one.points for one in counting)
    maximum = sum(one.maximum for one in counting)
    body = [f"<h1>{_e(student)}</h1>"]
    if counting:
        body.append(f'<p class="big">{points:g} of {maximum:g} points</p>')
    for one in records:
        name = _chapter(one.chapter) if one.chapter else one.file
        body.append(f"<h2>{_e(name)}</h2>")
        when = f" · graded {one.graded_at} UTC" if one.graded else ""
        body.append(f'<p class="soft">{_e(one.file + when)}</p>')
        instead = _instead(one, records)
        if instead is not None:
            body.append(f"<p>Does not count: {_e(instead.file)} does.</p>")
        if one.status != "ok":
            body.append(f"<p>{_trouble(one)}</p>")
        if one.rows:
            body.append(f"<p><b>{one.points:g} of {one.maximum:g}</b> points</p>")
            body += [_card(row) for row in one.rows]
    return _page(f"{student} · marks", body)


def _trouble(one: SubmissionResult) -> str:
    return f"<b>{_e(TROUBLE.get(one.status, one.status))}</b>: {_marked(one.detail)}"


def _instead(one: SubmissionResult, records: Sequence[SubmissionResult]) -> SubmissionResult | None:
    """Return the file of the same student that counts in the place of this one."""
    if one.counts:
        return None
    whose = (one.student, one.lms_id, one.chapter)
    same = (other for other in records if (other.student, other.lms_id, other.chapter) == whose)
    return next((other for other in same if other.counts), None)


def _card(row: ExerciseResult) -> str:
    sign, words, _ = LOOKS.get(row.status, ("·", row.status, ""))
    lines = [
        f'<p><span class="sign" aria-hidden="true">{sign}</span> <b>{_e(row.title)}</b> · '
        f"{_e(words)} · {row.earned:g} of {row.points:g} "
        f'<span class="soft">{_e(row.exercise)}</span></p>'
    ]
    if row.status != "unanswered":  # what to do about that is said in the notebook
        lines += [f"<p>{_marked(line)}</p>" for line in row.message.split("\n") if line]
    if row.decided:
        lines.append(
            f"<p><b>{row.earned:g} of {row.points:g} by decision:</b> {_e(row.decided)}</p>"
        )
    if row.traceback:
        lines.append(f"<pre>{_e(row.traceback)}</pre>")
    return f'<section class="card is-{_e(row.status)}">{"".join(lines)}</section>'


def class_page(records: Sequence[SubmissionResult]) -> str:
    """Make the page about the class."""
    records = _current(records)
    people = {(one.student, one.lms_id) for one in records}
    chapters = sorted({one.chapter for one in records if one.chapter})
    body = [
        "<h1>The class</h1>",
        f'<p class="soft">{len(people)} students, {len(records)} files, '
        f"{len(chapters)} chapter{'' if len(chapters) == 1 else 's'}</p>",
    ]
    body += _look_at(records)
    for chapter in chapters:
        body += _chapter_part(chapter, [one for one in records if one.chapter == chapter])
    body += _slowest(records)
    body += _everybody(records, chapters)
    return _page("The class · marks", body)


def _look_at(records: Sequence[SubmissionResult]) -> list[str]:
    """List what needs the instructor: broken and crashed files, flags, files that do not count."""
    rows = []
    for one in records:
        told = []
        if one.status != "ok":
            told.append(_trouble(one))
        told += [_e(flag) for flag in one.flags]
        told += [
            f"{_e(row.exercise)}: {row.earned:g} of {row.points:g} by decision: {_e(row.decided)}"
            for row in one.rows
            if row.decided
        ]
        instead = _instead(one, records)
        if instead is not None:
            here = f"{one.points:g} of {one.maximum:g} points" if one.graded else "no points"
            there = f"{instead.points:g} of {instead.maximum:g}"
            told.append(f"Does not count, with {here}: {_e(instead.file)} does, with {there}.")
        if told:
            rows.append(f"<tr><td>{_link(one)}</td><td>{_e(one.file)}</td>")
            rows.append(f"<td>{'<br>'.join(told)}</td></tr>")
    if not rows:
        return []
    head = "<tr><th>Student</th><th>File</th><th>What</th></tr>"
    return ["<h2>To look at</h2>", '<div class="files">', _table(head, rows), "</div>"]


def _table(head: str, rows: Iterable[str]) -> str:
    return (
        f'<div class="scroll" tabindex="0"><table><thead>{head}</thead><tbody>'
        f"{''.join(rows)}</tbody></table></div>"
    )


def _link(one: SubmissionResult) -> str:
    return f'<a href="{_e(page_name(one.student, one.lms_id))}">{_e(one.student)}</a>'


def _chapter_part(chapter: str, records: Sequence[SubmissionResult]) -> list[str]:
    counting = [one for one in records if one.counts and one.rows]
    if not counting:
        return []
    marks = sorted(one.points for one in counting)
    maximum = int(max(one.maximum for one in counting))
    middle = marks[len(marks) // 2] if len(marks) % 2 else sum(marks[len(marks) // 2 - 1 :][:2]) / 2
    part = [
        f"<h2>{_e(_chapter(chapter))}</h2>",
        f"<p>{len(marks)} graded; median {middle:g} of {maximum:g} points, "
        f"lowest {marks[0]:g}, highest {marks[-1]:g}.</p>",
        _histogram(marks, maximum),
        "<h3>Exercises</h3>",
        _key(counting),
        _exercise_table(counting),
    ]
    return part + _misconceptions(counting)


def _histogram(marks: Sequence[float], maximum: int) -> str:
    """Draw how many got how much: a column for each mark, or for a range where there are many."""
    step = -(-(maximum + 1) // 16)
    bins = [0] * (maximum // step + 1)
    for mark in marks:
        bins[int(min(mark, maximum) // step)] += 1
    tallest = max(bins)
    columns, scale = [], []
    for index, number in enumerate(bins):
        low, high = index * step, min(maximum, (index + 1) * step - 1)
        label = f"{low}" if low == high else f"{low}–{high}"
        height = 85 * number / tallest
        columns.append(f'<li>{number or ""}<b style="height:{height:.1f}%"></b></li>')
        scale.append(f"<li>{label}</li>")
    filled = "; ".join(
        f"{number} with {index * step} or more" for index, number in enumerate(bins) if number
    )
    return (
        f'<div role="img" aria-label="Distribution of points: {_e(filled)}">'
        f'<ul class="columns">{"".join(columns)}</ul><ul class="scale">{"".join(scale)}</ul></div>'
        '<p class="soft">Points across, students upwards.</p>'
    )


def _key(records: Sequence[SubmissionResult]) -> str:
    there = {row.status for one in records for row in one.rows}
    items = [
        f'<li><i class="{status}"></i>{_e(LOOKS[status][1])}</li>'
        for status in ORDER
        if status in there
    ]
    return f'<ul class="key">{"".join(items)}</ul>'


def _exercise_table(records: Sequence[SubmissionResult]) -> str:
    counts: dict[str, Counter[str]] = {}
    titles = {}
    for one in records:
        for row in one.rows:
            counts.setdefault(row.exercise, Counter())[row.status] += 1
            titles[row.exercise] = row.title
    rows = []
    for exercise, counter in counts.items():
        total = sum(counter.values())
        pieces = "".join(
            f'<span class="{status}" style="width:{100 * counter[status] / total:.2f}%"></span>'
            for status in ORDER
            if counter[status]
        )
        numbers = "".join(f'<td class="n">{counter[status] or ""}</td>' for status in ORDER[:4])
        rows.append(
            f'<tr><td>{_e(titles[exercise])}<br><span class="soft">{_e(exercise)}</span></td>'
            f'<td><div class="bar" aria-hidden="true">{pieces}</div></td>{numbers}</tr>'
        )
    head = (
        '<tr><th>Exercise</th><th><span aria-hidden="true">Share</span></th>'
        '<th class="n">passed</th><th class="n">wrong</th><th class="n">error</th>'
        '<th class="n">unanswered</th></tr>'
    )
    return _table(head, rows)


def _misconceptions(records: Sequence[SubmissionResult]) -> list[str]:
    """List the mistakes that the class makes, the most common first; last those without a name."""
    who: dict[tuple[str, str], list[SubmissionResult]] = defaultdict(list)
    unnamed: dict[str, list[tuple[SubmissionResult, str]]] = defaultdict(list)
    for one in records:
        for row in one.rows:
            for name in row.mistakes:
                who[(row.exercise, name)].append(one)
            if row.status in ("wrong", "error") and not row.mistakes:
                unnamed[row.exercise].append((one, row.message.split("\n")[0]))
    rows = [
        _who_row(f"<b>{_e(name)}</b>", exercise, _message(exercise, name), people)
        for (exercise, name), people in sorted(
            who.items(), key=lambda item: (-len(item[1]), item[0])
        )
    ]
    for exercise, seen in sorted(unnamed.items(), key=lambda item: (-len(item[1]), item[0])):
        told, times = Counter(text for _, text in seen).most_common(1)[0]
        example = f"{told} (said to {times})" if times < len(seen) else told
        rows.append(_who_row("<i>without a name</i>", exercise, example, [one for one, _ in seen]))
    if not rows:
        return []
    head = (
        '<tr><th class="n">Students</th><th>Misconception</th><th>What they were told</th>'
        "<th>Who</th></tr>"
    )
    return ["<h3>Misconceptions</h3>", _table(head, rows)]


def _who_row(name: str, exercise: str, told: str, people: Sequence[SubmissionResult]) -> str:
    shown = ", ".join(_link(one) for one in people[:8])
    more = f" and {len(people) - 8} more" if len(people) > 8 else ""
    return (
        f'<tr><td class="n">{len(people)}</td><td>{name}<br>'
        f'<span class="soft">{_e(exercise)}</span></td>'
        f"<td>{_marked(told)}</td><td>{shown}{more}</td></tr>"
    )


def _message(exercise: str, name: str) -> str:
    try:
        mistakes = get(exercise).mistakes
    except LookupError:
        return ""
    return next((mistake.message for mistake in mistakes if mistake.name == name), "")


def _slowest(records: Sequence[SubmissionResult]) -> list[str]:
    timed = sorted((one for one in records if one.seconds), key=lambda one: -one.seconds)[:5]
    if not timed:
        return []
    rows = [
        f'<tr><td>{_link(one)}</td><td>{_e(one.file)}</td><td class="n">{one.seconds:.2f} s</td>'
        f'<td class="n">{one.memory / 2**20:.0f} MB</td></tr>'
        for one in timed
    ]
    head = (
        '<tr><th>Student</th><th>File</th><th class="n">Time</th>'
        '<th class="n">Peak memory</th></tr>'
    )
    walls = sorted({one.isolation for one in records if one.isolation})
    return [
        "<h2>Slowest</h2>",
        _table(head, rows),
        *(f'<p class="soft">Graded behind {_e(wall)}</p>' for wall in walls),
    ]


def _everybody(records: Sequence[SubmissionResult], chapters: Sequence[str]) -> list[str]:
    marks: dict[tuple[str, str], dict[str, SubmissionResult]] = {}
    for one in records:
        own = marks.setdefault((one.student, one.lms_id), {})
        if one.counts and one.graded:
            own[one.chapter] = one
    rows = []
    for (student, number), own in marks.items():
        cells = "".join(
            f'<td class="n">{own[c].points:g} / {own[c].maximum:g}</td>'
            if c in own
            else "<td></td>"
            for c in chapters
        )
        total = f"{sum(one.points for one in own.values()):g}" if own else "no mark"
        link = f'<a href="{_e(page_name(student, number))}">{_e(student)}</a>'
        link += f' <span class="soft">{_e(number)}</span>' if number else ""
        rows.append(f'<tr><td>{link}</td>{cells}<td class="n"><b>{total}</b></td></tr>')
    titles = "".join(f'<th class="n">{_e(_chapter(c))}</th>' for c in chapters)
    head = f'<tr><th>Student</th>{titles}<th class="n">Points</th></tr>'
    return ["<h2>Students</h2>", _table(head, rows)]
