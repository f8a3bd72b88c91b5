"""What the book says of itself on its first pages: title, author, edition, license."""

from dataclasses import dataclass

import yaml

from tools import edition

SUBTITLE = "A textbook in which every displayed number is recomputed"


@dataclass(frozen=True)
class About:
    """Title, subtitle, author and edition of the book, and where it is published ("" if nowhere)."""

    title: str
    subtitle: str
    author: str
    edition: edition.Edition
    year: str
    address: str = ""

    @property
    def imprint(self):
        """What stands on the back of the title page, a paragraph each."""
        where = f" Its web pages are at {self.address}." if self.address else ""
        return [
            f"{self.title}. {self.edition}.",
            f"© {self.year} {self.author}. Text and figures: Creative Commons Attribution 4.0 International "
            "(CC BY 4.0). Code: BSD 3-Clause License.",
            f"This file was made of the pages of the web book.{where} The tests run every page again and compare "
            "each number with the one that stands there.",
            "A picture that can be stepped through on a web page stands here as it looks at first. A question has "
            "room for your answer, and the right one is at the end of the chapter. Solutions of exercises are at the "
            "end of the book.",
        ]


def about():
    """What `_config.yml`, `pyproject.toml` and git say of this book."""
    config = yaml.safe_load((edition.ROOT / "_config.yml").read_text(encoding="utf-8"))
    return About(
        title=config["title"],
        subtitle=SUBTITLE,
        author=config["author"],
        edition=edition.edition(),
        year=str(config["copyright"]),
        address=config["html"].get("baseurl", ""),
    )
