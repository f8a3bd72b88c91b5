"""A page as a tree, and small changes to it.

Elements of HTML have plain names, those of SVG and MathML have their namespace.
"""

import re
from html import escape

import html5lib
from lxml import etree

XHTML = "http://www.w3.org/1999/xhtml"
SVG = "http://www.w3.org/2000/svg"
MATHML = "http://www.w3.org/1998/Math/MathML"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
EPUB = "http://www.idpf.org/2007/ops"
PREFIXES = {f"{{{XLINK}}}": "xlink:", f"{{{XML}}}": "xml:", f"{{{EPUB}}}": "epub:"}
XMLNS = "http://www.w3.org/2000/xmlns/"
ROOTS = {
    "html": f' xmlns="{XHTML}" xmlns:epub="{EPUB}"',
    f"{{{SVG}}}svg": f' xmlns="{SVG}" xmlns:xlink="{XLINK}"',
    f"{{{MATHML}}}math": f' xmlns="{MATHML}"',
}
EMPTY = {"br", "hr", "img", "link", "meta", "col", "wbr"}
SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)


def parse(html):
    """The first element of a piece of HTML, as browsers read it. Scripts are left out."""
    body = html5lib.parse(SCRIPT.sub("", html), treebuilder="lxml", namespaceHTMLElements=False).find("body")
    element = body[0]
    element.tail = None
    body.remove(element)
    return element


def article(html):
    """The text of a built page: its `article`. Raises ValueError for a page without one."""
    start, end = html.find("<article"), html.rfind("</article>")
    if start < 0 or end < start:
        raise ValueError("expected a built page with an article in it; build the book with `make html`")
    return parse(html[start : end + len("</article>")])


def element(name, *children, **attributes):
    """A new element of strings and elements; `class_` gives the attribute class."""
    made = etree.Element(
        name, {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    )
    for child in children:
        append(made, child)
    return made


def append(parent, child):
    """Add a string or an element at the end of another."""
    insert(parent, len(parent), [child])


def insert(parent, place, children):
    """Put strings and elements in front of the child at a place."""
    for child in children:
        if not isinstance(child, str):
            parent.insert(place, child)
            place += 1
        elif place:
            parent[place - 1].tail = (parent[place - 1].tail or "") + child
        else:
            parent.text = (parent.text or "") + child


def put_first(parent, *children):
    """Put strings and elements in front of all that an element holds."""
    words, parent.text = parent.text or "", None
    insert(parent, 0, [*children, words])


def put_behind(old, *children):
    """Put strings and elements between an element and what follows it."""
    tail, old.tail = old.tail or "", None
    insert(old.getparent(), old.getparent().index(old) + 1, [*children, tail])


def replace(old, *new):
    """Put strings and elements where an element stands; what follows it stays."""
    parent, tail = old.getparent(), old.tail or ""
    place, old.tail = parent.index(old), None
    parent.remove(old)
    insert(parent, place, [*new, tail])


def drop(old):
    """Take an element out, with what it holds."""
    replace(old)


def unwrap(old):
    """Leave what an element holds in its place."""
    inner = [old.text or ""]
    for child in list(old):
        tail, child.tail = child.tail, None
        inner += [child, tail or ""]
    replace(old, *inner)


def move(old, parent):
    """Move all that an element holds to the end of another."""
    append(parent, old.text or "")
    old.text = None
    for child in list(old):
        parent.append(child)


def classes(of):
    """The classes of an element."""
    return (of.get("class") or "").split()


def having(root, *names):
    """All elements below `root` that have one of these classes, as a list."""
    wanted = set(names)
    return [found for found in root.iter(etree.Element) if wanted.intersection(classes(found))]


def text(of):
    """The words of an element, without line ends."""
    return " ".join("".join(of.itertext()).split())


def is_blank(of):
    """Whether nothing is to be seen of an element."""
    return not text(of) and not any(found.tag in (f"{{{SVG}}}svg", "img", "hr") for found in of.iter())


def name_of(key):
    """How an attribute is written; None for the declarations of namespaces, which `ROOTS` has."""
    if key.startswith(("xmlns", f"{{{XMLNS}}}")):
        return None
    space, brace, own = key.rpartition("}")
    return PREFIXES[space + brace] + own if brace else key


def markup(of):
    """An element and what it holds, as XHTML."""
    if not isinstance(of.tag, str):
        return ""
    name = of.tag.rpartition("}")[2]
    given = ((name_of(key), value) for key, value in of.attrib.items())
    opening = (
        name + ROOTS.get(of.tag, "") + "".join(f' {key}="{escape(value)}"' for key, value in given if key)
    )
    inner = escape(of.text or "", quote=False)
    inner += "".join(markup(child) + escape(child.tail or "", quote=False) for child in of)
    if name in EMPTY or (of.tag.startswith("{") and not inner):
        return f"<{opening}/>"
    return f"<{opening}>{inner}</{name}>"
