"""Configuration of the static book. Built by ``backprop book``, which prepares the pages."""

import os
import re
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from exercises_lib.course.katex import Katex, TexError

project = "Backprop, step by step"
author = "The authors of Backprop, step by step"
project_copyright = "2026, the authors. Text under CC BY 4.0, code under MIT"
language = "en"

extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "sphinx_togglebutton"]
exclude_patterns = ["_build", "node_modules", "run"]
nitpicky = True

# The notebooks come with their outputs, see exercises_lib/course/book.py.
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.mime_priority"]

html_theme = "sphinx_book_theme"
html_title = "Backprop, step by step"
html_static_path = ["_static"]
html_css_files = [
    "vendor/fonts/fonts.css",
    "vendor/katex/katex.min.css",
    "figures/figures.css",
    "book.css",
    "run.css",
]
SCRIPTS = (
    *("course.js", "memory.js", "progress.js", "embed.js", "quiz.js", "predict.js", "page.js"),
    *("terms.js", "ties.js"),
)
html_js_files = [(name, {"defer": "defer"}) for name in SCRIPTS]
if Path(__file__).parent.joinpath("_static", "run.js").exists():
    html_js_files.append(("run.js", {"defer": "defer"}))
html_favicon = "_static/logo.svg"
html_logo = "_static/logo.svg"
html_copy_source = False
html_use_index = False
html_context = {"default_mode": "auto"}
html_sidebars = {"**": ["navbar-logo.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
repository = os.environ.get("BACKPROP_REPOSITORY", "")
html_theme_options = {
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "back_to_top_button": False,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_content_items": ["copyright.html"],
    "logo": {"text": project, "alt_text": ""},
}
if repository:
    html_theme_options |= {
        "repository_url": repository,
        "repository_branch": "main",
        "path_to_docs": "chapters",
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }

# Maths is set while the book is built: a formula that cannot be read fails the build.
html_math_renderer = "katex_build"
log = logging.getLogger(__name__)
katex = Katex(Path(os.environ["BACKPROP_KATEX"]))
AFTER_MATHS = "<!-- maths ends -->"


def rendered(writer, node, display):
    try:
        return katex.html(node.astext(), display=display)
    except TexError as error:
        log.warning("%s in %r", error, node.astext()[:80], location=node, type="katex")
        return writer.encode(node.astext())


def visit_inline(writer, node):
    short = " short" if len(node.astext()) < 30 else ""
    formula = rendered(writer, node, False)
    writer.body.append(f'<span class="math notranslate{short}">{formula}</span>{AFTER_MATHS}')
    raise nodes.SkipNode


def visit_block(writer, node):
    writer.body.append('<div class="math notranslate">')
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})</span>')
    writer.body.append(rendered(writer, node, True) + "</div>\n")
    raise nodes.SkipNode


CODE = re.compile(
    r'(<div class="highlight-i?python3? notranslate"><div class="highlight"><pre>)(.*?)(</pre>)',
    re.DOTALL,
)


def hang(match):
    """Give every line of code a box of its own, so that a long line wraps below its beginning."""
    lines = []
    for line in match[2].removeprefix("<span></span>").rstrip("\n").split("\n"):
        text = re.sub(r"<[^>]+>", "", line)
        indent = len(text) - len(text.lstrip())
        lines.append(f'<span class="bp-line" style="--in:{indent}ch">{line}</span>')
    return match[1] + "\n".join(lines) + "\n" + match[3]


def mend(app, pagename, templatename, context, doctree):
    """Mend what Sphinx and myst-nb write."""
    body = context.get("body", "")
    # A label hides the visible text from screen readers.
    body = body.replace(' aria-label="Toggle hidden content"', "")
    # No line begins with the comma after a formula: a word joiner holds it.
    body = re.sub(rf"</span>{AFTER_MATHS}([.,;:!?)’]+)", "\u2060\\1</span>", body)
    body = body.replace(AFTER_MATHS, "")
    context["body"] = CODE.sub(hang, body)


def slim(app, exception):
    """Drop what no page needs: icons as script (1.5 MB), translations, source maps."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        icons = static / "scripts" / "fontawesome.js"
        if icons.exists():
            icons.write_text("/* the icons come from a font */\n", encoding="utf-8")
        shutil.rmtree(static / "locales", ignore_errors=True)
        for path in (*static.rglob("*.map"), *static.glob("*webpack-macros.html")):
            path.unlink()


def setup(app):
    app.add_html_math_renderer(
        "katex_build",
        inline_renderers=(visit_inline, None),
        block_renderers=(visit_block, None),
    )
    app.connect("html-page-context", mend)
    app.connect("build-finished", slim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
