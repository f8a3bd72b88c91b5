"""The catalogue as a page: each mistake with its numbers on an example, beside the right ones.

`comparison` finds, for one mistake, the first of its group's examples on which it shows, the chapter's own example
before others. `listing` shows a whole group in a notebook.
"""

import html
from dataclasses import dataclass

import numpy as np

from cnnlab import examples
from cnnlab.formatting import number
from cnnlab.misconceptions import CATALOGUE, CHAPTERS, GROUPS, RIGHT, formulas, tie_of
from cnnlab.misconceptions.right import conv
from cnnlab.misconceptions.table import Mistake


@dataclass(frozen=True)
class Setting:
    """An example on which mistakes are shown: what it is, and the arguments by keyword."""

    title: str
    arguments: dict


@dataclass(frozen=True)
class Comparison:
    """A mistake on an example.

    setting   the example
    part      the returned array that is wrong, such as "dw"
    right     the right array
    wrong     what the mistake gives
    """

    setting: Setting
    part: str
    right: object
    wrong: object


def comparison(mistake: Mistake) -> Comparison | None:
    """A mistake on the first example on which it shows, preferably in an array of the right shape.

    Gradients come before forward results, and the first form of a mistake before its variants. None for a mistake that
    is a habit and no formula.
    """
    found = list(_comparisons(mistake))
    same_shape = [c for c in found if _shapes(c.wrong) == _shapes(c.right)]
    return next(iter([*same_shape, *found]), None)


def _comparisons(mistake: Mistake):
    for target in sorted(mistake.wrong, key=lambda target: target.endswith(".y")):
        for formula in (formula for id, formula in formulas(target) if id == mistake.id):
            for setting in SETTINGS[target]:
                right = RIGHT[target](**setting.arguments)
                try:
                    with np.errstate(all="ignore"):
                        wrong = formula(**setting.arguments)
                except (ValueError, IndexError):  # the mistake makes no array of these shapes
                    continue
                if written(wrong) != written(right):
                    yield Comparison(setting, target.partition(".")[2], right, wrong)


def _shapes(value):
    return [np.shape(v) for v in value] if isinstance(value, tuple) else np.shape(value)


def written(value) -> str:
    """An array as nested brackets, without the leading axes of length 1; a truth value as yes or no."""
    if isinstance(value, tuple):
        return ", ".join(map(written, value))
    array = np.asarray(value)
    if array.dtype.kind == "b":
        return "yes" if array else "no"
    while array.ndim > 1 and len(array) == 1:
        array = array[0]
    if array.size == 0:
        return f"nothing (shape {np.shape(value)})"
    return _nested(_without_noise(np.asarray(array, float)))


def _without_noise(array):
    """Zero where rounding left something far below the largest entry."""
    return np.where(
        np.abs(array) < 1e-12 * np.max(np.abs(array), initial=0, where=np.isfinite(array)), 0, array
    )


def _nested(array) -> str:
    if array.ndim == 0:
        return number(float(array))
    return "[" + ", ".join(map(_nested, array)) + "]"


@dataclass(frozen=True, repr=False)
class Listing:
    """A group of the catalogue. It shows itself as HTML and as text."""

    mistakes: tuple[Mistake, ...]

    def __repr__(self) -> str:
        return "\n".join(line for mistake in self.mistakes for line in _as_text(mistake))

    def _repr_html_(self) -> str:
        return (
            "<div class='cnnlab-mistakes'>"
            + "".join(_as_html(mistake) for mistake in self.mistakes)
            + "</div>"
        )


def listing(group: str) -> Listing:
    """One group of the catalogue, by its name in `GROUPS`, to be shown in a notebook."""
    return Listing(GROUPS[group])


