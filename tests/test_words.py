"""One word for one thing."""

import pytest

from tools import words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("At each position the kernel is rotated.", ["position", "rotated"]),
        ("The kernel stands reversed.", ["kernel stands reversed"]),
        ("Every framework does it.", ["Every framework"]),
        ("A place, a turned kernel, a list in reverse order.", []),
        ("`np.flip(w)` and [there](a.md#rotate-it)\n\n```python\nrotate()\n```\n", []),
        ("```{note}\nIt flips.\n```\n", ["flips"]),
        ('They say "rotate".\n\n> and flip it\n', []),
    ],
)
def test_other_words_are_found_in_prose_alone(text, said):
    assert [remark.split("'")[1] for remark in words.remarks(text)] == said


def test_the_sentences_of_code_are_read_and_its_names_are_not():
    code = '"""At each position."""\nx = dict(name=f"at position {i} it", id="averaged-positions", positions=1)\n'
    assert [(line, text) for line, text in words.strings(code)] == [(2, "at position "), (2, " it")]


def test_each_word_stands_in_the_list_for_authors():
    listed = (
        (words.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## One word for one thing")[2]
    )
    assert [word for word in words.WORDS if word.removeprefix("the turned ") not in listed] == []
