"""What readers are sent: style sheets, icons, fonts and pages with nothing in them that no page uses."""

import base64
import io
import re
from pathlib import Path
from urllib.parse import unquote

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

from tools import light
from tools.light import fonts, icons, pages, styles

WEBFONTS = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static" / icons.FONTS

# Style sheets


@pytest.mark.parametrize(
    ("selector", "stays"),
    [
        (".here", True),
        (".gone", False),
        ("#main .here > p", True),
        ("#other .here", False),
        ("p:not(.gone)", True),
        (":is(.gone, .here) p", True),
        (":is(.gone, .lost) p", False),
        ("main:has(.gone)", False),
        ('input[type="text"]::placeholder', True),
        (".here:hover:focus-visible", True),
    ],
)
def test_a_rule_stays_if_its_classes_and_ids_can_be_on_a_page(selector, stays):
    cut = styles.cut(f"{selector}{{color:inherit}}", {"here", "main"})
    assert bool(cut) == stays
    assert not cut or selector in cut


def test_of_a_list_of_selectors_the_possible_ones_stay():
    assert styles.cut("a.here, a.gone { margin: 0 }", {"here"}) == "a.here{margin: 0}"


def test_rules_inside_media_are_cut_too_and_an_empty_group_goes():
    css = "@media print { .gone { margin: 0 } } @media (width > 9px) { .here { margin: 0 } .gone { margin: 1px } }"
    assert styles.cut(css, {"here"}) == "@media (width > 9px){.here{margin: 0}}"


def test_what_nothing_names_goes_and_what_is_named_by_another_stays():
    css = """
    @font-face { font-family: "Kept"; src: url(kept.woff2) }
    @font-face { font-family: "Unused"; src: url(unused.woff2) }
    @keyframes turn { to { rotate: 1turn } }
    @keyframes fade { to { opacity: 0 } }
    :root { --a: var(--b); --b: 1px; --c: var(--d); --d: url("x;y"); --told: 2px }
    p { font-family: Kept; animation: turn 1s; margin: var(--a) }
    """
    cut = styles.cut(css, set(), named="element.style.setProperty('--told', 0)")
    for kept in ("kept.woff2", "@keyframes turn", "--a:", "--b:", "--told:"):
        assert kept in cut
    for gone in ("unused.woff2", "fade", "--c", "--d", "x;y"):
        assert gone not in cut


def test_whose_work_a_style_sheet_is_stays_with_it():
    assert styles.cut("/*! By Ada */ /* aside */ p { margin: 0 }", set()) == "/*! By Ada */p{margin: 0}"


def test_an_imported_style_sheet_and_the_files_it_names_are_found(tmp_path):
    (tmp_path / "_static/styles").mkdir(parents=True)
    (tmp_path / "_static/basic.css").write_text("p { background: url(file.png) }")
    (tmp_path / "_static/styles/theme.css").write_text(
        '@import url("../basic.css"); q { mask: url(icon.svg) } i { mask: url("data:image/png,x") }'
    )
    text = pages.sheet_text(tmp_path, "_static/styles/theme.css")
    assert text.index("url(file.png)") < text.index("url(styles/icon.svg)") < text.index("data:image/png")
    assert "@import" not in text


# Icons


@pytest.mark.parametrize("content", [r'"\f002"', '"\uf002"', "var(--pst-icon-search)"])
def test_an_icon_becomes_a_picture_in_the_color_of_the_text(content):
    css = "@font-face{font-family:'Font Awesome 6 Free';src:url(x)}:root{--pst-icon-search:\"\\f002\";}"
    drawn = icons.in_styles(f"{css}.icon:before{{content:{content}}}", WEBFONTS)
    assert "@font-face" not in drawn and "--pst-icon" not in drawn
    assert "background:currentColor" in drawn
    outline = unquote(re.search(r'mask:url\("data:image/svg\+xml,([^"]+)"\)', drawn)[1])
    assert re.search(r"<path d='M[\d.,A-Zz -]{60,}'/>", outline)


def test_text_before_an_element_is_no_icon():
    css = '.quote:before{content:"“"}.stop:after{content:var(--unknown)}'
    assert icons.in_styles(css, WEBFONTS) == css


# Fonts


def characters(font):
    return {chr(point) for point in TTFont(io.BytesIO(font)).getBestCmap()}


def test_fonts_keep_the_characters_of_the_formulas(tmp_path):
    css = (light.KATEX / "katex.min.css").read_text(encoding="utf-8")
    seen = pages.look(
        ['<span class="katex-html"><span class="mord mathnormal">x</span><span class="mord">4∑</span></span>']
    )
    cut, first = fonts.in_styles(css, light.KATEX / "fonts", seen.formulas, tmp_path / "katex", light.write)
    main, italic = ((tmp_path / name).read_bytes() for name in first)
    assert characters(main) == set("x4∑") & characters(
        (light.KATEX / "fonts/KaTeX_Main-Regular.woff2").read_bytes()
    )
    assert characters(italic) == {"x"}
    # The big sum is the only character of a small font, which stands in the style sheet.
    size = re.search(r"@font-face{[^}]*KaTeX_Size2[^}]*base64,([^)]*)\)", cut)[1]
    assert characters(base64.b64decode(size)) == {"∑"}
    assert "KaTeX_Math-BoldItalic" not in cut and "ttf" not in cut


