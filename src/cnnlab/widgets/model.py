"""What a widget is for whoever shows it: in Jupyter an anywidget, and a description where there is none.

A page of the book has the widgets' scripts and draws them itself. So the Python that runs in a page needs neither anywidget
nor ipywidgets: a widget says which script draws it, and with which state.
"""

from typing import Any

DESCRIBED = "application/vnd.cnnlab.widget+json"


class Described:
    """A widget as a description, in `_repr_mimebundle_` under `DESCRIBED`: the name of its script, and its state."""

    def __init__(self, trace: dict) -> None:
        self.trace = trace

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        script = type(self).__module__.rpartition(".")[2]  # static/NAME.js stands beside NAME.py
        return {DESCRIBED: {"esm": script, "state": {"trace": self.trace}}, "text/plain": repr(self)}, {}


try:
    import anywidget
    import traitlets
except ModuleNotFoundError:
    Model = Described
else:

    class Living(anywidget.AnyWidget):
        """A widget with a Python behind it, which answers what its script asks."""

        # A DOMWidget brings a second model for its layout; these widgets are laid out by their own style sheet.
        layout = traitlets.Any(None)
        trace = traitlets.Dict().tag(sync=True)

        def __init__(self, trace: dict) -> None:
            super().__init__(trace=trace)
            self.on_msg(lambda _, message, buffers: self.receive(message))

        def receive(self, message: dict) -> None:
            """Answer one message from the browser; a mistake of the reader's goes back as words."""
            try:
                reply = self.answer(message)
            except (ValueError, TypeError) as error:
                reply = {"error": str(error)}
            if reply:
                self.send(reply)

        def answer(self, message: dict) -> dict | None:
            """The reply to one message. "hello" asks whether Python is there."""
            return {"live": True} if "hello" in message else None

    Model = Living
