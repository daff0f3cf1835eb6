"""Exercises of chapter 00: the first taste of a check and a hint."""

from __future__ import annotations

from exercises_lib.exercises.ch00_welcome import double

EXERCISES = (double.EXERCISE,)
