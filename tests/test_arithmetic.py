"""The widgets' arithmetic in JavaScript, against the backend and its traces, term by term, and Python's formatting."""

import math
import struct
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from script import Script

from cnnlab import (
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    geometry,
    max_pool2d,
    max_pool2d_backward,
    trace,
)
from cnnlab.formatting import number, signed

CONVOLUTIONS, POOLINGS, STACKS, NUMBERS = 2000, 1000, 400, 24_000


@pytest.fixture(scope="module")
def script():
    return Script("arithmetic")


def plain(array):
    """One channel of one example as the script takes it."""
    return {"shape": list(array.shape[2:]), "values": array.ravel().tolist()}


def terms_of(entry, arrays):
    """The terms of a trace as the script gives them."""

    def place(factor):
        return [factor.name, int(np.ravel_multi_index(factor.index, arrays[factor.name].shape))]

    return [{"factors": [place(f) for f in term.factors], "product": term.product} for term in entry.terms]


def places(shape):
    return [(0, 0, *index) for index in product(*map(range, shape))]


def some(rng, sequence):
    """The first of a sequence, the last, and one between: every kind of border and the middle."""
    chosen = {0, len(sequence) - 1, int(rng.integers(len(sequence)))}
    return [(k, sequence[k]) for k in sorted(chosen)]


def random_convolution(rng):
    """Integers, mostly small, some zero: x, w, dy and the options of a convolution in one or two dimensions."""
    rank = int(rng.integers(1, 3))
    kernel = [int(n) for n in rng.integers(1, 4, rank)]
    options = {
        "stride": [int(n) for n in rng.integers(1, 4, rank)],
        "padding": [int(n) for n in rng.integers(0, 3, rank)],
        "dilation": [int(n) for n in rng.integers(1, 4, rank)],
    }
    least = [
        max(1, d * (m - 1) + 1 - 2 * p)
        for m, d, p in zip(kernel, options["dilation"], options["padding"], strict=True)
    ]
    spatial = [int(n + rng.integers(0, 5)) for n in least]
    if rng.random() < 0.3:  # one int stands for all axes, where the input is large enough for it
        options["stride"] = options["stride"][0]
    outputs = geometry.positions(spatial, kernel, **options)
    x, w, dy = (rng.integers(-9, 10, (1, 1, *shape)).astype(float) for shape in (spatial, kernel, outputs))
    return x, w, dy, options


def test_convolution_agrees_with_the_backend(script, record_property):
    """y, dw and dx as a whole, and every term of some entries, on thousands of random integer cases."""
    rng = np.random.default_rng(20)
    terms = 0
    for _ in range(CONVOLUTIONS):
        x, w, dy, options = random_convolution(rng)
        one = x.ndim == 3
        forward, backward = (conv1d, conv1d_backward) if one else (conv2d, conv2d_backward)
        # The backend takes one int where there is one axis.
        given = {k: v[0] if one and isinstance(v, list) else v for k, v in options.items()}
        dx, dw, _ = backward(dy, x, w, **given)
        arrays = {"x": x, "w": w, "dy": dy}
        sent = {name: plain(array) for name, array in arrays.items()}
        assert script.call("convY", sent["x"], sent["w"], options) == plain(forward(x, w, **given))
        assert script.call("convDw", sent["dy"], sent["x"], sent["w"], options) == plain(dw)
        assert script.call("convDx", sent["dy"], sent["x"], sent["w"], options) == plain(dx)
        for name, of, entry, arguments in (
            ("y", dy, trace.conv_y, (x, w)),
            ("dw", w, trace.conv_dw, (dy, x, w)),
            ("dx", x, trace.conv_dx, (dy, x, w)),
        ):
            for place, index in some(rng, places(of.shape[2:])):
                expected = entry(*arguments, index=index, **options)
                found = script.call("convTerms", name, place, sent, options)
                assert found == terms_of(expected, arrays)
                added = script.call("running", [term["product"] for term in found])
                assert added == list(expected.running)
                terms += len(found)
    record_property("agreed", f"{CONVOLUTIONS} convolutions, {terms} of their terms")


def test_connections_agree_with_the_geometry(script):
    rng = np.random.default_rng(21)
    for _ in range(300):
        x, w, dy, options = random_convolution(rng)
        found = script.call("connections", x.shape[2:], w.shape[2:], options)
        expected = geometry.connections(x.shape[2:], w.shape[2:], **options)
        for part in ("output", "weight", "input"):
            assert [link[part] for link in found] == getattr(expected, part).tolist()
        assert script.call("positions", x.shape[2:], w.shape[2:], options) == list(dy.shape[2:])


def test_pooling_agrees_with_the_backend(script, record_property):
    """Windows, winners and routes under every rule for ties; three values make ties common."""
    rng = np.random.default_rng(22)
    ties_seen = 0
    for _ in range(POOLINGS):
        rank = int(rng.integers(1, 3))
        size = [int(n) for n in rng.integers(1, 4, rank)]
        stride = [int(n) for n in rng.integers(1, 4, rank)]
        spatial = [int(n + rng.integers(0, 5)) for n in size]
        x = rng.integers(-1, 2, (1, 1, *spatial)).astype(float)
        outputs = geometry.positions(spatial, size, stride=stride)
        dy = rng.integers(-9, 10, (1, 1, *outputs)).astype(float)
        windows = script.call("poolWindows", spatial, size, stride)
        winners = [script.call("poolWinners", plain(x), window) for window in windows]
        flat = lambda found, shape=x.shape: [int(np.ravel_multi_index(at, shape)) for at in found]  # noqa: E731
        for place, index in enumerate(places(outputs)):
            assert windows[place] == flat(trace.pool_window(x, size, index=index, stride=stride))
            assert winners[place] == flat(trace.pool_winners(x, size, index=index, stride=stride))
        ties_seen += any(len(found) > 1 for found in winners)
        if rank == 2:
            assert script.call("poolY", plain(x), size, stride) == plain(max_pool2d(x, size, stride=stride))
            dx = max_pool2d_backward(dy, x, size, stride=stride)
            assert script.call("poolDx", plain(dy), plain(x), size, stride, "first") == plain(dx)
        for ties in ("first", "split", "all"):
            routes = script.call("poolRoutes", plain(dy), plain(x), size, stride, ties)
            totals = script.call("poolDx", plain(dy), plain(x), size, stride, ties)
            for place, index in enumerate(places(spatial)):
                entry = trace.pool_dx(dy, x, size, index=index, stride=stride, ties=ties)
                given = [one["product"] for route in routes for one in route if one["place"] == place]
                assert given == [term.product for term in entry.terms]
                assert totals["values"][place] == entry.total
    assert ties_seen > POOLINGS / 4
    record_property("agreed", f"{POOLINGS} poolings under 3 rules, {ties_seen} with ties")


