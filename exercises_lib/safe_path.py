"""Importing this takes the current folder off the path on which modules are looked for.

``python -m`` puts it there, and what stands in it may have been handed in by students. So the
command imports this before it imports anything else.
"""

import os
import sys

_here = os.path.realpath(".")
sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != _here]
