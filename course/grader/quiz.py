"""A quiz on paper: for each student of the roster a sheet with questions of their own, and the keys.

The questions are those of the page *Practice*. Which of them a student gets depends on the id, the quiz's name and the
course's secret, so nobody can print a sheet, or its key, in advance.
"""

import hashlib
import hmac

from cnnlab.practice.sheet import chosen, key, paper, printable

from .output import kept
from .points.drawing import read_secret


def write(course, name, skills, count):
    """Write `quiz-NAME.html` and `quiz-NAME-key.html` into the course's folder: their paths. ValueError without a roster."""
    people = course.roster().people
    if not people:
        raise ValueError(
            f"{course.root / 'roster.csv'}: a quiz needs a roster; course/README.md says its columns."
        )
    secret, papers, keys = read_secret(course.secret_path).encode(), [], []
    for person in people:
        seed = hmac.new(secret, f"quiz\0{name}\0{person.id}".encode(), hashlib.sha256).hexdigest()
        questions = chosen(skills, count, seed)
        told = f"{person.name} ({person.id})" if person.name else person.id
        papers.append(paper(f"Quiz {name}", told, questions))
        keys.append(key(f"Key to quiz {name}", told, questions))
    paths = course.root / f"quiz-{name}.html", course.root / f"quiz-{name}-key.html"
    for path, title, sections in zip(
        paths, (f"Quiz {name}", f"Key to quiz {name}"), (papers, keys), strict=True
    ):
        kept.write_whole(path, printable(title, sections))
    return paths
