"""Maths set by KaTeX while the book is built, so that its pages need no script for it.

One node process per build process, spoken to in lines of JSON over pipes.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from pathlib import Path

_NODE = r"""
const katex = require(process.argv[1]);
const lines = require('readline').createInterface({input: process.stdin});
lines.on('line', line => {
  const {tex, display} = JSON.parse(line);
  let answer;
  const options = {displayMode: display, throwOnError: true, strict: 'ignore', trust: false};
  try { answer = {html: katex.renderToString(tex, options)}; }
  catch (error) { answer = {error: String(error.message || error)}; }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
lines.on('close', () => process.exit(0));
"""


class TexError(ValueError):
    """A formula that KaTeX cannot read."""


class Katex:
    """Renders formulas.

    Args:
        script: path of ``katex.min.js``.
    """

    def __init__(self, script: Path) -> None:
        self._script = script
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def html(self, tex: str, *, display: bool = False) -> str:
        """Render one formula.

        Args:
            tex: the formula, without dollar signs.
            display: whether it stands on a line of its own.

        Returns:
            HTML with MathML inside.

        Raises:
            TexError: if KaTeX cannot read it.
        """
        if self._process is None or self._owner != os.getpid():  # also after a fork of the builder
            self._process = subprocess.Popen(
                ["node", "-e", _NODE, str(self._script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            self._owner = os.getpid()
            atexit.register(self._process.kill)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise TexError(answer["error"])
        return str(answer["html"])