def _facts(mistake: Mistake) -> list[tuple[str, str]]:
    """What is said of a mistake, as pairs of a word and a sentence."""
    facts = [
        ("Tempting because", mistake.tempting),
        ("A valid choice, but" if mistake.convention else "Wrong because", mistake.why),
        ("Where it hides", mistake.hides),
    ]
    tied = sorted({other for target in mistake.wrong for other in tie_of(target, mistake.id)})
    if tied:
        facts.append(("Same numbers as", " and ".join(CATALOGUE[id].name for id in tied) + "."))
    return [*facts, ("Read", CHAPTERS[mistake.chapter] + ".")]


def _rows(mistake: Mistake) -> list[tuple[str, str]]:
    found = comparison(mistake)
    if found is None:
        return []
    part = "the answer" if found.part == "verdict" else found.part
    return [
        ("Example", found.setting.title),
        (f"Right: {part}", written(found.right)),
        (f"This mistake: {part}", written(found.wrong)),
    ]


def _as_text(mistake: Mistake) -> list[str]:
    lines = [f"{mistake.name} ({mistake.id})"]
    return lines + [f"    {word}: {text}" for word, text in [*_facts(mistake), *_rows(mistake)]] + [""]


def _as_html(mistake: Mistake) -> str:
    facts = " ".join(f"<em>{html.escape(word)}:</em> {html.escape(text)}" for word, text in _facts(mistake))
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left;vertical-align:top;padding:.1em .8em .1em 0;font-weight:normal'>"
        f"{html.escape(word)}</th><td style='text-align:left;padding:.1em 0;overflow-wrap:anywhere'>"
        f"{html.escape(text)}</td></tr>"
        for word, text in _rows(mistake)
    )
    table = (
        f"<table style='border-collapse:collapse;margin:.3em 0'><tbody>{rows}</tbody></table>" if rows else ""
    )
    return (
        f"<div class='cnnlab-mistake' id='mistake-{mistake.id}' "
        "style='border-top:1px solid currentColor;padding:.5em 0;margin:0'>"
        f"<p style='margin:.2em 0'><b>{html.escape(mistake.name[0].upper() + mistake.name[1:])}</b> "
        f"<code>{mistake.id}</code></p><p style='margin:.2em 0'>{facts}</p>{table}</div>"
    )


def _squares(scale: float = 1.0):
    return lambda x: float(scale * np.sum(x**2) / 2)


def _conv_settings() -> list[Setting]:
    short, long, image = examples.one_dimension, examples.one_dimension_longer, examples.two_dimensions
    given = {"x": long.x, "w": long.w}
    batch = {
        "dy": np.array([[[1.0, 2], [0, -1]], [[2, 1], [3, -2]]]),
        "x": np.array([[[1.0, 2, 0], [3, 1, 2]], [[0, 1, 4], [2, 5, 1]]]),
        "w": np.array([[[1.0, -1], [2, 3]], [[2, 1], [0, 4]]]),
    }
    kernel = np.zeros((1, 1, 2, 2)) + examples.two_dimensions_network.w
    return [
        Setting("document 5, one dimension", {"dy": short.dy, "x": short.x, "w": short.w}),
        Setting("six inputs, three weights", {"dy": long.dy, **given}),
        Setting("six inputs, three weights, stride 2", {"dy": long.dy[..., :2], **given, "stride": 2}),
        Setting(
            "six inputs, three weights, padding 1",
            {"dy": np.array([[[2.0, 1, -1, 2, 3, 1]]]), **given, "padding": 1},
        ),
        Setting("document 3, two dimensions", {"dy": image.dy, "x": image.x, "w": kernel}),
        Setting("two examples, two channels, two filters", batch),
        Setting(
            "six inputs, three weights, both integers",
            {"dy": long.dy / 2, "x": long.x.astype(int), "w": long.w.astype(int)},
        ),
    ]


