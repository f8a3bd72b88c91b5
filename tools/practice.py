"""Questions for a class: `python -m tools.practice worksheet` prints a sheet and its key, `quiz` a question bank for Moodle.

Both write into `_build/`. The questions are those of the page *Practice*.
"""

import argparse
import sys
from pathlib import Path

from cnnlab.practice import SKILLS
from cnnlab.practice.sheet import moodle, worksheet

BUILD = Path(__file__).resolve().parent.parent / "_build"


def main(argv=None):
    """Write what was asked for, and say where."""
    skills = "\n".join(f"  {skill.id:11} {skill.title}" for skill in SKILLS)
    parser = argparse.ArgumentParser(
        prog="python -m tools.practice",
        description=__doc__,
        epilog=f"skills:\n{skills}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["worksheet", "quiz"])
    parser.add_argument(
        "--skills", nargs="*", default=[], metavar="SKILL", help="ids of skills; without it all"
    )
    parser.add_argument("--count", type=int, default=10, help="questions on a sheet (10)")
    parser.add_argument("--seed", default="1", help="another seed makes another sheet (1)")
    parser.add_argument("--names", type=Path, help="a file with a name a line: a sheet of their own for each")
    options = parser.parse_args(argv)
    try:
        if options.what == "quiz":
            name, text = "quiz.xml", moodle(options.skills)
        else:
            lines = options.names.read_text(encoding="utf-8").splitlines() if options.names else [""]
            names = [line.strip() for line in lines if line.strip()] or [""]
            name, text = "worksheet.html", worksheet(options.skills, options.count, options.seed, names)
    except (KeyError, ValueError, OSError) as error:
        sys.exit(str(error.args[0] if isinstance(error, KeyError) else error))
    BUILD.mkdir(exist_ok=True)
    (BUILD / name).write_text(text, encoding="utf-8")
    print(f"{BUILD.name}/{name} ({len(text.encode()) / 1e3:.0f} kB)")


if __name__ == "__main__":
    main()
