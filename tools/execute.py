"""Run a notebook from top to bottom in a fresh kernel, always under the same conditions."""

import ast
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
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
_IN_KERNEL = (Path(__file__).parent / "in_kernel.py").read_text(encoding="utf-8")


class NotebookFailed(Exception):
    """A notebook did not run to its end as it must. The message says where and why."""


def find(names=()) -> list[Path]:
    """The notebooks named (`two-dimensions`, `two-dimensions.ipynb` or a path), or all of the book."""
    if not names:
        return sorted(BOOK.glob("*.ipynb"))
    found = []
    for name in names:
        choices = [Path(name), BOOK / name, BOOK / f"{name}.ipynb"]
        path = next((p for p in choices if p.suffix == ".ipynb" and p.is_file()), None)
        if path is None:
            known = ", ".join(p.stem for p in sorted(BOOK.glob("*.ipynb"))) or "none yet"
            raise SystemExit(f"There is no notebook {name!r}. The book has: {known}.")
        found.append(path)
    return found


def each(paths, function) -> list:
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
            print(
                "\nStopped. Notebooks that were not written yet are as they were.",
                file=sys.stderr,
                flush=True,
            )
            os._exit(130)


def read(path) -> nbformat.NotebookNode:
    """Read a notebook file as it is."""
    return nbformat.read(path, as_version=4)


def label(notebook, index) -> str:
    """Name a cell for a person: its number, counted from 1, and its first words."""
    words = " ".join(notebook.cells[index].source.split())
    return f"cell {index + 1} ({words[:48] + '...' if len(words) > 48 else words})"


class Kernel:
    """The live kernel of a notebook that has just run."""

    def __init__(self, client):
        self._client = client

    def evaluate(self, fields) -> dict:
        """Display every bound expression; see `tools.in_kernel.evaluate`."""
        return self._call("evaluate", fields) if fields else {}

    def propose(self, tokens) -> dict:
        """Find expressions that display these decimals; see `tools.in_kernel.propose`."""
        return self._call("propose", tokens) if tokens else {}

    def _call(self, function, argument):
        payload = json.dumps({"source": _IN_KERNEL, "argument": list(argument)})
        expression = (
            "(lambda json, call, own: (exec(call['source'], own), "
            f"json.dumps(own[{function!r}](call['argument'], globals())))[1])"
            f"(__import__('json'), __import__('json').loads({payload!r}), {{'__name__': 'in_kernel'}})"
        )

        async def ask():
            return await self._client.kc.execute(
                "", silent=True, store_history=False, user_expressions={"answer": expression}, reply=True
            )

        reply = run_sync(ask)()
        answer = reply["content"]["user_expressions"]["answer"]
        if answer["status"] != "ok":
            raise NotebookFailed(
                f"Bound numbers could not be evaluated: {answer['ename']}: {answer['evalue']}"
            )
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


@contextmanager
def run(notebook, cwd=BOOK, after_cell=lambda: None, timeout=CELL_TIMEOUT):
    """Run every cell of `notebook` in place and yield the `Kernel`, which lives until the block ends.

    All stored outputs and counts are dropped first. `after_cell()` is called after each code cell.
    Raises NotebookFailed if a cell raises, takes too long or kills the kernel, or if a cell tagged
    `raises-exception` does not raise.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata.pop("widgets", None)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        startup_timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(cwd)}},
    )
    client.reset_execution_trackers()
    client.km = client.create_kernel_manager()
    sockets = tempfile.mkdtemp(prefix="nb-")
    if sys.platform != "win32":  # no ports, so notebooks that start together cannot take each other's
        client.km.transport = "ipc"
        client.km.ip = os.path.join(sockets, "kernel")
    environment = {**os.environ, **ENVIRONMENT, "IPYTHONDIR": os.path.join(sockets, "ipython")}
    try:
        with client.setup_kernel(env=environment, stderr=subprocess.DEVNULL):
            _look_often(client.kc.shell_channel)
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    _run_cell(client, notebook, cell, index, timeout)
                    after_cell()
            client.set_widgets_metadata()
            yield Kernel(client)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _look_often(channel, seconds=0.25):
    """Make a channel look for a waiting message again and again, and not only when it is told of one.

    nbclient answers an Output widget on the socket on which it waits for the kernel's reply; a reply that comes at
    that moment is not announced, and was found only when the cell's whole time was over.
    """
    wait_for_one = channel.get_msg

    async def get_msg(timeout=None):
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = seconds if end is None else min(seconds, end - time.monotonic())
            try:
                return await wait_for_one(timeout=max(left, 0))
            except queue.Empty:
                if left < seconds:
                    raise

    channel.get_msg = get_msg


def _run_cell(client, notebook, cell, index, timeout):
    where = label(notebook, index)
    try:
        client.execute_cell(cell, index)
    except CellTimeoutError:
        raise NotebookFailed(f"{where} took longer than {timeout} s. Make it shorter.") from None
    except DeadKernelError:
        raise NotebookFailed(f"{where} killed its kernel.") from None
    except CellExecutionError as error:
        raise NotebookFailed(f"{where} raised {error.ename}: {error.evalue}") from None
    raised = any(output.output_type == "error" for output in cell.outputs)
    if "raises-exception" in cell.metadata.get("tags", []) and not raised:
        raise NotebookFailed(f"{where} is tagged raises-exception, but it raised nothing.")
    for model in client.widget_state.values():
        for output in model.get("outputs") or ():
            if output.get("output_type") == "error":
                raise NotebookFailed(f"{where}: a widget shows {output['ename']}: {output['evalue']}")
