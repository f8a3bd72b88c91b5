"""Run a notebook from top to bottom in a fresh kernel, always under the same conditions."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async, run_sync
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
CELL_TIMEOUT = 120  # seconds
WORKERS = 2

ENVIRONMENT = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
_IN_KERNEL = Path(__file__).with_name("in_kernel.py").read_text(encoding="utf-8")


class NotebookFailed(Exception):
    """A notebook did not run to its end as it must. The message says where and why."""


def find(names=()):
    """The notebooks named (`two-dimensions`, `two-dimensions.ipynb` or a path), or all of the book."""
    known = sorted(BOOK.glob("*.ipynb"))
    found = []
    for name in names:
        choices = [Path(name), BOOK / name, BOOK / f"{name}.ipynb"]
        path = next((p for p in choices if p.suffix == ".ipynb" and p.is_file()), None)
        if path is None:
            has = ", ".join(p.stem for p in known) or "none yet"
            raise SystemExit(f"There is no notebook {name!r}. The book has: {has}.")
        found.append(path)
    return found or known


def each(paths, function):
    """Call `function(path, after_cell)` for each notebook, two at a time, under one progress bar over their cells.

    Interrupted, it ends the process at once: kernels end with it, and no notebook is written half.
    """
    cells = sum(cell.cell_type == "code" for path in paths for cell in read(path).cells)
    with (
        tqdm(total=cells, unit="cell", disable=None, leave=False) as bar,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        try:
            return list(pool.map(lambda path: function(path, bar.update), paths))
        except KeyboardInterrupt:
            message = "\nStopped. Notebooks that were not written yet are as they were."
            print(message, file=sys.stderr, flush=True)
            os._exit(130)


def read(path):
    """Read a notebook file as it is."""
    return nbformat.read(path, as_version=4)


def label(notebook, index):
    """Name a cell for a person: its number, counted from 1, and its first words."""
    words = " ".join(notebook.cells[index].source.split())
    return f"cell {index + 1} ({words[:48] + '...' if len(words) > 48 else words})"


def question(function, argument):
    """A Python expression: what a function of `tools.numbers.in_kernel` answers, as JSON, in a notebook's kernel."""
    payload = json.dumps({"source": _IN_KERNEL, "argument": list(argument)})
    return (
        "(lambda json, call, own: (exec(call['source'], own), "
        f"json.dumps(own[{function!r}](call['argument'], globals())))[1])"
        f"(__import__('json'), __import__('json').loads({payload!r}), {{'__name__': 'in_kernel'}})"
    )


def ask(client, function, argument):
    """Let the kernel of a client, of nbclient's or of nbval's, answer a `question`."""
    expressions = {"answer": question(function, argument)}
    options = {"silent": True, "store_history": False, "reply": True, "timeout": CELL_TIMEOUT}

    async def answered():
        return await ensure_async(client.kc.execute("", user_expressions=expressions, **options))

    answer = run_sync(answered)()["content"]["user_expressions"]["answer"]
    if answer["status"] != "ok":
        raise NotebookFailed(f"Fields could not be evaluated: {answer['ename']}: {answer['evalue']}")
    return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


def listener(notebook, **options):
    """An nbclient that writes what a kernel says into `notebook`. All its outputs and counts are dropped first."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("widgets", None)
    client = NotebookClient(notebook, kernel_name="python3", record_timing=False, **options)
    client.clear_before_next_output = False
    client.widget_registry = {}  # nobody answers an Output widget: what it prints, and its errors, the cell prints
    return client


@contextmanager
def run(notebook, cwd=BOOK, after_cell=lambda: None, timeout=CELL_TIMEOUT):
    """Run every cell of `notebook` in place and yield a function `ask(function, argument)`, which the live kernel
    answers until the block ends; see `question`. `after_cell()` is called after each code cell.

    Raises NotebookFailed if a cell raises, takes too long or kills the kernel, or if a cell tagged
    `raises-exception` does not raise.
    """
    where = {"metadata": {"path": str(cwd)}}
    client = listener(notebook, timeout=timeout, startup_timeout=CELL_TIMEOUT, resources=where)
    client.km = client.create_kernel_manager()
    sockets = tempfile.mkdtemp(prefix="nb-")
    if sys.platform != "win32":  # no ports, so notebooks that start together cannot take each other's
        client.km.transport = "ipc"
        client.km.ip = os.path.join(sockets, "kernel")
    environment = {**os.environ, **ENVIRONMENT, "IPYTHONDIR": os.path.join(sockets, "ipython")}
    try:
        with client.setup_kernel(env=environment, stderr=subprocess.DEVNULL):
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    _run_cell(client, notebook, index, timeout)
                    require_as_announced(notebook, index)
                    after_cell()
            client.set_widgets_metadata()
            yield partial(ask, client)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _run_cell(client, notebook, index, timeout):
    try:
        client.execute_cell(notebook.cells[index], index)
    except CellTimeoutError:
        where = label(notebook, index)
        raise NotebookFailed(f"{where} took longer than {timeout} s. Make it shorter.") from None
    except DeadKernelError:
        raise NotebookFailed(f"{label(notebook, index)} killed its kernel.") from None
    except CellExecutionError:
        pass  # its output says so, too


def require_as_announced(notebook, index):
    """Raise NotebookFailed unless a cell that ran raised an exception exactly if its tag `raises-exception` says so."""
    cell, where = notebook.cells[index], label(notebook, index)
    errors = [output for output in cell.outputs if output.output_type == "error"]
    announced = "raises-exception" in cell.metadata.get("tags", [])
    if errors and not announced:
        raise NotebookFailed(f"{where} raised {errors[0].ename}: {errors[0].evalue}")
    if announced and not errors:
        raise NotebookFailed(f"{where} is tagged raises-exception, but it raised nothing.")
