"""The pages of the web book as chapters of one volume, for paper and for e-readers.

What answers to a hand is gone: buttons, folds, code that only draws. An answer box becomes a question; its answer, with what
the page folds away until then, stands at the end of the chapter. Solutions of exercises stand at the end of the book.
Figures and questions are numbered through the book. Every id says of which page it is, and links follow.
"""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lxml import etree

from tools.paper import trees
from tools.paper.trees import SVG, classes, drop, element, having, text

SCREEN = ("script", "style", "button", "input", "select", "textarea", "noscript")
GONE = ("headerlink", "on-screen", "column", "toctree-wrapper", "expanded", "backrefs")
CODE = "Show the code"  # how a fold is called that holds no more than what drew the figure above
ANSWERS = ("Show the solution", "Solution", "Why")  # folds that answer an exercise
UNWRITTEN = "not written yet"  # what a check says of a function that is left to the reader
LINES = 3  # to write on, below a question or an exercise
STATES = ("tabindex", "aria-controls", "aria-expanded", "aria-describedby", "hidden", "download", "title")
# The verdict of a box, which follows the wrong number; in a list of such numbers that is said already.
GIVES = re.compile(r"(^: |\. )\S+ is what this mistake gives: (\S)")
NO_ID = re.compile(r"[^\w.-]")
SCHEME = re.compile(r"[a-z]+:")
IN_SVG = re.compile(r"url\(#([^)]+)\)")


@dataclass
class Chapter:
    """One page of the web book.

    name      its file, without an ending
    part      the part of the book that begins here, or ""
    number    the chapter's number, "" for a page that has none
    sections  [(id, title, sections within)], of its second level and its third
    """

    name: str
    title: str
    body: object
    number: str = ""
    part: str = ""
    sections: list = field(default_factory=list)

    @property
    def id(self):
        return anchor(self.name)

    @property
    def called(self):
        """How the chapter is called where its number counts."""
        return f"{self.number} {self.title}".strip()


def anchor(page, own=""):
    """The id, in the volume, of a page or of something on it."""
    page = PurePosixPath(page).stem
    return NO_ID.sub("-", f"{page}--{own}" if own else page)


def volume(built, toc):
    """The chapters of a built book, in the order of its table of contents, and the solutions as their last."""
    first = {part["chapters"][0]["file"]: part["caption"] for part in toc.get("parts", [])}
    pages = [toc["root"], *(page["file"] for part in toc.get("parts", []) for page in part["chapters"])]
    chapters = [
        chapter(page, (built / f"{page}.html").read_text(encoding="utf-8"), first.get(page, ""))
        for page in pages
    ]
    chapters[0].title = "Preface"  # the title of its page is that of the book
    return put_together(chapters, index((built / "genindex.html").read_text(encoding="utf-8")))


def put_together(chapters, *after):
    """Move answers and solutions, number questions and figures, and see to it that every link leads somewhere.

    The chapters in `after` stand behind the solutions.
    """
    count, found = 0, []
    for page in chapters:
        count = ask(page.body, count)
        drop_columns(page.body)
        name_places(page)
        found.append((page, solved(page.body)))
        tidy(page.body)
    for page in after:
        name_places(page)
    chapters = [*chapters, *solution_chapter([entry for entry in found if entry[1]]), *after]
    number_figures(chapters)
    check_links(chapters)
    for page in chapters:
        page.sections = sections(page.body)
    return chapters


def chapter(page, html, part=""):
    """A built page as a chapter; nothing is moved yet."""
    article = trees.article(html)
    body = article.find("section")
    heading = body.find("h1")
    for extra in [found for found in article if found is not body]:
        extra.tail = None
        body.append(extra)  # what the page has below its text, as links to practice
    for gone in [found for found in body.iter(*SCREEN)] + having(body, *GONE):
        if gone.getparent() is not None:
            drop(gone)
    number = "".join(re.findall(r"\d+", "".join(map(text, having(heading, "section-number")))))
    for label in having(heading, "section-number"):
        drop(label)
    made = Chapter(PurePosixPath(page).stem, text(heading), body, number=number, part=part)
    drop(heading)
    return made


