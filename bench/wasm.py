"""The same shapes in WebAssembly: cnnlab in Pyodide under Node, beside the same calls in this Python.

Needs Node; the Pyodide files come from `python -m tools.live.runtime`. Both sides run one thread, one after the other.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.in_browser import ROUNDS
from bench.machine import describe, idle, write
from bench.measure import milliseconds, ratio

ROOT = Path(__file__).resolve().parent.parent
MODULE = "bench.in_browser"


def main():
    """Run both sides, print the ratios, write records/wasm.json."""
    machine = describe()
    browser = in_pyodide()
    native = natively()
    record = {
        "about": "cnnlab in Pyodide (WebAssembly, Node) beside the same machine's Python, float32, one thread; "
        "training in float64; bench/README.md explains the keys",
        "machine": {
            **{key: machine[key] for key in ("cpu", "cores", "system", "date", "load_before")},
            "idle": idle(machine["load_before"]),
            "node": output([node(), "--version"]).strip(),
            "pyodide": version(),
            "browser": {key: browser[key] for key in ("python", "numpy")},
            "native": {key: native[key] for key in ("python", "numpy")},
        },
        "rounds": ROUNDS,
        "training": {"browser": browser["training"], "native": native["training"]},
        "convolution": rows("convolution", browser, native),
        "pooling": rows("pooling", browser, native),
    }
    for kind in ("convolution", "pooling"):
        print(f"\n{kind}: times in the browser's Python, and ratios")
        for row in record[kind]:
            parts = ", ".join(f"{key} {value['best']:.3g}" for key, value in row["ratios"].items())
            print(
                f"{row['shape']:10} {row['direction']:21} {row['milliseconds']['cnnlab']['best']:9.4g} ms  {parts}"
            )
    print(f"\ntraining on the digits: {record['training']}")
    write("wasm", record)


def rows(kind, browser, native):
    """Rows of the record for convolution or pooling."""
    result = []
    for ours, theirs in zip(browser["times"], native["times"], strict=True):
        if ours[:3] != theirs[:3]:
            raise ValueError(f"expected the same row from both sides, got {ours[:3]} and {theirs[:3]}")
        if ours[0] == kind:
            result.append(row(*ours[1:], theirs[3]["cnnlab"]))
    return result


def row(shape, direction, taken, native):
    """One row: milliseconds in the browser's Python and natively, and the ratios."""
    # The two sides did not take turns, so only their smallest times are compared.
    ratios = {"browser/native": {"best": float(f"{min(taken['cnnlab']) / min(native):.3g}")}}
    if "cnnlab with matmul" in taken:
        ratios["matmul/einsum"] = ratio(taken, "cnnlab with matmul", "cnnlab")
    return {
        "shape": shape,
        "direction": direction,
        "milliseconds": {
            **{name: milliseconds(t) for name, t in taken.items()},
            "native": milliseconds(native),
        },
        "ratios": ratios,
    }


def in_pyodide():
    """What bench.in_browser prints inside Pyodide."""
    from tools.live import runtime

    package = ROOT / "src" / "cnnlab"
    files = [
        p.relative_to(ROOT).as_posix() for p in sorted([*package.glob("*.py"), *package.glob("data/*.gz")])
    ]
    files += [f"bench/{name}.py" for name in ("__init__", "contestants", "in_browser", "measure", "shapes")]
    host, lock = ROOT / "bench" / "pyodide_host.mjs", ROOT / "tools" / "live" / "pyodide-lock.json"
    print("running in Pyodide ...", file=sys.stderr)
    command = [node(), str(host), str(runtime.fetch()), str(lock), str(ROOT), MODULE, *files]
    return json.loads(output(command).splitlines()[-1])


def natively():
    """What bench.in_browser prints in this Python, one thread."""
    one = {name: "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    print("running natively ...", file=sys.stderr)
    return json.loads(output([sys.executable, "-m", MODULE], env={**os.environ, **one}).splitlines()[-1])


def version():
    """The version of Pyodide that the runtime's list names."""
    return json.loads((ROOT / "tools" / "live" / "runtime.json").read_text())["version"]


def node():
    """The path of Node; a clear refusal without it."""
    found = shutil.which("node")
    if found is None:
        sys.exit(
            "python -m bench wasm: Node 20 or newer must be on the PATH, found none; install it, or leave wasm out."
        )
    return found


def output(command, **options):
    """What a command prints; an error if it fails."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, **options).stdout