def test_two_layers_agree_with_the_backend(script, record_property):
    rng = np.random.default_rng(23)
    for _ in range(STACKS):
        rank = int(rng.integers(1, 3))
        forward, backward = (conv1d, conv1d_backward) if rank == 1 else (conv2d, conv2d_backward)
        k1, k2, last = (rng.integers(1, 4, rank) for _ in range(3))
        shapes = [k1 + k2 + last - 2, k1, k2, last]
        x, w1, w2, t = (rng.integers(-4, 5, (1, 1, *shape)).astype(float) for shape in shapes)
        h = forward(x, w1)
        y = forward(h, w2)
        dy = 2 * (y - t)
        dh = backward(dy, h, w2)[0]
        dw1 = backward(dh, x, w1)[1]
        given = {name: plain(array) for name, array in (("x", x), ("w1", w1), ("w2", w2), ("t", t))}
        expected = {"h": h, "y": y, "dy": dy, "dh": dh, "dw1": dw1}
        assert script.call("twoLayers", given, 2) == {name: plain(array) for name, array in expected.items()}
        assert script.call("twoLayers", {**given, "dy": plain(t)}, 0)["dh"] == plain(backward(t, h, w2)[0])

        arrays = {"x": x, "w": w1, "dy": dh}
        sent = {name: plain(array) for name, array in arrays.items()}
        place, index = some(rng, places(w1.shape[2:]))[-1]
        right = script.call("convTerms", "dw", place, sent, {})
        wrong = script.call("productOfSums", right, sent)
        entry = trace.product_of_sums(dh, x, w1, index=index)
        assert [{key: term[key] for key in ("factors", "product")} for term in wrong] == terms_of(
            entry, arrays
        )
        for term in wrong:
            met = [right[term["row"]]["factors"][0], right[term["column"]]["factors"][1]]
            assert term["factors"] == met
    record_property("agreed", f"{STACKS} pairs of layers")


def numbers_to_write(rng):
    """Floats of every size: random bits, decimals, integers, and numbers exactly between two that could be written."""
    for bits in rng.integers(0, 2**64, NUMBERS // 4, dtype=np.uint64):
        value = struct.unpack("d", struct.pack("Q", int(bits)))[0]
        if math.isfinite(value):
            yield value
    yield from (
        rng.integers(-(10**7), 10**7, NUMBERS // 4) / 10.0 ** rng.integers(0, 9, NUMBERS // 4)
    ).tolist()
    yield from rng.normal(0, 10.0 ** rng.integers(-8, 9, NUMBERS // 4)).tolist()
    # A whole number and a half, a quarter and an eighth end in 5: ties for some count of digits.
    whole, eighths = rng.integers(-9999, 10000, NUMBERS // 4), rng.integers(0, 8, NUMBERS // 4)
    yield from (whole + eighths / 8).tolist()
    yield from (
        1024.125,
        1024.375,
        0.5,
        1.5,
        2.5,
        -2.5,
        9.5,
        99.5,
        999999.5,
        99999.95,
        1e-5,
        9.9999995e-5,
        5e-324,
    )
    yield from (
        0.0,
        -0.0,
        1e22,
        123456.5,
        1234565.0,
        1e5,
        1e6,
        0.0001,
        2.0**-20,
        2.0**60,
        1.7976931348623157e308,
    )


def test_numbers_are_written_as_python_writes_them(script, record_property):
    values = list(numbers_to_write(np.random.default_rng(24)))
    assert len(values) > 0.99 * NUMBERS
    write = "(values, digits) => values.map((value) => number(value, digits))"
    counts = (1, 2, 3, 4, 5, 6, 9, 12)
    ties = 0
    for digits in counts:
        expected = [number(value, digits) for value in values]
        assert script.call(write, values, digits) == expected
        ties += sum(is_tie(value, text, digits) for value, text in zip(values, expected, strict=True))
    assert ties > 1000, "hardly any number stood exactly between two others"
    record_property("agreed", f"{len(values) * len(counts)} written numbers, {ties} ties")
    assert script.call("(value) => number(value)", 1024.125) == "1024.12"
    assert (
        script.context.eval("[NaN, Infinity, -Infinity].map((value) => number(value)).join()")
        == "nan,inf,-inf"
    )
    both = "(values) => values.map((value) => signed(value, 3))"
    assert script.call(both, values[:2000]) == [signed(value, 3) for value in values[:2000]]


def is_tie(value, text, digits):
    """Whether a number stands exactly between two that can be written with so many digits."""
    exact = Decimal(value)
    rest = abs(exact - Decimal(text))
    return bool(exact) and rest * 2 == Decimal(1).scaleb(exact.adjusted() - digits + 1)
