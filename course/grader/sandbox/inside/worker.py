"""The only part of the grader that runs inside the sandbox, together with the student's code.

It knows no expected value, no points and no other submission. It executes cells, calls functions and reads variables when
it is asked, and answers with plain arrays. The student's code may take over this process and send whatever it likes: an
answer is worth something only if it equals what the grader computed elsewhere from inputs that were sent a moment ago.

Started as a script, `python -I -S worker.py OPTIONS`, with the channel on standard input and output.
"""

import ast
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import walls

OPTIONS = json.loads(sys.argv[1])
sys.path.append(OPTIONS["site"])
import cells  # noqa: E402 - with NumPy, before the limits and the change of user, so that it is complete
import protocol  # noqa: E402

LIBRARIES = tuple(OPTIONS["libraries"])
REQUEST_LIMIT = 64 * 1024 * 1024


class LibraryRefused(ImportError):
    """The student's code wants a library that contains the answer."""

    def __init__(self, module):
        super().__init__(f"the grader does not import {module}")
        self.module = module


class Refuser:
    """First on sys.meta_path: refuses by name, so that the sheet's promise gets its own status."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in LIBRARIES:
            raise LibraryRefused(name.partition(".")[0])
        return None


def main():
    requests, replies = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if OPTIONS["uid"] is not None:
        walls.leave_root(OPTIONS["uid"])
    walls.set_limits(OPTIONS["memory"], OPTIONS["processor"])
    filtered = walls.refuse_system_calls()
    sys.meta_path.insert(0, Refuser)
    namespace = cells.namespace()
    protocol.send(replies, protocol.pack({"tag": "ready", "filter": filtered}))
    while True:
        request, arrays = protocol.receive(requests, limit=REQUEST_LIMIT, header_limit=REQUEST_LIMIT)
        header, results = answer(namespace, request, arrays)
        protocol.send(replies, protocol.pack({"tag": request["tag"], **header}, results))


def answer(namespace, request, arrays):
    """(header, arrays) of the reply. Whatever the student's code raises becomes part of it."""
    try:
        if request["do"] == "outline":
            return {
                "outlines": [
                    outline(*pair) for pair in zip(request["sources"], request["given"], strict=True)
                ]
            }, []
        if request["do"] == "cell":
            cells.run(request["source"], request["name"], namespace)
            return {}, []
        if request["do"] == "value":
            return {}, [cells.plain(namespace[request["name"]])]
        function = namespace[request["name"]]
        args = [argument(arrays, each) for each in request["args"]]
        kwargs = {key: argument(arrays, each) for key, each in request["kwargs"].items()}
        results = cells.arrays(function(*args, **kwargs), request["outputs"])
        if isinstance(results, int):
            return {"error": {"type": "WrongCount", "count": results}}, []
        return {}, results
    except BaseException as error:
        return {"error": describe(error, request)}, []


def outline(source, given):
    """A hash of the code without comments, layout and the statements that the sheet gave. Asked before any code runs.

    None where nothing is left, or where Python cannot read it.
    """
    try:
        sheet = {ast.dump(node) for node in ast.walk(ast.parse(given)) if isinstance(node, ast.stmt)}
        tree = ast.parse(source)
        for node in list(ast.walk(tree)):
            if isinstance(getattr(node, "body", None), list):
                node.body = [each for each in node.body if ast.dump(each) not in sheet]
        return hashlib.sha256(ast.dump(tree).encode()).hexdigest() if tree.body else None
    except Exception:  # also what a tree is too deep for, or a number too long
        return None


def argument(arrays, description):
    """An argument of a call: a number, an array, or a function built from trusted source and arrays."""
    kind, value = description
    if kind == "number":
        return value
    if kind == "array":
        return arrays[value].copy()
    scope = {"np": cells.np}
    exec(value["source"], scope)
    return scope["make"](*[arrays[i].copy() for i in value["arrays"]])


def describe(error, request):
    """The exception's type, the last line of the student's cells that it passed, and (in a cell) its message."""
    if isinstance(error, LibraryRefused):
        return {"type": "LibraryRefused", "module": error.module}
    line, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.startswith("cell "):
            line = [frame.tb_frame.f_code.co_filename, frame.tb_lineno]
        frame = frame.tb_next
    message = told(error) if request["do"] == "cell" else ""
    if isinstance(error, SyntaxError) and request["do"] == "cell":
        # Its own words end with the file and the line once more.
        line, message = [request["name"], error.lineno], told(error.msg or "")
    lost = getattr(error, "name", None) if isinstance(error, NameError) else None
    return {
        "type": told(type(error).__name__)[:60],
        "line": line,
        "message": message,
        "name": lost if isinstance(lost, str) and len(lost) < 100 else None,
    }


def told(error):
    """What an exception says, or nothing where saying it fails, as for a number of thousands of digits."""
    try:
        return str(error)[:200]
    except BaseException:
        return ""


if __name__ == "__main__":
    main()
