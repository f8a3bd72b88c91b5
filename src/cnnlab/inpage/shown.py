"""What a value shows itself as, and the names of `IPython.display` that work in a page."""

import base64
import io
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

KINDS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "text/latex": "_repr_latex_",
    "image/svg+xml": "_repr_svg_",
    "image/png": "_repr_png_",
    "image/jpeg": "_repr_jpeg_",
}


def bundle(value: object) -> dict:
    """A value as {mime type: text}, as Jupyter asks for it; pictures of bytes in base64. "text/plain" is always there."""
    data: dict = {}
    if not isinstance(value, type):  # a class has the methods of its objects, and no object to call them with
        if hasattr(value, "_repr_mimebundle_"):
            made = value._repr_mimebundle_(include=None, exclude=None)
            data |= (made[0] if isinstance(made, tuple) else made) or {}
        for kind, name in KINDS.items():
            if kind not in data and (text := getattr(value, name, lambda: None)()) is not None:
                data[kind] = base64.b64encode(text).decode() if isinstance(text, bytes) else text
        if "matplotlib.figure" in sys.modules and isinstance(value, sys.modules["matplotlib.figure"].Figure):
            data["image/svg+xml"] = _svg(value)
    if "text/plain" not in data:
        data["text/plain"] = "\n".join(repr(value).splitlines())  # no line end at the end, as in a notebook
    return data


def open_figures() -> list:
    """The figures that a cell left open in pyplot, if it used it; they count as closed from now on."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return []
    figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
    pyplot.close("all")
    return figures


def _svg(figure: Any) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", bbox_inches="tight")
    return file.getvalue()


class Rich:
    """Text of one kind, such as HTML."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind, self.text = kind, text

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        return {self.kind: self.text}


class Shown:
    """Where `display` put something: another thing can take its place, and that of all that the cell showed before."""

    def __init__(self, display: Callable, clear: Callable) -> None:
        self.display, self.clear = display, clear

    def update(self, value: object) -> None:
        self.clear()
        self.display(value)


def stand_in(display: Callable, clear_output: Callable) -> dict[str, ModuleType]:
    """Modules to import as `IPython` and `IPython.display`: the names that most notebooks use."""
    shows, ipython = ModuleType("IPython.display"), ModuleType("IPython")
    kinds = {"HTML": "text/html", "Markdown": "text/markdown", "Latex": "text/latex", "SVG": "image/svg+xml"}
    for name, kind in kinds.items():
        setattr(shows, name, lambda data, kind=kind: Rich(kind, data))
    names = {
        "Math": lambda data: Rich("text/latex", f"$\\displaystyle {data}$"),
        "display": display,
        "clear_output": clear_output,
    }
    vars(shows).update(names)
    vars(ipython).update(display=shows, get_ipython=lambda: None, version_info=(9, 0), in_page=True)
    return {"IPython": ipython, "IPython.display": shows}
