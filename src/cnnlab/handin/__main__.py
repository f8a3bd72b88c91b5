"""Check a problem set before it is handed in: `python -m cnnlab.handin ps1.ipynb`."""

import argparse
import sys
from pathlib import Path

from cnnlab.handin import told
from cnnlab.handin.checking import check


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; 0 if nothing was seen that costs points, 1 if something was, 2 without a notebook."""
    parser = argparse.ArgumentParser(
        prog="python -m cnnlab.handin", description=(__doc__ or "").split(":")[0]
    )
    parser.add_argument("notebook", type=Path)
    path = parser.parse_args(argv).notebook
    try:
        checked = check(path.read_bytes())
    except (OSError, ValueError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 2
    print(told.as_text(checked))
    return 0 if checked.ready else 1


if __name__ == "__main__":
    sys.exit(main())
