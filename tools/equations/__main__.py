"""Prove the formulas.

python -m tools.equations            all pages: problems, how many are evaluated, how many declared
python -m tools.equations NAME ...   only these pages
python -m tools.equations --slips    and what became of a typist's slips in each equation
python -m tools.equations --write    and bring the list of the declared ones up to date
"""

import argparse
import sys

from tools.equations import find, listing, mutations, proof
from tools.numbers.execute import BOOK


def main():
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.equations", description="Prove the formulas.")
    parser.add_argument("names", nargs="*", help="pages; all if none is named")
    parser.add_argument("--write", action="store_true", help="write the list of the declared equations")
    parser.add_argument(
        "--slips", action="store_true", help="make slips in each equation, and list those that say the same"
    )
    options = parser.parse_args()
    pages = find.pages(BOOK)
    if unknown := [name for name in options.names if name not in pages]:
        parser.error(f"there is no page {unknown[0]!r}; the pages are {', '.join(pages)}")
    outcomes = [outcome for name in options.names or pages for outcome in proof.page(pages[name])]
    for outcome in outcomes:
        if outcome.problem:
            print(f"{outcome.equation}\n    {outcome.problem}")
    print("; ".join(f"{what}: {count}" for what, count in sorted(proof.counts(outcomes).items())))
    if options.slips:
        for tex, about in dict.fromkeys(
            (o.equation.tex, o.about) for o in outcomes if o.evaluated and o.about != "numbers"
        ):
            slips = mutations.try_all(tex, about)
            print(
                f"{tex}\n    {slips.caught} of {slips.tried} slips are noticed",
                *slips.missed,
                sep="\n    MISSED ",
            )
            print(*(f"    says the same: {slip}" for slip in slips.equal), sep="\n")
    if options.write and not options.names:
        print(
            "the list was brought up to date" if listing.write(BOOK, outcomes) else "the list is up to date"
        )
    return 1 if any(outcome.problem for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