# Pages

HTML = """<!DOCTYPE html>
<html lang="en" data-content_root="../">
<head>
<meta name="viewport" content="a">
<meta name="viewport" content="b">
<script data-cfasync="false">
  document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
</script>
<link href="../_static/theme.css?digest=1" rel="stylesheet">
<link rel="stylesheet" type="text/css" href="../_static/book.css?v=2">
<link rel="preload" as="script" href="../_static/scripts/bootstrap.js">
<script src="../_static/documentation_options.js?v=3"></script>
<script src="../_static/doctools.js?v=4"></script>
<script>var here = 1;</script>
<script src="../searchindex.js" defer></script>
<script type="module">import "x";</script>
</head>
<body>{}
<script src="../_static/scripts/theme.js" defer></script>
<script type="application/json" id="state">{{}}</script>
</body></html>
"""


def lightened(body=""):
    return pages.lighten(
        HTML.format(body), "const OPTIONS = 1;", "_static/s.css", "_static/b.js", ["_static/f.woff2"]
    )


def test_the_scripts_and_style_sheets_of_pages_are_found_once_and_in_order():
    scripts, sheets = pages.assets([HTML.format(""), HTML.format("")])
    assert sheets == ["_static/theme.css", "_static/book.css"]
    assert [name.rpartition("/")[2] for name in scripts] == [
        "documentation_options.js",
        "doctools.js",
        "searchindex.js",
        "theme.js",
    ]
    bundled = [name for name in scripts if pages.is_bundled(name, set())]
    assert bundled == ["_static/doctools.js", "_static/scripts/theme.js"]


def test_a_script_for_something_that_no_page_has_is_left_out():
    assert not pages.is_bundled("_static/design-tabs.js", {"sd-card"})
    assert pages.is_bundled("_static/design-tabs.js", {"sd-tab-set"})


def test_a_page_asks_for_one_style_sheet_one_script_and_its_fonts():
    text = lightened()
    asked = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert asked == ["../_static/s.css", "../_static/f.woff2", "../_static/b.js"]
    assert text.count("viewport") == 1
    # What other scripts build on stands before them, and what is no script of the page's own stays.
    assert text.index("const OPTIONS") < text.index("var here = 1") < text.index("../_static/b.js")
    assert 'import "x"' in text and 'id="state"' in text


def test_the_themes_scripts_bear_a_storage_that_is_denied_and_the_books_ask_themselves():
    text = lightened()
    assert 'themeKeeps.localStorage.getItem("theme")' in text
    assert text.index("var themeKeeps") < text.index("dataset.theme")
    script = "localStorage.a"
    assert pages.storing_if_allowed("_static/sphinx_highlight.js", script) == f"themeKeeps.{script}"
    assert pages.storing_if_allowed("_static/book.js", script) == script


def test_the_search_page_gets_the_scripts_that_search():
    text = lightened('<div id="search-results"></div>')
    assert text.index("../_static/b.js") < text.index("../searchindex.js")


def test_the_themes_tab_stops_go_and_a_theme_without_them_is_noticed():
    theme = (
        Path(pydata_sphinx_theme.__file__).parent
        / "theme/pydata_sphinx_theme/static/scripts/pydata-sphinx-theme.js"
    )
    code = theme.read_text(encoding="utf-8")
    assert code.count('"load"') == 1 and '"load"' not in pages.without_tab_stops(code)
    with pytest.raises(ValueError, match="found 0 places"):
        pages.without_tab_stops("const other = 1;")


def test_a_name_tells_the_content(tmp_path):
    one, same, other = (light.write(tmp_path, "book.css", text) for text in (b"a", b"a", b"b"))
    assert one == same != other
    assert re.fullmatch(r"book\.[0-9a-f]{8}\.css", one)


def test_folders_that_sphinx_knows_nothing_of_stay(tmp_path):
    (tmp_path / "built/_static").mkdir(parents=True)
    (tmp_path / "built/_static/new.svg").write_text("new")
    for name in ("live", "_static"):
        (tmp_path / "html" / name).mkdir(parents=True)
        (tmp_path / "html" / name / "old.svg").write_text("old")
    light.copy(tmp_path / "built", tmp_path / "html")
    assert (tmp_path / "html/live/old.svg").exists()
    assert [path.name for path in (tmp_path / "html/_static").iterdir()] == ["new.svg"]


def test_of_the_style_sheets_only_the_one_that_a_script_asks_for_stays_a_file(tmp_path):
    (tmp_path / "built/_static").mkdir(parents=True)
    for name in ("theme.css", *light.LATER):
        (tmp_path / "built/_static" / name).write_text("p { margin: 0 }")
    light.copy(tmp_path / "built", tmp_path / "html")
    assert [path.name for path in (tmp_path / "html/_static").iterdir()] == [*light.LATER]