def _forward_settings() -> list[Setting]:
    settings = []
    for setting in _conv_settings():
        arguments = {k: v for k, v in setting.arguments.items() if k != "dy"}
        if arguments["x"].dtype.kind == "i":
            arguments["w"] = arguments["w"] / 2
        arguments["b"] = np.arange(1.0, 1 + len(arguments["w"]))
        title = setting.title.replace(", both integers", ", integer inputs")
        biases = "bias 1" if len(arguments["b"]) == 1 else "biases 1 and 2"
        settings.append(Setting(f"{title}, {biases}", arguments))
    return settings


def _pool_settings() -> list[Setting]:
    row = examples.pooling
    tied = np.array([[[[1.0, 3, 0, 2], [3, 2, 2, 1]]]])
    delta = np.array([[[[5.0, 7]]]])
    maps = np.array([[[[1.0, 2, 8, 3], [4, 3, 5, 6]], [[7, 2, 1, 4], [3, 1, 9, 2]]]])
    return [
        Setting(
            "document 2's case: [1, 5, 7, 2], windows of 2, stride 1",
            {
                "dy": row.dy.reshape(1, 1, 1, 3),
                "x": row.x.reshape(1, 1, 1, 4),
                "size": (1, 2),
                "stride": (1, 1),
            },
        ),
        Setting("ties: [[1, 3, 0, 2], [3, 2, 2, 1]], windows 2x2", {"dy": delta, "x": tied, "size": 2}),
        Setting("negative inputs", {"dy": delta, "x": -1 - maps[:, :1], "size": 2}),
        Setting("two channels", {"dy": np.array([[[[5.0, 7]], [[2, 3]]]]), "x": maps, "size": 2}),
        Setting("integers", {"dy": delta / 2, "x": maps[:, :1].astype(int), "size": 2}),
        Setting(
            "windows of 1x2 on two rows",
            {"dy": np.array([[[[5.0, 7], [2, 3]]]]), "x": maps[:, :1], "size": (1, 2)},
        ),
    ]


def _chain_settings() -> list[Setting]:
    e = examples.two_convolutions
    y = conv(conv(e.x, e.w1), e.w2)
    longer = {
        "dy": np.array([[[[1.0, -2], [3, 1]]]]),
        "x": np.array([[[[1.0, 2, 0, 1], [3, 1, 2, 0], [0, 2, 4, 1], [1, 0, 2, 3]]]]),
        "w1": e.w1,
        "w2": e.w2,
    }
    return [
        Setting("document 4, dy = 2 (y - t)", {"dy": 2 * (y - e.t), "x": e.x, "w1": e.w1, "w2": e.w2}),
        Setting("the same kernels on a 4x4 input", longer),
    ]


def _network_settings() -> dict[str, list[Setting]]:
    points = [
        Setting(
            "x = [-2, 0, 1], dy = [1, 2, -3]", {"dy": np.array([1.0, 2, -3]), "x": np.array([-2.0, 0, 1])}
        )
    ]
    dense = {"dy": np.array([[1.0, -2], [3, 1]]), "x": np.array([[1.0, 2, 0], [0, 1, 4]])}
    dense["w"] = np.array([[1.0, 0, 2], [-1, 3, 1]])
    maps = {"dy": np.array([[1.0, -2], [3, 1]]), "x": np.arange(1.0, 17).reshape(2, 2, 2, 2)}
    maps["w"] = np.arange(1.0, 17).reshape(2, 8)
    pooled = {
        "dy": np.array([[[[1.0, -2]]]]),
        "x": np.array([[[[0.0, 1, -1, 0.5], [-1, 0.5, 2, 1]]]]),
        "size": 2,
    }
    scores = {"x": np.array([[1.0, 2, 0], [0, 1, 3]]), "labels": np.array([1, 0])}
    large = {"x": np.array([[1000.0, 998, 1001]]), "labels": np.array([0])}
    softmax = [
        Setting("scores [[1, 2, 0], [0, 1, 3]], right classes 1 and 0", scores),
        Setting("large scores", large),
    ]
    layer = [Setting("two examples, three inputs, two neurons", dense)]
    flatten = [Setting("two examples of two 2x2 maps, two neurons", maps)]
    return {
        "sigmoid.dx": points,
        "relu.dx": points,
        "sigmoidpool.dx": [Setting("a 2x4 map, sigmoid, then windows 2x2", pooled)],
        **{f"dense.{part}": layer for part in ("dx", "dw", "db")},
        **{f"flatten.{part}": flatten for part in ("dx", "dw", "db")},
        "softmax.dx": softmax,
        "softmax.loss": softmax,
    }


