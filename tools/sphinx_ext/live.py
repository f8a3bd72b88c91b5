"""Sphinx extension: each chapter's page has a button that opens this chapter live, with Python in the browser.

The live site stands in `live/` beside the pages; `python -m tools.live` builds it. The theme's own buttons
(Binder, JupyterHub, Colab) need the address of the repository, and are left out where `_config.yml` has
none. Colab gets the copy of the chapter that `python -m tools.live.colab` publishes, because a notebook alone
does not bring `cnnlab` along.
"""

from pathlib import Path
from urllib.parse import urlencode

TEXT = "Open as a notebook"
COLAB_BRANCH = "gh-pages"


def live_button(chapter, pathto):
    """The header button that opens a chapter; `pathto` makes an address relative to the page."""
    return {
        "type": "link",
        "url": f"{pathto('live/open.html', 1)}?{urlencode({'chapter': chapter})}",
        "text": TEXT,
        "tooltip": "This chapter as a notebook in your browser, with nothing to install",
        "icon": "fas fa-laptop-code",
        "label": "live",
    }


def colab_address(url, branch, path):
    """Turn the theme's Colab address into that of the published copy of the chapter."""
    end = f"/blob/{branch}/{path}"
    if not url.endswith(end):
        raise ValueError(f"expected a Colab address that ends in {end}, got {url}")
    return f"{url.removesuffix(end)}/blob/{COLAB_BRANCH}/colab/{Path(path).name}"


def add_button(app, pagename, templatename, context, doctree):
    """Put the button first, and lead Colab to a notebook that finds `cnnlab`."""
    source = Path(app.env.doc2path(pagename, base=False)) if pagename in app.env.all_docs else Path()
    if source.suffix != ".ipynb" or "header_buttons" not in context:
        return
    theme = app.config["html_theme_options"]
    for group in context["header_buttons"]:
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                button["url"] = colab_address(
                    button["url"], theme.get("repository_branch") or "master", source.as_posix()
                )
    context["header_buttons"].insert(0, live_button(source.stem, context["pathto"]))


def drop_launch_buttons(app):
    """Without an address of the repository there is nothing to launch; the theme fails on an empty one."""
    theme = app.config["html_theme_options"]
    if not theme.get("repository_url"):
        theme["launch_buttons"] = {}


def setup(app):
    """Connect the above to a build, after the theme has added its buttons."""
    app.connect("builder-inited", drop_launch_buttons)
    app.connect("html-page-context", add_button, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
