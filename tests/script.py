"""The widgets' scripts, run in an embedded JavaScript engine; what needs a page is not called."""

import json

import quickjs

from cnnlab.widgets.base import STATIC


class Script:
    """The named files of `static` as one script. `call` passes plain data in and out."""

    def __init__(self, *names):
        self.context = quickjs.Context()
        for name in names:
            # A widget's own file ends by exporting how it is drawn; a script exports nothing.
            source, _, _ = (STATIC / f"{name}.js").read_text(encoding="utf-8").partition("\nexport default")
            self.context.eval(source)
        self.context.eval("function called(f, all) { return JSON.stringify(eval(f)(...JSON.parse(all))); }")
        self._called = self.context.get("called")

    def call(self, function, *arguments):
        answer = self._called(function, json.dumps(arguments))
        return None if answer is None else json.loads(answer)
