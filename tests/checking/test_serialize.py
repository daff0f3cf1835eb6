"""Plain data: what is copied, what becomes opaque, and the way over the border and back."""

from __future__ import annotations

import json
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from exercises_lib.checking.serialize import (
    MAX_TEXT,
    Opaque,
    copy_plain,
    describe,
    from_bytes,
    same,
    serialize,
    to_bytes,
)

numbers = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=20))
arrays = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
plain_data = st.recursive(
    st.one_of(numbers, arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=10,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plain_data)
def test_plain_data_survives_the_border(value):
    copy = serialize(value)
    assert same(from_bytes(to_bytes(copy)), copy)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plain_data)
def test_plain_is_idempotent(value):
    once = serialize(value)
    assert same(serialize(once), once)


class Liar:
    """Claims to be equal to everything and to be any array."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __array__(self, dtype=None, copy=None):
        return np.ones(3)

    def __float__(self):
        return 1.0


class LyingArray(np.ndarray):
    def __array_function__(self, *args, **kwargs):
        return True

    def __eq__(self, other):
        return True


class LyingFloat(float):
    def __eq__(self, other):
        return True

    __hash__ = None


class LyingDict(dict):
    def items(self):
        return [("x", 1)]


@pytest.mark.parametrize("liar", [Liar(), LyingFloat(3.0), LyingDict(a=1), Liar, lambda: 3])
def test_objects_that_lie_become_opaque(liar):
    assert isinstance(serialize(liar), Opaque)


def test_an_array_of_a_subclass_becomes_a_base_array_with_its_own_numbers():
    copy = serialize(np.array([1.0, 2.0]).view(LyingArray))
    assert type(copy) is np.ndarray
    assert not same(copy, np.array([1.0, 3.0]))


def test_liars_inside_containers_become_opaque():
    assert isinstance(serialize([Liar()])[0], Opaque)
    assert isinstance(serialize({"a": (Liar(),)})["a"][0], Opaque)
    assert isinstance(serialize({Liar(): 1}), Opaque)


@pytest.mark.parametrize(
    "value",
    [
        np.array([None]),
        np.array([Liar()], dtype=object),
        "x" * (MAX_TEXT + 1),
        1 << 5000,
        {1, 2},
        b"bytes",
    ],
    ids=["None", "object", "long text", "huge integer", "set", "bytes"],
)
def test_what_is_too_large_or_not_plain_becomes_opaque(value):
    assert isinstance(serialize(value), Opaque)


def test_a_list_that_contains_itself_ends():
    loop: list[object] = []
    loop.append(loop)
    assert isinstance(serialize(loop), list)


def test_an_ordered_dictionary_is_a_dictionary():
    assert serialize(OrderedDict(a=1)) == {"a": 1}


def test_numpy_numbers_become_python_numbers():
    assert type(serialize(np.float32(0.5))) is float
    assert type(serialize(np.int64(3))) is int
    assert serialize(np.bool_(True)) is True
    assert type(serialize(np.longdouble("0.5"))) is float
    assert type(serialize(np.clongdouble(0.5j))) is complex
    assert serialize(np.longdouble("1e400")) == np.inf
    assert isinstance(serialize(np.uint64(2**64 - 1)), Opaque)  # as the same number of Python's is


def test_copies_do_not_share_memory():
    x = np.zeros(3)
    inner = {"a": [x]}
    copy = copy_plain(inner)
    copy["a"][0][0] = 1
    assert x[0] == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1.0, True),
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros(3), [0.0, 0.0, 0.0]),
        ([1], (1,)),
        ({"a": 1}, {"b": 1}),
        (None, 0),
        ("1", 1),
    ],
)
def test_things_of_different_kind_are_not_the_same(a, b):
    assert not same(a, b, rtol=1, atol=1)


def test_nan_is_the_same_as_nan_and_not_as_a_number():
    assert same(float("nan"), float("nan"))
    assert not same(np.array([np.nan]), np.array([0.0]), atol=1e9)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"[",
        b"{}",
        b'{"array":"AAAA","dtype":"O","shape":[1]}',
        b'{"array":"AAAA","dtype":"<f8","shape":[1000000000000]}',
        b'{"array":"!!","dtype":"<f8","shape":[0]}',
        b'{"array":"","dtype":"V8","shape":[0]}',
        b'{"float":"__import__"}',
        b'{"dict":[[{"dict":[]},1]]}',
        b"[" * 5000 + b"]" * 5000,
        json.dumps({"dtype": "<f8"}).encode(),
        b"1.5",
        b"9" * 400,
        b'{"int":"' + b"9" * 19 + b'0"}',
        b'{"float":"0x1p99999"}',
        b'{"array":"","dtype":"<f8","shape":[1e999]}',
    ],
)
def test_bytes_that_are_not_plain_data_are_refused(junk):
    with pytest.raises(ValueError):
        from_bytes(junk)


def test_kinds_are_described_in_words():
    assert describe(np.zeros((3, 4))) == "an array of shape (3, 4)"
    assert describe([1]) == "a list"
    assert describe(None) == "None"
    assert describe(serialize(Liar())) == "a Liar"
