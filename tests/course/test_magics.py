"""Notebook commands cost nothing: they become `pass`, and every line keeps its number."""

from course.grader.sandbox.inside.magics import runnable


def test_notebook_commands():
    assert runnable("%matplotlib inline\nx = 1") == "pass\nx = 1"
    assert runnable("if True:\n    !ls\nnp?") == "if True:\n    pass\npass"
    assert runnable("np.pad?\n?np.pad\nnp.pad??\nx = 1") == "pass\npass\npass\nx = 1"
    assert runnable("x = 5 % 3") == "x = 5 % 3"
