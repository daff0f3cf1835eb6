"""The book's fonts, and what stands in for them until they have come."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from exercises_lib.course.notebooks import write_text

FONTS = (
    ("source-serif-4", "wght.css", ("latin", "latin-ext", "greek")),
    ("source-serif-4", "wght-italic.css", ("latin", "latin-ext", "greek")),
    ("source-sans-3", "wght.css", ("latin", "latin-ext", "greek")),
    ("source-code-pro", "wght.css", ("latin", "greek")),
)
"""The book's fonts: package, style sheet, and the alphabets that are kept."""

SERIF = (1.036, 0.335, 0.479)
SANS = (1.024, 0.4, 0.418)
STAND_INS = (
    ("Serif Stand-in", SERIF, ("Times New Roman", "Liberation Serif", "Tinos"), 0.4063),
    ("Serif Stand-in Georgia", SERIF, ("Georgia", "Gelasio"), 0.4458),
    ("Serif Stand-in Noto", SERIF, ("Noto Serif", "Droid Serif"), 0.481),
    ("Sans Stand-in", SANS, ("Arial", "Liberation Sans", "Helvetica", "Arimo"), 0.4458),
    ("Sans Stand-in Roboto", SANS, ("Roboto",), 0.4448),
)
"""Fonts of the reader's machine, in the size and on the line of the book's own: a name, the book's
font (ascent, descent, mean width of a letter, in ems), names that stand in for it, their mean
width. So little moves when the book's fonts come. Figures of the fonts: Capsize's metrics."""


def vendor(modules: Path, folder: Path) -> None:
    """Copy styles and fonts into the book; only the format that every browser reads.

    Args:
        modules: the packages of ``book/package.json``.
        folder: where they go.
    """
    katex = modules / "katex" / "dist"
    styles = (katex / "katex.min.css").read_text(encoding="utf-8")
    styles = re.sub(r',url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)', "", styles)
    write_text(folder / "katex" / "katex.min.css", styles)
    shutil.copytree(katex / "fonts", folder / "katex" / "fonts", ignore=_but_woff2)
    faces = []
    for family, styles_file, subsets in FONTS:
        package = modules / "@fontsource-variable" / family
        for block in (package / styles_file).read_text(encoding="utf-8").split("/* ")[1:]:
            match = re.match(rf"{family}-([a-z-]+)-wght", block)
            if match and match[1] in subsets:
                faces.append(block.partition("*/")[2].strip().replace("./files/", ""))
                file = re.search(r"\./files/([\w.-]+)\)", block)
                assert file is not None
                (folder / "fonts").mkdir(exist_ok=True)
                shutil.copy2(package / "files" / file[1], folder / "fonts" / file[1])
    faces += [_stand_in(*row) for row in STAND_INS]
    write_text(folder / "fonts" / "fonts.css", "\n".join(faces) + "\n")


def _but_woff2(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".woff2")]


def _stand_in(
    name: str, own: tuple[float, float, float], locals_: tuple[str, ...], width: float
) -> str:
    ascent, descent, mean = own
    size = mean / width
    sources = ", ".join(f'local("{local}")' for local in locals_)
    return (
        f'@font-face {{ font-family: "{name}"; src: {sources}; size-adjust: {size:.2%}; '
        f"ascent-override: {ascent / size:.2%}; descent-override: {descent / size:.2%}; "
        "line-gap-override: 0%; }"
    )
