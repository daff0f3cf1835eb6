"""`mynn` in a grading: the student's own answers, from what they have handed in.

In the student's folder `mynn` holds the answers that have passed their checks. In a grading it
holds those that have passed in the student's earlier notebooks, as they were graded, and those of
the notebook that is graded, as soon as they pass. The definitions are cut out of the cells by
`own.from_cells`, in a kernel in which nothing of the student's has run yet, and they run nowhere
but in a kernel. What is missing comes from what the kernel has of the library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exercises_lib.chapters import chapter_of

if TYPE_CHECKING:
    from exercises_lib.grading.kernel import SandboxedKernel
    from exercises_lib.grading.notebook import Code

MOST = 1_000_000
"""Characters of definitions that are taken from one notebook."""
SECONDS = 10.0
"""Time for cutting the definitions out of one notebook."""


@dataclass(frozen=True)
class Earlier:
    """A notebook that the student has handed in before.

    Args:
        chapter: its number.
        cells: its code cells.
        passed: the exercises whose answers have passed.
    """

    chapter: str
    cells: tuple[Code, ...]
    passed: frozenset[str]


class OwnLibrary:
    """What `mynn` holds while a submission is graded.

    Args:
        cells: the submission's code cells.
        earlier: what the same student has handed in before.
    """

    def __init__(self, cells: Sequence[Code], earlier: Sequence[Earlier]) -> None:
        self.cells, self.earlier = cells, earlier
        self.sources: dict[str, str] = {}
        self._here: Mapping[str, str] = {}
        self._unread: list[str] = []

    @property
    def wanted(self) -> bool:
        """Whether the submission uses it at all."""
        return any("mynn" in cell.source for cell in self.cells)

    def read(self, kernel: SandboxedKernel, seconds: float) -> None:
        """Have the definitions cut out, in a kernel in which nothing of the student's has run.

        Raises:
            KernelError: if this notebook cannot be read; one of the earlier ones is left out.
        """
        from exercises_lib.grading.kernel import KernelError

        for one in self.earlier:
            try:
                found = _definitions(kernel, one.cells, min(seconds, SECONDS))
            except KernelError:
                self._unread.append(one.chapter)
                if not kernel.alive:
                    kernel.restart()
                continue
            self.sources |= {key: text for key, text in found.items() if key in one.passed}
        self._here = _definitions(kernel, self.cells, seconds)

    def passed(self, exercise_id: str) -> bool:
        """Take an answer of this notebook that has passed; tells whether there is a definition."""
        if exercise_id not in self._here:
            return False
        self.sources[exercise_id] = self._here[exercise_id]
        return True

    def told(self) -> str:
        """Say in words which names that are asked of `mynn` are whose; empty if none are."""
        text = "\n".join(cell.source for cell in self.cells)
        asked = set(re.findall(r"\bmynn\.([A-Za-z]\w*)", text))
        for names in re.findall(r"\bfrom\s+mynn\s+import\s+([\w, ]+|\([\w,\s]+\))", text):
            asked |= {name.split(" as ")[0].strip() for name in names.strip("()").split(",")}
        where: dict[str, list[str]] = {}
        for exercise_id, source in sorted(self.sources.items()):
            named = re.search(r'^__all__ = \["(\w+)"\]', source, re.MULTILINE)
            if named and named[1] in asked:
                where.setdefault(chapter_of(exercise_id), []).append(named[1])
        own = {name for names in where.values() for name in names}
        parts = [f"{', '.join(names)} from chapter {number}" for number, names in where.items()]
        said = f"mynn: the student's own {'; '.join(parts)}" if parts else ""
        rest = sorted(name for name in asked - own if name.isidentifier() and name[:2] != "ch")[:20]
        if rest:
            said += "; " if said else "mynn: "
            said += f"the course's in the place of {', '.join(rest)}"
        if self._unread:
            said += f"; not to be read: the notebook of chapter {', '.join(self._unread)}"
        return f"{said}." if said else ""


def _definitions(kernel: SandboxedKernel, cells: Sequence[Code], seconds: float) -> dict[str, str]:
    """Have the definitions of a notebook's answers cut out of its cells."""
    from exercises_lib.grading.kernel import KernelDiedError

    reply = kernel.request({"definitions": [cell.source for cell in cells]}, seconds)
    found = reply.get("found")
    if not isinstance(found, dict):
        raise KernelDiedError("its definitions could not be found")
    texts = {str(key)[:80]: text for key, text in found.items() if isinstance(text, str)}
    if sum(map(len, texts.values())) > MOST:
        raise KernelDiedError("its definitions are too long")
    return texts


__all__ = ["Earlier", "OwnLibrary"]
