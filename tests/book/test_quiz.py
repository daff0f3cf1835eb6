"""Exercises answered in the page get the judgement and the words of the notebook."""

from __future__ import annotations

import html as html_text
import re

import numpy as np
import pytest

from exercises_lib import check
from exercises_lib.chapters import CHAPTERS
from exercises_lib.checking.verdict import inline_html
from exercises_lib.course.quiz import answerable, payload
from exercises_lib.exercises import all_exercises

ASKED = [exercise for exercise in all_exercises() if answerable(exercise)]

ANSWER = """([id, answers]) => {
  const form = document.querySelector(`form[data-exercise="${id}"]`);
  return answers.map((answer) => {
    form.reset();
    for (const [name, value] of Object.entries(answer)) {
      const box = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
      const text = box.querySelector("input[type=text]");
      if (text) text.value = value;
      else if (value) box.querySelector(`input[value="${CSS.escape(value)}"]`).checked = true;
    }
    form.requestSubmit();
    const verdict = form.querySelector(".bpq-verdict");
    const lines = [...verdict.querySelectorAll("p:not(.bpq-head)")];
    return [verdict.dataset.status, lines.map((line) => line.textContent)];
  });
}"""


@pytest.fixture(scope="module")
def chapter(site, visit):
    """Open a chapter's page, once."""
    pages = {}

    def opened(number):
        if number not in pages:
            pages[number] = visit(f"{site}/{CHAPTERS[number].stem}.html")
        return pages[number]

    yield opened
    for page in pages.values():
        page.close()


def as_read(line):
    """The text of a line as the notebook shows it."""
    return html_text.unescape(re.sub("<[^>]+>", "", inline_html(line)))


def answers_to(exercise):
    """The right answer, every mistake, blanks, and mixtures of right and wrong in one answer."""
    data = payload(exercise)
    right = {item["name"]: item["right"] for item in data["fields"]}
    wrong = [mistake["values"] for mistake in data["mistakes"]]
    yield right
    yield from wrong
    first = next(iter(right))
    yield {**right, first: None}
    rng = np.random.default_rng(2026)
    for _ in range(25):
        sources = [right, right, *wrong]
        yield {name: sources[rng.integers(len(sources))][name] for name in right}
    for name, value in right.items():
        if not isinstance(value, str):
            for factor in (1.5, -1.0, 1 + 1e-5, 1.002, 1234567.0):
                yield {**right, name: value * factor}


@pytest.mark.parametrize("exercise", ASKED, ids=lambda exercise: exercise.id)
def test_a_page_says_what_the_notebook_says(exercise, chapter):
    answers = list(answers_to(exercise))
    typed = [
        {name: "" if value is None else str(value) for name, value in answer.items()}
        for answer in answers
    ]
    said = chapter(exercise.chapter).evaluate(ANSWER, [exercise.id, typed])
    for answer, (status, lines) in zip(answers, said, strict=True):
        verdict = check(exercise.id, answer)
        expected = [as_read(line) for line in verdict.message.split("\n") if line]
        if verdict.status == "unanswered" and len(answer) == 1:
            expected = ["Fill in your answer, then check."]
        assert (status, lines) == (verdict.status, expected), answer


def test_every_number_and_choice_exercise_is_answered_in_the_page():
    kinds = {e.id for e in all_exercises() if e.kind in ("number", "choice")}
    assert {exercise.id for exercise in ASKED} == kinds


@pytest.fixture
def form(chapter):
    page = chapter("01")
    found = page.locator('form[data-exercise="ch01.apple_gradients"]')
    page.evaluate("document.querySelectorAll('form').forEach((form) => form.reset())")
    return found