def index(html):
    """The built index of words and names as a chapter."""
    body = element("section")
    for letter in trees.article(html).iter("h2"):
        entries = element("ul", class_="index")
        for column in letter.getnext().iter("td"):
            for listed in column.findall("ul"):
                trees.move(listed, entries)
        body.append(element("p", text(letter), class_="letter"))
        body.append(entries)
    return Chapter("genindex", "Index", body)


# Questions and their answers


def ask(body, count):
    """Turn the answer boxes of a page into questions, and put their answers at its end; return how many there are by now."""
    answers = []
    for still in having(body, "cnnlab-answer"):
        place = still.getparent()
        model = place.get("data-model")
        count += 1
        question = element("div", class_="question", id=f"question-{count}", role="group")
        question.append(element("p", f"Question {count}", class_="label"))
        answer = element("section", element("h3", f"Answer {count}"), class_="answer", id=f"answer-{count}")
        for part in list(still):
            if part.tag == "details":
                drop(part.find("summary"))
                trees.move(part, answer)
            else:
                question.append(part)
        for wrong in answer.iter("ul"):
            wrong.set("class", "wrong")
            for result in wrong.iter("code"):
                result.tail = GIVES.sub(lambda found: found[1] + found[2].upper(), result.tail)
        question.append(room())
        question.append(pointer(f"answer-{count}", "The answer"))
        trees.replace(place, question)
        for fold in [found for found in having(body, "predict") if found.get("data-box") == model]:
            trees.move(having(fold, "answer")[0], answer)
            drop(fold)
        answers.append(answer)
    if answers:
        body.append(element("section", element("h2", "Answers"), *answers, class_="answers", id="answers"))
    return count


def room():
    """Lines to write on."""
    return element("div", *[element("div") for _ in range(LINES)], class_="room")


def pointer(target, words):
    """A line that says where something stands."""
    return element("p", element("a", words, href=f"#{target}"), ".", class_="where")


# Folds, and the solutions of exercises


def title_of(fold):
    """What is written on a fold, and the element that says so."""
    label = fold.find("summary") if fold.tag == "details" else fold[0]
    return text(label), label


def solved(body):
    """Take the solutions out of a chapter, and leave lines that say where they are: {exercise: (its heading, [folds])}."""
    taken = {}
    for fold in list(body.iter("details", "div")):
        is_fold = fold.tag == "details" or "admonition" in classes(fold)
        if not is_fold or fold.getparent() is None or title_of(fold)[0] not in ANSWERS:
            continue
        exercise = next(above for above in fold.iterancestors("section"))
        heading = next(child for child in exercise if child.tag in ("h2", "h3", "h4"))
        own = f"{exercise.get('id')}-solution"
        if own in taken:
            drop(fold)
        else:
            trees.replace(fold, pointer(own, "The solution"))
        taken.setdefault(own, (text(heading), []))[1].append(fold)
    return taken


def solution_chapter(found):
    """The solutions of all chapters as one chapter, in a list; an empty list if there is no solution."""
    body = element("section")
    for page, taken in found:
        part = element("section", element("h2", page.called), id=anchor("solutions", page.name))
        for own, (heading, folds) in taken.items():
            entry = element("section", element("h3", heading), class_="solution", id=own)
            for fold in folds:
                drop(title_of(fold)[1])
                trees.move(fold, entry)
            part.append(entry)
        tidy(part)
        body.append(part)
    return [Chapter("solutions", "Solutions of the exercises", body)] if found else []


def tidy(body):
    """Open folds, and take out what says nothing on paper."""
    for stub in [found for found in having(body, "cnnlab-report-not-passed") if UNWRITTEN in text(found)]:
        cell = next(above for above in stub.iterancestors("div") if "cell" in classes(above))
        drop(stub)
        cell.append(room())
    for fold in list(body.iter("details")):
        title, label = title_of(fold)
        if "hide" in classes(fold) and title == CODE:
            drop(fold)
            continue
        if "cnnlab-mistake" in classes(fold):
            fold.set("class", "mistake")
            label.tag = "p"
            label.set("class", "label")
        else:
            fold.set("class", "admonition")
            trees.replace(label, element("p", opened(title), class_="admonition-title"))
        fold.tag = "div"
    for note in having(body, "admonition"):
        note.set("class", "admonition")
    for empty in [*having(body, "cell"), *having(body, "cell_output"), *having(body, "sidebar-title")]:
        if trees.is_blank(empty) and not having(empty, "room"):
            drop(empty)
    for found in body.iter(etree.Element):
        for name in [name for name in found.attrib if name in STATES or name.startswith("data-")]:
            del found.attrib[name]


