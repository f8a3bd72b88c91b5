"""Python in the page: cells show what the book shows, errors are the reader's own lines, packages come when needed."""

import hashlib
import io
import json
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import pytest
from inpage_outputs import code_cells, differences, source

from cnnlab.inpage import Packages, PageSession, stand_in
from cnnlab.inpage import session as running
from cnnlab.inpage.begin import begin

BOOK = Path(__file__).resolve().parents[1] / "book"
# The whole network is trained with its cells, which takes as long as all others: only a browser's Python runs these again.
NOTEBOOKS = sorted(path.stem for path in BOOK.glob("*.ipynb") if path.stem != "whole-network")
LACKING = {"anywidget", "ipywidgets", "traitlets", "IPython"}

# A Python as a page has it. What Jupyter brings is not there, and what each cell shows goes to stdout at the end.
CHILD = f"""
import json, sys

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(LACKING)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Lacking())
from cnnlab.inpage import PageSession
cells = json.load(sys.stdin)
shown, outputs = [], []
session = PageSession(lambda output: outputs.append(output))
drawn = []
for cell in cells:
    outputs = []
    session.run(cell["source"], cell["quiet"])
    shown.append(outputs)
    drawn.append("matplotlib" in sys.modules)
json.dump({{"shown": shown, "drawn": drawn}}, sys.stdout)
"""


def in_a_page(sources, quiet=0):
    """What each cell shows in a Python of its own without Jupyter's packages; the first `quiet` cells run quietly."""
    cells = [{"source": source, "quiet": number < quiet} for number, source in enumerate(sources)]
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(cells), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def committed(name):
    """A notebook of the book, and the code of its cells."""
    notebook = json.loads((BOOK / f"{name}.ipynb").read_text(encoding="utf-8"))
    return notebook, [source(cell) for cell in code_cells(notebook)]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_of_the_book_shows_in_a_page_what_is_committed(name):
    notebook, sources = committed(name)
    shown = in_a_page(sources)["shown"]
    ids = [cell["id"] for cell in code_cells(notebook)]
    assert differences(notebook, dict(zip(ids, shown, strict=True))) == []


def test_figures_and_widgets_above_are_not_drawn_for_a_cell_below():
    sources = committed("one-dimension-by-hand")[1][:12]
    done = in_a_page([*sources, "print(W @ x, dw)"], quiet=len(sources))
    assert done["shown"][:-1] == [[]] * len(sources) and "text" in done["shown"][-1][0]
    assert not any(done["drawn"])


class Told:
    """A session and what it told of the cell that ran last."""

    def __init__(self):
        self.outputs = []
        self.session = PageSession(lambda output: self.outputs.append(output))

    def __call__(self, source, quiet=False):
        self.outputs.clear()
        self.ended = self.session.run(source, quiet)
        return self.outputs

    def error(self, source):
        (error,) = [output for output in self(source) if output["output_type"] == "error"]
        assert not self.ended
        return error


@pytest.fixture
def run():
    return Told()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a = 2\na", "2"),
        ("'x'", "'x'"),
        ("(1,\n 2)  # ; is no end", "(1, 2)"),
        ("None", None),
        ("3;", None),
        ("(3\n); # hidden", None),
        ("'é';", None),
        ("a = 3", None),
        ("", None),
        ("# only words", None),
    ],
)
def test_the_last_expression_is_shown_as_in_a_notebook(run, source, text):
    expected = (
        []
        if text is None
        else [{"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}}]
    )
    assert run(source) == expected and run.ended


def test_what_is_printed_stands_before_and_after_what_is_displayed(run):
    outputs = run("import sys\nprint('a')\ndisplay(1)\nprint('b')\nprint('c', file=sys.stderr)")
    assert [output.get("text") or output["data"]["text/plain"] for output in outputs] == [
        "a\n",
        "1",
        "b\n",
        "c\n",
    ]
    assert [output.get("name") for output in outputs] == ["stdout", None, "stdout", "stderr"]


def test_names_stay_from_cell_to_cell_until_they_are_forgotten(run):
    run("a = 1\ndef f(): return a")
    assert run("f()")[0]["data"]["text/plain"] == "1"
    run.session.forget()
    assert run.error("f()")["ename"] == "NameError"


def test_an_error_shows_the_readers_own_lines_only(run):
    run("import json\ndef read(text):\n    return json.loads(text)")
    error = run.error("print('before')\nread('{')")
    assert run.outputs[0]["text"] == "before\n"
    assert error["traceback"][:-1] == [
        "line 2:",
        "    read('{')",
        "line 3 in read, in a cell that ran before:",
        "    return json.loads(text)",
    ]
    assert error["traceback"][-1] == f"JSONDecodeError: {error['evalue']}"


def test_an_error_in_an_error_is_told_in_its_order(run):
    error = run.error("try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}['a']")
    first = ["line 2:", "    1 / 0", "ZeroDivisionError: division by zero"]
    assert error["traceback"] == [*first, "and then:", "line 4:", "    {}['a']", "KeyError: 'a'"]


def test_a_line_that_python_cannot_read_is_pointed_at(run):
    error = run.error("a = 1\nb = (1 + ]\n")
    assert error["ename"] == "SyntaxError"
    lines = error["traceback"]
    assert lines[0] == "line 2:" and lines[1][lines[2].index("^")] == "]"
    assert "commands of Jupyter" in run.error("%timeit 1")["evalue"]


def test_a_recursion_without_end_is_told_in_a_few_lines(run):
    error = run.error("def f(n):\n    return f(n + 1)\nf(0)")
    assert error["ename"] == "RecursionError" and len(error["traceback"]) < 20
    assert any("more calls" in line for line in error["traceback"])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("import numpy\nnumpy.zeros(10**14)", "MemoryError"),
        ("input()", "EOFError"),
    ],
)
def test_a_cell_that_ends_badly_ends_alone(run, source, kind):
    assert run.error(source)["ename"] == kind
    assert run("1 + 1")[0]["data"]["text/plain"] == "2"


