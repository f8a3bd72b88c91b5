"""Run the benchmarks and write their records: `python -m bench [speed] [growth] [ways] [routing] [wasm]
[widget_steps] [page_weight] [slow_phone] [first_output] [lighthouse]`.

Without arguments the first four. The others are asked for by name: wasm and lighthouse need Node, all but wasm Chromium.
Needs the environment of `python -m tools.torch_env`.
"""

import argparse
import importlib

PARTS = {
    "speed": "cnnlab, PyTorch, SciPy, loops and the floor",
    "growth": "time and memory against batch, image, kernel and channels",
    "ways": "one convolution as loops, as a matrix, and as columns",
    "routing": "nulling neurons against nulling entries in max-pooling",
    "wasm": "the same shapes in WebAssembly (Pyodide, under Node)",
    "widget_steps": "how long a widget draws a step, and follows a changed number, in Chromium",
    "page_weight": "what each page of the built book transfers",
    "slow_phone": "when the words and the formulas of each page stand on a slow phone",
    "first_output": "from the click to the first output, in the page and in JupyterLite",
    "lighthouse": "Lighthouse's scores of each page (under Node)",
}
DEFAULT = ("speed", "growth", "ways", "routing")


def main():
    """Run the parts named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:8} {what}" for name, what in PARTS.items()),
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="default: " + " ".join(DEFAULT))
    parts = parser.parse_args().parts or DEFAULT
    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    for name in parts:
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
