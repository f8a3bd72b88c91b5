r"""Sphinx extension: formulas are in the page when it arrives, typeset by KaTeX while the book is built.

KaTeX is JavaScript; here it runs in QuickJS, a small engine that pip installs. Its files stand in `tools/katex`, as
npm's package brings them, because the style sheet and the fonts must be those of the same version. Each formula
comes out twice: as MathML for screen readers, with the TeX for whoever copies it, and as the spans that are drawn.

A formula that KaTeX does not know is a warning with its place, and so an error of the strict build.
"""

import json
import re
from functools import cache
from html import escape
from pathlib import Path

import quickjs
from docutils import nodes
from sphinx.locale import _
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number, wrap_displaymath

KATEX = Path(__file__).resolve().parent.parent / "katex"
# As JSON, because the engine's Python side cannot take the ropes that long strings are built of.
RENDER = """(tex, displayMode) => {
  try {
    return JSON.stringify({ html: katex.renderToString(tex, { displayMode, strict: "error" }) });
  } catch (error) {
    return JSON.stringify({ error: error.message });
  }
}"""
STOPS = re.compile(r"[.,;:?!)]+")
SHORT = 24  # characters of a formula that may be kept on one line with what follows it
logger = logging.getLogger(__name__)


class Refused(ValueError):
    """KaTeX does not know how to draw a formula; the message is its own."""


@cache
def engine():
    """KaTeX as a function of TeX and whether the formula stands on a line of its own."""
    context = quickjs.Context()
    context.eval((KATEX / "katex.min.js").read_text(encoding="utf-8"))
    return context.eval(RENDER)


@cache
def typeset(tex, display=False):
    """The HTML of a formula. Raises Refused with KaTeX's reason."""
    result = json.loads(engine()(tex, display))
    if "error" in result:
        raise Refused(result["error"].removeprefix("KaTeX parse error: "))
    return result["html"]


def html_of(node, tex, display=False):
    """The HTML of a node's formula; if there is none, a warning and the TeX as it is."""
    try:
        return typeset(tex, display)
    except Refused as reason:
        logger.warning("KaTeX cannot draw %r: %s", tex, reason, location=node)
        return f"<code>{escape(tex)}</code>"


class KeepStops(SphinxPostTransform):
    """Give a formula the full stop behind it, because a line may break between the two boxes."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        for node in list(self.document.findall(nodes.math)):
            behind = node.next_node(descend=False, siblings=True)
            stop = STOPS.match(behind) if isinstance(behind, nodes.Text) else None
            if stop and len(node.astext()) <= SHORT:
                node["stop"] = stop[0]
                behind.parent.replace(behind, nodes.Text(behind[stop.end() :]))


def visit_math(self, node):
    """Write a formula in a sentence."""
    html = html_of(node, node.astext())
    if "stop" in node:
        html = f'<span class="together">{html}{node["stop"]}</span>'
    self.body.append(html)
    raise nodes.SkipNode


def visit_math_block(self, node):
    """Write a formula on a line of its own, with its number if it has one."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    tex = node.astext()
    several = r"\\" in tex or "\n\n" in tex.strip()
    if several and not node["nowrap"] and not tex.lstrip().startswith(r"\begin"):
        tex = wrap_displaymath(tex, None, False)
    self.body.append(html_of(node, tex, display=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Offer KaTeX as a renderer; `html_math_renderer: katex` chooses it, and then MathJax is on no page."""
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.add_post_transform(KeepStops)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