def test_a_message_that_raises_is_no_end_of_the_session(run):
    error = run.error("class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad")
    assert error["ename"] == "Bad" and "ValueError" in error["evalue"]


def test_a_loop_that_prints_and_prints_is_cut(run, monkeypatch):
    monkeypatch.setattr(running, "MOST", 1000)
    text = "".join(output["text"] for output in run("for n in range(10**5): print(n)"))
    assert len(text) < 1200 and "left out" in text and run.ended


def test_who_prints_without_an_end_sees_what_came_until_it_is_cut(run, monkeypatch):
    monkeypatch.setattr(running, "MOST", 1000)
    monkeypatch.setattr(running, "SOON", 1e6)
    seen = []
    run.session.tell = lambda output: seen.append(output["text"])
    run.session.main.before = lambda: [*seen]
    run("for n in range(10**5): print(n)\nsoon = before()")
    assert "left out" in "".join(run.session.main.soon) and seen == run.session.main.soon


def test_printed_text_comes_while_the_cell_runs(run):
    seen = []
    run.session.tell = lambda output: seen.append((len(seen), output["text"]))
    run("import time\nfor n in range(3):\n    print(n)\n    time.sleep(0.15)")
    assert len(seen) > 1 and "".join(text for _, text in seen) == "0\n1\n2\n"


def test_a_cell_that_runs_quietly_leaves_names_and_tells_errors_only(run):
    assert run("a = 5\nprint(a)\na", quiet=True) == [] and run.ended
    assert run("a")[0]["data"]["text/plain"] == "5"
    run("from cnnlab import figures\ncalls = []")
    assert (
        run(
            "figures.curves(calls.append(1), **{'says': calls.append(2)}).captioned(calls.append(3))",
            quiet=True,
        )
        == []
    )
    assert run("calls")[0]["data"]["text/plain"] == "[1, 2, 3]"
    run("0 / 0", quiet=True)
    assert [output["output_type"] for output in run.outputs] == ["error"]


def test_ipython_display_has_a_stand_in(run, monkeypatch):
    for name, module in stand_in(run.session.display, run.session.clear_output).items():
        monkeypatch.setitem(sys.modules, name, module)
    outputs = run(
        "from IPython.display import HTML, Markdown, clear_output, display\n"
        "place = display(HTML('<b>1</b>'), display_id=True)\nplace.update(Markdown('*2*'))\nclear_output()\nprint(3)"
    )
    kinds = [output["output_type"] for output in outputs]
    assert kinds == ["display_data", "clear", "display_data", "clear", "stream"]
    assert outputs[0]["data"]["text/html"] == "<b>1</b>" and outputs[2]["data"]["text/markdown"] == "*2*"


def test_a_figure_of_pyplot_is_shown_as_a_notebook_does(run):
    run("import matplotlib\nmatplotlib.use('svg')\nfrom matplotlib import pyplot")
    (output,) = run("pyplot.plot([1, 2]);")
    assert output["output_type"] == "display_data" and "<svg" in output["data"]["image/svg+xml"]
    assert run("1")[0]["data"] == {"text/plain": "1"} and len(run.outputs) == 1


