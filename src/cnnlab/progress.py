"""How far a long loop is, shown to whoever watches. Nothing stays on the page when it is done."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], unit: str = "epoch") -> Iterator[Item]:
    """Give the items back one by one, with a bar meanwhile; `cnnlab.network.train` takes it as its `progress`.

    In a notebook that somebody has open, in JupyterLab or in the browser, and in a page that runs its own cells, the bar
    stands below the cell and clears the cell's output when the loop ends. In a terminal it is tqdm's, if tqdm is installed.
    Elsewhere, such as where notebooks are run to be compared, there is no bar.
    """
    items = list(items)
    if _watched_in_a_notebook():
        return _below_the_cell(items, unit)
    try:
        from tqdm import tqdm
    except ImportError:
        return iter(items)
    return iter(tqdm(items, unit=unit, disable=None, leave=False))


def _watched_in_a_notebook() -> bool:
    # A server gives this variable to the kernels of open notebooks, and nobody gives it to kernels without a page.
    if not (os.environ.get("JPY_SESSION_NAME") or sys.platform == "emscripten"):
        return False
    ipython = sys.modules.get("IPython")
    if ipython is None:
        return False
    # A page's stand-in for IPython has no kernel, and shows what is displayed all the same.
    return getattr(ipython, "in_page", False) or getattr(ipython.get_ipython(), "kernel", None) is not None


def _below_the_cell(items: list[Item], unit: str) -> Iterator[Item]:
    from IPython.display import HTML, clear_output, display

    def bar(done: int) -> object:
        text = f"{unit} {done} of {len(items)}"
        return HTML(f'<progress max="{len(items)}" value="{done}" aria-label="{text}"></progress> {text}')

    handle = display(bar(0), display_id=True)
    try:
        for done, item in enumerate(items, start=1):
            yield item
            handle.update(bar(done))  # pyrefly: ignore[missing-attribute]
    finally:
        clear_output()