def test_numbers_are_read_as_people_write_them(form):
    first = form.locator("input").first
    form.locator("input").nth(1).fill("110")
    form.locator("input").nth(2).fill("2e2")
    for text, status in (
        ("2,2", "passed"),
        (" 11/5 ", "passed"),
        ("22/1e1", "passed"),
        ("1.1 * 2", "passed"),
        ("(1 + 0,1)·2", "passed"),
        ("2**3 / 4 + 0.2", "passed"),
        ("= 2.2", "passed"),
        ("220%", "passed"),
        ("10% * 22", "passed"),
        ("22 % 10", "wrong"),
        ("2.2 + x", "wrong"),
        ("1.1 * (2", "wrong"),
        ("−2.2", "wrong"),
        ("2,200", "wrong"),
        ("1/0", "wrong"),
        ("two", "wrong"),
    ):
        first.fill(text)
        first.press("Enter")
        assert form.locator(".bpq-verdict").get_attribute("data-status") == status, text
    assert "price: this is not a number" in form.locator(".bpq-verdict").inner_text()
    first.fill("2,200")
    first.press("Enter")
    said = form.locator(".bpq-verdict").inner_text()
    assert "price: this may be 2200 or 2.200. Write it without the comma." in said


def test_a_form_is_answered_by_keyboard_and_heard(form, chapter):
    keyboard = chapter("01").keyboard
    price, count, tax = form.locator("input[autocapitalize]").all()
    price.focus()
    keyboard.type("2")
    keyboard.press("Tab")
    keyboard.type("110")
    keyboard.press("Tab")
    keyboard.type("200")
    keyboard.press("Enter")
    verdict = form.locator(".bpq-verdict[role=status]")
    assert "not yet" in verdict.inner_text()
    assert price.get_attribute("aria-invalid") == "true"
    assert price.get_attribute("aria-describedby") == verdict.get_attribute("id")
    assert count.get_attribute("aria-invalid") is None
    price.fill("2.2")
    keyboard.press("Tab")
    tax.focus()
    for _ in range(30):  # through the figure's controls to the button
        keyboard.press("Tab")
        if chapter("01").evaluate("document.activeElement.matches('form button[type=submit]')"):
            break
    keyboard.press("Enter")
    assert "passed" in verdict.inner_text()
    assert price.get_attribute("aria-invalid") is None


def test_a_choice_is_made_by_keyboard(chapter):
    page = chapter("01")
    group = (
        page.locator('form[data-exercise="ch01.local_or_passed"]').get_by_role("radiogroup").first
    )
    group.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert group.locator("input:checked").get_attribute("value") == "passed"


def test_the_next_hint_opens_after_a_try_as_in_the_notebook(chapter):
    from exercises_lib import hint

    form = chapter("01").locator('form[data-exercise="ch01.fruit_gradients"]')

    def asked():
        form.get_by_role("button", name="Hint").click()
        return form.locator(".bpq-hints").inner_text()

    def expected():
        given = hint("ch01.fruit_gradients")
        lines = given.text.split("\n")
        return [f"Hint {given.number} of 3", given.after, *map(as_read, lines)]

    for tries in (True, False, False, True, True, False):
        if tries:
            form.get_by_role("button", name="Check").click()
            check("ch01.fruit_gradients", None)
        shown = asked()
        for line in expected():
            assert line.strip() in shown


def test_answers_and_messages_cannot_be_read_at_a_glance(html):
    for exercise in ASKED:
        text = (html / f"{CHAPTERS[exercise.chapter].stem}.html").read_text()
        form = text[text.index(f'data-exercise="{exercise.id}"') :].partition("</form>")[0]
        for mistake in exercise.mistakes:
            assert mistake.message[:30] not in form
        assert '"right"' not in form


@pytest.mark.parametrize("name", ["ch02.neuron_forward", "ch04.hand_forward"])
def test_the_way_forward_is_answered_at_the_nodes_and_played_when_it_is_right(name, chapter):
    exercise = next(exercise for exercise in ASKED if exercise.id == name)
    page = chapter(exercise.chapter)
    page.evaluate("bpMemory.clear()")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.figures === 'ready'")
    found = page.locator(f'form[data-exercise="{name}"]')
    blanks = found.locator(".bp-frame .bp-box-value")
    assert blanks.count() == len(exercise.fields)
    last = found.locator(".bp-count")
    assert last.inner_text() == "1 / 1"
    for field, value in exercise.reference.items():
        found.locator(f'[data-field="{field}"] input').fill(str(value))
    found.get_by_role("button", name="Check").click()
    assert found.locator(".bpq-verdict").get_attribute("data-status") == "passed"
    found.locator(".bp-frame").hover()
    assert last.inner_text().startswith("1 / ") and last.inner_text() != "1 / 1"