def test_the_source_of_a_readers_function_is_known(run):
    assert run("def f():\n    return 1\nimport inspect\nprint(inspect.getsource(f))")[0]["text"].startswith(
        "def f()"
    )
    (output,) = run("from cnnlab import check\ndef f(dy, x, w):\n    return dy @ x\ncheck.conv1d_backward(f)")
    run("def f(dy, x, w, **options):\n    return dy.nothing")
    assert "return dy.nothing" in run("check.conv1d_backward(f)")[0]["data"]["text/plain"], output


def test_a_bar_shows_how_far_a_long_loop_is_and_goes(run, monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    for name, module in stand_in(run.session.display, run.session.clear_output).items():
        monkeypatch.setitem(sys.modules, name, module)
    outputs = run("from cnnlab.progress import progress\nfor _ in progress(range(2)): pass")
    bars = [output["data"]["text/html"] for output in outputs if "data" in output]
    assert [bar.split("</progress> ")[1] for bar in bars] == [f"epoch {n} of 2" for n in range(3)]
    assert outputs[-1] == {"output_type": "clear"}


def test_a_worker_begins_with_what_it_is_told(monkeypatch):
    for name in ("IPython", "IPython.display"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    package = {"name": "sown", "imports": ["sown_seed"], "sha256": "0"}
    posted, asked = [], []
    session = begin(json.dumps([package]), lambda name: asked.append(name), posted.append)
    assert session.run("from IPython.display import HTML\nHTML('<b>1</b>')")
    assert json.loads(posted[0])["data"]["text/html"] == "<b>1</b>"
    assert not session.run("import sown_seed") and asked == ["sown"]
    assert "Is the network there?" in json.loads(posted[1])["evalue"]
    monkeypatch.setattr(sys, "platform", "emscripten")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        session = begin("[]", None, posted.append)
        session.run(
            "import matplotlib\nmatplotlib.use('svg')\nfrom matplotlib import pyplot\npyplot.plot([1])\npyplot.show()"
        )
    assert warned == [] and "<svg" in json.loads(posted[2])["data"]["image/svg+xml"]


@pytest.fixture
def offered(tmp_path, monkeypatch):
    """A finder that offers one package, `sown`, with the number of times that it was fetched."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("sown_seed.py", "value = 7\n")
    wheel = file.getvalue()
    monkeypatch.syspath_prepend(str(tmp_path))
    package = {"name": "sown", "imports": ["sown_seed"], "sha256": hashlib.sha256(wheel).hexdigest()}
    fetched = []
    finder = Packages([package], lambda package: fetched.append(package["name"]) or wheel, tmp_path)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    yield package, finder, fetched
    sys.modules.pop("sown_seed", None)


def test_a_package_is_fetched_when_it_is_imported_and_once(run, offered):
    _, _, fetched = offered
    lacking = run.error("import something_that_nobody_has")
    assert lacking["ename"] == "ModuleNotFoundError" and fetched == []
    assert "A page has" in lacking["evalue"]
    assert run("from sown_seed import value\nvalue")[0]["data"]["text/plain"] == "7"
    del sys.modules["sown_seed"]
    assert run("import sown_seed") == [] and fetched == ["sown"]


def test_a_package_that_does_not_come_is_an_error_with_words(run, offered):
    package, finder, _ = offered

    def nothing(package):
        raise OSError("Is the network there?")

    finder.fetch, kept = nothing, finder.fetch
    error = run.error("import sown_seed")
    assert (
        error["ename"] == "ImportError"
        and error["evalue"] == "sown could not be fetched. Is the network there?"
    )
    finder.fetch = kept
    package["sha256"] = "0" * 64
    assert "another form" in run.error("import sown_seed")["evalue"]
    package["sha256"] = hashlib.sha256(kept(package)).hexdigest()
    assert run("import sown_seed") == [] and run.ended


REMEMBERED = """
import importlib, sys
from pathlib import Path
sys.dont_write_bytecode = True
scope = {}
exec(Path(sys.argv[1]).read_text(encoding="utf-8"), scope)
kept = Path("kept")
code = scope["remember"](kept.read_bytes() if kept.exists() else b"")
sys.path.insert(0, ".")
import told
print(told.words)
if new := code():
    kept.write_bytes(new)
print(len(new) > 0, len(code()) > 0)
"""


def test_code_of_modules_is_kept_from_one_python_to_the_next(tmp_path):
    def run():
        script = Path(running.__file__).with_name("compiled.py")
        command = [sys.executable, "-c", REMEMBERED, str(script)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split("\n")[:2]

    (tmp_path / "told.py").write_text("words = 'first'", encoding="utf-8")
    assert run() == ["first", "True False"]
    # The file is not compiled again: what it holds now does not count.
    (tmp_path / "told.py").write_text("words = 'second'", encoding="utf-8")
    assert run() == ["first", "False False"]
    (tmp_path / "kept").write_bytes(b"nonsense")
    assert run() == ["second", "True False"]
