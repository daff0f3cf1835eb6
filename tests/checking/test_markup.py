"""Messages as HTML and as plain text: marked up where they are marked, and nothing else."""

from __future__ import annotations

import re

import pytest

from exercises_lib.checking.markup import block_html, blocks, inline_html, plain_text
from exercises_lib.exercises import all_exercises


@pytest.mark.parametrize(
    ("text", "html", "plain"),
    [
        ("Sum `dout` *twice*.", "Sum <code>dout</code> <em>twice</em>.", "Sum dout twice."),
        ("a * b * c", "a * b * c", "a * b * c"),
        ("`a*b` is *not* 2*x*y", "<code>a*b</code> is <em>not</em> 2*x*y", "a*b is not 2*x*y"),
        ("`*args` and **kwargs", "<code>*args</code> and **kwargs", "*args and **kwargs"),
        ("the sum $a * b * c$ <b>", "the sum $a * b * c$ &lt;b&gt;", "the sum a * b * c <b>"),
        ("a ` alone, $5 alone", "a ` alone, $5 alone", "a ` alone, $5 alone"),
        ("`<script>`", "<code>&lt;script&gt;</code>", "<script>"),
        ("*<i>*", "*&lt;i&gt;*", "*<i>*"),
    ],
)
def test_marks_become_html_or_go(text: str, html: str, plain: str) -> None:
    assert inline_html(text) == html
    assert plain_text(text) == plain


def test_indented_lines_are_a_block_of_code() -> None:
    text = "Look at this line:\n    for x in `y`:\n\n        pass\n\nIt never ends."
    assert list(blocks(text)) == [
        ("line", "Look at this line:"),
        ("code", "for x in `y`:"),
        ("code", "    pass"),
        ("line", "It never ends."),
    ]
    assert "<pre>for x in `y`:</pre>" in block_html(text)


def test_no_message_of_the_course_shows_a_mark_where_words_are_meant() -> None:
    texts = [mistake.message for one in all_exercises() for mistake in one.mistakes]
    marked = [text for text in texts if re.search(r"(?<![\w*`])\*\w", text)]
    assert len(marked) > 100
    for text in texts:
        words = re.sub(r"<code>.*?</code>|\$.*?\$", "", inline_html(text))
        assert "`" not in words
        assert not re.search(r"(?<![\w*])\*\w[^*]*\w\*(?![\w*])", words), text