def opened(title):
    """What stands over a fold that is open: no order to show something."""
    words = title.removeprefix("Show ")
    return words[:1].upper() + words[1:]


# Numbers of figures, ids, links


def number_figures(chapters):
    """Give each figure its number, and a caption if it has none: what is written over its picture."""
    count = 0
    for page in chapters:
        for figure in page.body.iter("figure"):
            count += 1
            caption = figure.find("figcaption")
            if caption is None:
                bold = [found for found in figure.iter(f"{{{SVG}}}text") if found.get("font-weight") == "700"]
                caption = element("figcaption", f"{text(bold[0])}." if bold else "")
                figure.append(caption)
            trees.put_first(caption, element("b", f"Figure {count}.", class_="label"), " ")


def is_inside(address):
    """Whether an address within the site is that of a page of the book; what opens or downloads a file is not."""
    file = address.partition("#")[0]
    return not file or file.endswith(".html")


def leads_away(cell):
    """Whether a cell of a table has no words but those of links to what the volume does not have."""
    links = list(cell.iter("a"))
    words = "".join(text(cell).split())
    is_away = all(
        not SCHEME.match(found.get("href", "")) and not is_inside(found.get("href", "")) for found in links
    )
    return bool(links) and is_away and words == "".join("".join(map(text, links)).split())


def drop_columns(body):
    """Take those columns out of tables in which there is nothing to read, only to click."""
    for table in body.iter("table"):
        head, *rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")] or [[]]
        for place in range(len(head)):
            column = [row[place] for row in rows if len(row) == len(head)]
            if column and all(map(leads_away, column)):
                for cell in [head[place], *column]:
                    drop(cell)


def name_places(page):
    """Make ids and links of a page those of the volume; inside a picture only the ids stay that something in it asks for."""
    in_pictures = set()
    for count, picture in enumerate(page.body.iter(f"{{{SVG}}}svg")):
        in_pictures.update(picture.iter())
        own_ids(picture, anchor(page.name, f"picture-{count}"))
    for found in list(page.body.iter()):
        if found not in in_pictures and found.get("id"):
            found.set("id", anchor(page.name, found.get("id")))
        if found.tag == "a" and not SCHEME.match(found.get("href", "")):
            file, _, own = found.get("href", "").partition("#")
            if is_inside(file):
                found.set("href", f"#{anchor(file or page.name, own)}")
            else:
                trees.unwrap(found)


def own_ids(picture, prefix):
    """Keep the ids of one picture from meeting those of another."""
    used = set()
    for part in picture.iter():
        for key, value in part.attrib.items():
            used.update(IN_SVG.findall(value))
            if key.endswith("href") and value.startswith("#"):
                used.add(value[1:])
    for part in picture.iter():
        for key, value in list(part.attrib.items()):
            if key == "id":
                if value in used:
                    part.set(key, f"{prefix}-{value}")
                else:
                    del part.attrib[key]
            elif key.endswith("href") and value.startswith("#"):
                part.set(key, f"#{prefix}-{value[1:]}")
            else:
                part.set(key, IN_SVG.sub(rf"url(#{prefix}-\1)", value))


def check_links(chapters):
    """Let a link to a place that the volume does not have lead to its page; without that page, its words stay."""
    known = {page.id for page in chapters}
    known |= {found.get("id") for page in chapters for found in page.body.iter() if found.get("id")}
    for page in chapters:
        for found in list(page.body.iter("a")):
            target = found.get("href", "").removeprefix("#")
            if target in known or target == found.get("href"):
                continue
            if target.partition("--")[0] in known:
                found.set("href", f"#{target.partition('--')[0]}")
            else:
                trees.unwrap(found)


def sections(body, levels=("h2", "h3")):
    """What the sections within an element are called, from one level of headings down to the last: [(id, title, [...])]."""
    found = []
    for section in body.findall("section") if levels else ():
        heading = section.find(levels[0])
        if heading is not None:
            found.append((section.get("id"), text(heading), sections(section, levels[1:])))
    return found
