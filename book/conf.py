"""Configuration of the static book. Built by ``backprop book``, which prepares the pages."""

import os
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from exercises_lib.course.katex import Katex, TexError

project = "Backprop, step by step"
author = "The authors of Backprop, step by step"
project_copyright = "2026, the authors; text CC BY 4.0, code MIT"
language = "en"

extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "sphinx_togglebutton"]
exclude_patterns = ["_build", "node_modules"]
nitpicky = True

# The notebooks come with their outputs, see exercises_lib/course/book.py.
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {"embed.js": {}}
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.mime_priority"]

html_theme = "sphinx_book_theme"
html_title = "Backprop, step by step"
html_static_path = ["_static"]
html_css_files = ["vendor/katex/katex.min.css", "book.css"]
html_js_files = [("quiz.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
html_context = {"default_mode": "auto"}
html_sidebars = {"**": ["navbar-logo.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
repository = os.environ.get("BACKPROP_REPOSITORY", "")
html_theme_options = {
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "extra_footer": "Text under CC BY 4.0, code under MIT.",
}
if repository:
    html_theme_options |= {
        "repository_url": repository,
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


def rendered(writer, node, display):
    try:
        return katex.html(node.astext(), display=display)
    except TexError as error:
        log.warning("%s in %r", error, node.astext()[:80], location=node, type="katex")
        return writer.encode(node.astext())


def visit_inline(writer, node):
    writer.body.append(f'<span class="math notranslate">{rendered(writer, node, False)}</span>')
    raise nodes.SkipNode


def visit_block(writer, node):
    writer.body.append('<div class="math notranslate" tabindex="0">')
    if node["number"]:
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})</span>')
    writer.body.append(rendered(writer, node, True) + "</div>\n")
    raise nodes.SkipNode


def slim(app, exception):
    """Drop what no page needs: 1.5 MB of icons as script, and source maps."""
    if exception is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        icons = static / "scripts" / "fontawesome.js"
        if icons.exists():
            icons.write_text("/* the icons come from a font */\n", encoding="utf-8")
        for path in static.rglob("*.map"):
            path.unlink()


def mend_labels(app, pagename, templatename, context, doctree):
    """Take away a label of myst-nb's that hides the visible text from screen readers."""
    if "body" in context:
        context["body"] = context["body"].replace(' aria-label="Toggle hidden content"', "")


def setup(app):
    app.add_html_math_renderer(
        "katex_build",
        inline_renderers=(visit_inline, None),
        block_renderers=(visit_block, None),
    )
    app.connect("build-finished", slim)
    app.connect("html-page-context", mend_labels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
