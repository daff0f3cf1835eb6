"""What is wrong with what somebody has given, and not with the program."""

from __future__ import annotations


class UserError(Exception):
    """Something cannot be done as it was asked for; the text says what to do about it.

    It stands beside no traceback: the command line prints the text and ends with exit code 1.
    """
