"""Make the built book into files to take away, beside its pages.

    python -m tools.paper pdf     # _build/html/cnnlab-book.pdf, for paper; needs Chromium
    python -m tools.paper epub    # _build/html/cnnlab-book.epub, for e-readers

The landing page then offers them.
"""

import argparse
import sys
import time
from pathlib import Path

import yaml

from tools import edition
from tools.paper import epub, pdf, volume
from tools.paper.about import about

KINDS = {"pdf": pdf, "epub": epub}


def main(argv=None):
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.paper", description="The book as one file.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument(
        "--book", type=Path, default=edition.BUILT, help="the built book (default: _build/html)"
    )
    options = parser.parse_args(argv)
    kind, built = options.kind, options.book
    started = time.perf_counter()
    if not (built / "index.html").exists():
        sys.exit(f"There is no built book in {built}. Run `make html` first.")
    toc = yaml.safe_load((edition.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    target = built / f"cnnlab-book.{kind}"
    try:
        said = KINDS[kind].write(about(), volume.volume(built, toc), target)
    except pdf.NotPrinted as error:
        sys.exit(str(error))
    edition.stamp(built)
    seconds = time.perf_counter() - started
    size = target.stat().st_size / 1e6
    print(f"{target}: {said}, {size:.1f} MB ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
