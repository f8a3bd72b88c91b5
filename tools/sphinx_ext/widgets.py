"""Sphinx extension: the notebooks' widgets live on the built page, without Python and without the network.

A widget output holds a view (the id of a model), a still picture in HTML, and, in the notebook's metadata, the
model's state with its ES module. myst-nb would drop the still and load a widget manager from elsewhere. This
puts the still on the page, embeds the state, keeps the modules in one file for all pages, and adds
`widget_host.js`, which gives every module the model it asks for and lets it take the still's place.
"""

import hashlib
import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from cnnlab import widgets as library

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
HOST = Path(__file__).with_name("widget_host.js")
logger = logging.getLogger(__name__)


class PlaceStills(SphinxPostTransform):
    """Put a place with the still of the widget where the widget's output stands."""

    default_priority = 3  # myst-nb chooses one representation at 4 and drops the others
    formats = ("html",)

    def run(self, **kwargs):
        for bundle in list(self.document.findall(is_bundle)):
            children = {child["mime_type"]: child for child in bundle.children}
            if VIEW not in children:
                continue
            model = view_model(children[VIEW].astext())
            still = children["text/html"].astext() if "text/html" in children else ""
            if "<" not in still:
                logger.warning("a widget has no still picture in text/html", location=bundle)
            place = f'<div class="cnnlab-widget" data-model="{model}">{still}</div>'
            bundle.replace_self(nodes.raw(place, place, format="html", widget=model))


def is_bundle(node):
    """Whether a node holds the representations of one output."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def view_model(script):
    """The model's id in the script element that myst-nb writes for a view."""
    view = json.loads(script[script.index(">") + 1 : script.rindex("</script>")])
    if isinstance(view, str):
        view = json.loads(view)
    return view["model_id"]


def parts_of(module):
    """A module in pieces, one for each function or constant, so that what modules share can travel once."""
    return re.split(r"\n(?=function |const |export )", str(module))


def shared():
    """What the widgets' modules and style sheets consist of: one file for all pages, which a browser keeps.

    `named` has for each kind, by the name of its Python module, the places of its parts and of its style sheet: so a widget
    that a reader's own code makes is drawn on any page.
    """
    kinds = {kind.__module__.rpartition(".")[2]: kind for kind in map(library.__dict__.get, library.__all__)}
    parts, styles, named = {}, {}, {}
    for name, kind in kinds.items():
        places = [parts.setdefault(part, len(parts)) for part in parts_of(kind._esm)]
        named[name] = {"parts": places, "style": styles.setdefault(str(kind._css), len(styles))}
    return {"parts": list(parts), "styles": list(styles), "named": named}


def pack(states, shown, kept=None):
    """What the page embeds: the state of each shown model, and what `kept` lacks of their modules and style sheets, once.

    A module is a list of places in the parts of `kept`, followed by those of the page; so is the list of style sheets.

    states  {id: {"state": {...}}} as the notebook stores them; shown  ids in the order of the page
    kept    what the page has from elsewhere, as `shared` gives it
    Raises KeyError for a model without state or without a module.
    """
    kept = kept or {"parts": [], "styles": []}
    parts, styles = ({text: n for n, text in enumerate(kept[name])} for name in ("parts", "styles"))
    modules, models, worn = {}, {}, {}
    for model in dict.fromkeys(shown):
        state = states[model]["state"]
        models[model] = {
            "module": modules.setdefault(state["_esm"], len(modules)),
            "state": {name: value for name, value in state.items() if not name.startswith("_")},
        }
        if state.get("_css"):
            worn[styles.setdefault(state["_css"], len(styles))] = True
    places = [[parts.setdefault(part, len(parts)) for part in parts_of(module)] for module in modules]
    return {
        "models": models,
        "modules": places,
        "worn": list(worn),
        "parts": list(parts)[len(kept["parts"]) :],
        "styles": list(styles)[len(kept["styles"]) :],
    }


def embed(packed):
    """The script elements of one page. In JSON a slash may be escaped, so that no text ends the element."""
    text = (
        json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
        .replace("</", "<\\/")
        .replace("<!--", "<\\u0021--")
    )
    host = HOST.read_text(encoding="utf-8")
    return (
        f'<script type="application/json" id="cnnlab-widgets">{text}</script>\n'
        f'<script type="module">\n{host}</script>\n'
    )


def embed_state(app, pagename, templatename, context, doctree):
    """Take over the state that myst-nb put among the page's scripts, after live.py has made its button."""
    scripts = context.get("script_files", [])
    stored = [s for s in scripts if (getattr(s, "attributes", None) or {}).get("type") == STATE]
    for script in stored:
        scripts.remove(script)
    shown = [node["widget"] for node in doctree.findall(nodes.raw) if "widget" in node] if doctree else []
    if not shown:
        return
    states = {}
    for script in stored:
        states |= json.loads(script.attributes["body"])["state"]
    buttons = context.get("header_buttons", [])
    live = next((button["url"] for button in buttons if button.get("label") == "live"), None)
    address = context["pathto"](f"_static/{app.cnnlab_widgets}", resource=True)
    try:
        embedded = embed(pack(states, shown, app.cnnlab_shared) | {"live": live})
        context["body"] += f'<script src="{address}"></script>\n{embedded}'
    except KeyError as missing:
        logger.warning("no stored state for widget %s; run `make refresh`", missing, location=pagename)


def write_shared(app):
    """Put what all pages share among the build's static files, under a name that changes with it."""
    app.cnnlab_shared = shared()
    text = f"cnnlabShared = {json.dumps(app.cnnlab_shared, ensure_ascii=False, separators=(',', ':'))};\n"
    app.cnnlab_widgets = f"widgets-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js"
    target = Path(app.outdir) / "_static" / app.cnnlab_widgets
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def setup(app):
    """Connect the above to a build; myst-nb's own widget scripts are not wanted."""
    app.connect("builder-inited", write_shared)
    app.add_post_transform(PlaceStills)
    app.connect("html-page-context", embed_state, priority=850)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
