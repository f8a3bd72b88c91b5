"""Is my function right, and if not, which mistake is it?

    check.conv1d_backward(f)                                      f(dy, x, w, *, stride=1, padding=0) -> (dx, dw, db)
    check.conv1d_backward(f, returns="dw", stride=False, padding=False)        f(dy, x, w) -> dw
    check.conv1d_backward(f, returns="db", takes="dy", stride=False, padding=False)     f(dy) -> db
    check.conv1d_backward(f, returns="dx", takes="dy w", stride=False, padding=False)   f(dy, w) -> dx
    check.conv1d_backward(f, returns="dw", stride=False, padding=False, plain=True)     f(dy, x, w) -> dw, plain vectors

Every check calls the function on a dozen small inputs and returns a `Report` with `passed`, `misconceptions` (ids of
`cnnlab.misconceptions`, most likely first) and `message`; in a notebook it shows itself. It never raises because of the
function that is checked. A function gets the arguments of the library's function of the same name, by position, and
the options by keyword. All checks know these keywords:

    returns   what the function returns, if not everything: "dw", or "dx dw", or a tuple of names
    takes     what it gets, if not everything: "dy x", or a tuple of names
    seconds   the time limit of all calls together

and, where they make sense:

    stride=False, padding=False   the function has no such keyword; it is tried with stride 1 and no padding only
    batch=False                   one example only
    channels=False                one channel and one filter only (the axes are there)
    plain=True                    one example, channel and filter, and their axes are gone: in 1D x is (L,), w (M,), dy
                                  (O,) and db a number; in 2D they are matrices
    bias=False                    a forward pass without b
    ties=False                    no ties in max-pooling
    pairs=False                   sizes and strides of a pool are single numbers

A convolution has to take `dilation` and `groups` only if it is told to: `dilation=True`, `groups=True`.

There is one check for each task of `cnnlab.tasks`: `conv1d`, `conv2d`, `max_pool2d` and their backward passes, layers
of a network, per-connection gradients and their tying, steps with momentum, a gradient checker. A function that the
library does not have is checked by `against`, with a right function and named wrong ones of your own.
"""

import inspect
import sys
from collections.abc import Callable, Sequence

from cnnlab.check.duties import Wrong, duty_of, own_duty
from cnnlab.check.report import Report
from cnnlab.check.runner import run
from cnnlab.tasks import SPECIAL, TASKS, Probe, Task

__all__ = ["Probe", "Report", "against", *TASKS]

SECONDS = 3.0 if sys.platform == "emscripten" else 10.0
"""The default time limit, long because a first call may import something on a busy machine. In a browser nobody waits."""


def against(
    function: Callable,
    right: Callable,
    calls: Sequence[tuple],
    *,
    returns: str | Sequence[str] = "result",
    takes: Sequence[str] | None = None,
    misconceptions: Wrong | None = None,
    name: str = "against",
    chapter: str = "",
    seconds: float = SECONDS,
) -> Report:
    """Check a function that the library does not have against a right one.

    function        the student's
    right           the right one, called in the same way
    calls           a sequence of calls, the simplest first: each a tuple of positional arguments, or a pair of such a
                    tuple and a dictionary of keywords. Give them unequal sizes and numbers without symmetry.
    returns         the name of the returned array, or the names of several
    takes           names of the positional arguments, for the report; the default reads them from `right`
    misconceptions  wrong functions by id, called in the same way, several of one id as a tuple; an id of the catalogue
                    brings its words along
    name            of the check in the report
    chapter         file name without ending of the chapter to read

    Raises ValueError for no call at all, and whatever `right` raises.
    """
    duty = own_duty(
        right, calls, returns=returns, takes=takes, misconceptions=misconceptions, name=name, chapter=chapter
    )
    return run(function, duty, seconds)


WORDS = {"pairs": "pair"}  # what a keyword of a check is called among the tags of probes
KNOWN = sorted(set(SPECIAL) - {"pair", "square", "dilation", "groups"} | {"bias", "pairs"})


def _check_of(task: Task) -> Callable:
    """The check of one task, with a signature and a docstring of its own."""

    def check(
        function: Callable,
        *,
        returns: str | Sequence[str] | None = None,
        takes: Sequence[str] | None = None,
        seconds: float = SECONDS,
        plain: bool = False,
        **narrower: bool,
    ) -> Report:
        asked = [option for option in task.asked if narrower.pop(option, False)]
        unknown = set(narrower) - set(KNOWN)
        if plain and not task.plain:
            unknown.add("plain")
        if unknown:
            raise TypeError(
                f"check.{task.name}: unknown {', '.join(sorted(unknown))}; known are returns, takes, seconds, plain and "
                f"{', '.join(KNOWN)}, the latter True or False."
            )
        without = [WORDS.get(name, name) for name, wanted in narrower.items() if not wanted]
        duty = duty_of(task, plain=plain, returns=returns, takes=takes, without=without, asked=asked)
        return run(function, duty, seconds)

    words = _narrower(task)
    check.__name__ = check.__qualname__ = task.name
    check.__doc__ = "\n\n".join(
        filter(None, (task.form, inspect.cleandoc(task.says), f"Narrower: {', '.join(words)}."))
    )
    given = inspect.Parameter("function", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    keywords = [
        inspect.Parameter(word, inspect.Parameter.KEYWORD_ONLY, default=words[word]) for word in words
    ]
    signature = inspect.Signature([given, *keywords], return_annotation=Report)
    check.__signature__ = signature  # pyrefly: ignore[missing-attribute]
    return check


def _narrower(task: Task) -> dict:
    """The keywords that make sense for a check, and what they are if nothing is said."""
    tags = {tag for probe in task.probes() for tag in probe.tags}.union(task.options)
    words = {
        word: True
        for word in KNOWN
        if WORDS.get(word, word) in tags or (word == "bias" and "b" in task.takes)
    }
    several = {"returns": None} if len(task.returns) > 1 else {}
    wider = dict.fromkeys(task.asked, False) | ({"plain": False} if task.plain else {})
    return several | {"takes": None, "seconds": SECONDS} | wider | words


globals().update({task.name: _check_of(task) for task in TASKS.values()})