def _training_settings() -> dict[str, list[Setting]]:
    local = {
        "dy": np.array([[[-0.1, 0.2]]]),
        "x": examples.one_dimension.x,
        "w": np.array([[[[0.3, 0.5]]], [[[0.3, 0.5]]]]),
    }
    tie = {"dw": np.array([[[[-0.1, -0.2]]], [[[0.4, 0.6]]]]), "db": np.array([[-0.1], [0.2]])}
    step = {
        "w": np.array([0.3, 0.5]),
        "gradients": np.array([[-0.1, -0.2], [0.4, 0.6]]),
        "velocity": np.array([1.0, -2.0]),
        "rate": 0.1,
        "momentum": 0.5,
    }
    one = {
        "params": [np.array([0.3, 0.5])],
        "grads": [np.array([0.3, 0.4])],
        "velocities": [np.array([1.0, -2.0])],
        "rate": 0.1,
        "momentum": 0.5,
    }
    x = np.array([1.0, -2, 4])
    small = _squares(1e-6)
    cases = [
        ("is x the gradient of 1/2 sum x^2 at [1, -2, 4]?", _squares(), x),
        ("is -x?", _squares(), -x),
        ("is twice x?", _squares(), 2 * x),
        ("is x in another order, [-2, 1, 4]?", _squares(), np.array([-2.0, 1, 4])),
        ("is [1, -2, 5]?", _squares(), np.array([1.0, -2, 5])),
        ("is [2, -2, 4]?", _squares(), np.array([2.0, -2, 4])),
        ("is [1, -2, 9]?", _squares(), np.array([1.0, -2, 9])),
        ("is [1, -2, -4]?", _squares(), np.array([1.0, -2, -4])),
        ("is [1, -2, 4.1]?", _squares(), np.array([1.0, -2, 4.1])),
        ("is 2e-6 x the gradient of 1e-6 / 2 sum x^2?", small, 2e-6 * x),
    ]
    checker = [Setting(title, {"f": f, "gradient": g, "x": x}) for title, f, g in cases]
    return {
        **{
            f"local.{part}": [Setting("document 5 with a kernel for each position", local)]
            for part in ("dx", "dw", "db")
        },
        "tie.dw": [Setting("document 5, the two parts of the gradient", tie)],
        "tie.db": [Setting("document 5, the two deltas", tie)],
        "step.w": [Setting("document 5's parts, velocity [1, -2], rate 0.1, momentum 0.5", step)],
        "step.velocity": [Setting("document 5's parts, velocity [1, -2], rate 0.1, momentum 0.5", step)],
        "sgd.params": [Setting("document 5's gradient, velocity [1, -2], rate 0.1, momentum 0.5", one)],
        "sgd.velocities": [Setting("document 5's gradient, velocity [1, -2], rate 0.1, momentum 0.5", one)],
        "checker.verdict": checker,
    }


SETTINGS: dict[str, list[Setting]] = {
    "conv.y": _forward_settings(),
    **{f"conv.{part}": _conv_settings() for part in ("dx", "dw", "db")},
    "pool.y": [
        Setting(s.title, {k: v for k, v in s.arguments.items() if k != "dy"}) for s in _pool_settings()
    ],
    "pool.dx": _pool_settings(),
    **{f"chain.{part}": _chain_settings() for part in ("dw1", "dw2")},
    **_network_settings(),
    **_training_settings(),
}
"""By target: the examples, the chapter's own first."""
