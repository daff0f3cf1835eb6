"""How the lines of a verdict look in a notebook."""

from __future__ import annotations

import pytest

from exercises_lib.checking.verdict import inline_html


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("use `x < 0`, not `x`", "use <code>x &lt; 0</code>, not <code>x</code>"),
        ("the *right* class, *not all*.", "the <em>right</em> class, <em>not all</em>."),
        ("`a * b * c` and `x *= 2`", "<code>a * b * c</code> and <code>x *= 2</code>"),
        ("2 * 3 * 4, x*y*z, **bold**, *args", "2 * 3 * 4, x*y*z, **bold**, *args"),
    ],
)
def test_code_and_stress_are_set_and_nothing_else(line, expected):
    assert inline_html(line) == expected
