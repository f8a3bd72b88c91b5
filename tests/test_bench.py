"""The benchmark: that what is compared computes the same, and that the arithmetic of its numbers is right."""

import json
import time

import numpy as np
import pytest

from bench import contestants, growth, machine, measure, routing, ways
from bench.shapes import Conv, Pool

CONV = Conv("small", 2, 3, 7, 4, 3)
STRIDED = Conv("small strided", 3, 2, 8, 3, 3, stride=2, padding=1)
POOLS = [Pool("apart", 2, 3, 6, 2, 2), Pool("overlapping", 2, 2, 7, 3, 2)]


def compare(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [CONV, STRIDED])
def test_loops_compute_what_cnnlab_computes(shape):
    ours, loops = contestants.conv_cnnlab(shape), contestants.conv_loops(shape, shape.N)
    np.testing.assert_allclose(ours[0](), loops[0](), rtol=1e-4, atol=1e-4)
    compare(ours[1]()[1], loops[1]())


def test_scipy_computes_what_cnnlab_computes():
    ours, scipy = contestants.conv_cnnlab(CONV), contestants.conv_scipy(CONV, CONV.N)
    np.testing.assert_allclose(ours[0](), scipy[0](), rtol=1e-4, atol=1e-4)
    compare(ours[1]()[1], scipy[1]())
    assert contestants.conv_scipy(STRIDED, 1) is None


def test_the_floor_multiplies_matrices_of_the_right_sizes():
    y, dw, dcolumns = contestants.conv_floor(STRIDED)[1]()
    pixels = 3 * 4 * 4
    assert (y.shape, dw.shape, dcolumns.shape) == ((3, pixels), (3, 18), (18, pixels))


@pytest.mark.parametrize("shape", POOLS)
def test_pooling_loops_compute_what_cnnlab_computes(shape):
    ours, loops = contestants.pool_cnnlab(shape), contestants.pool_loops(shape, shape.N)
    np.testing.assert_array_equal(ours[0](), loops[0]())
    np.testing.assert_allclose(ours[1]()[1], loops[1](), rtol=1e-6)


def test_contestants_take_turns():
    calls = []
    functions = {name: (lambda name=name: (calls.append(name), time.sleep(0.001))) for name in "abc"}
    times = measure.in_turn(functions, 4, measure.WALL, least=0.0)
    assert all(len(times[name]) == 4 for name in "abc")
    assert all(sorted(calls[i : i + 3]) == ["a", "b", "c"] for i in range(0, 12, 3)) and len(calls) == 12
    calls.clear()
    measure.in_turn(functions, 2, measure.WALL, least=0.005)
    assert calls.count("a") > 8


def test_ratios_are_taken_round_by_round():
    times = {"a": [1.0, 20.0, 300.0], "b": [1.0, 10.0, 100.0]}
    assert measure.ratio(times, "a", "b") == {"median": 2.0, "q1": 1.5, "q3": 2.5, "best": 1.0}
    assert measure.ratio(times, "a", "b", factor=10)["median"] == 20.0
    assert measure.milliseconds([0.001, 0.002, 0.003], 2) == {
        "median": 4.0,
        "q1": 3.0,
        "q3": 5.0,
        "best": 2.0,
    }


def test_exponents():
    values = [1, 2, 4, 8]
    assert growth.exponent(values, [5 * v**2 for v in values]) == 2.0
    assert growth.exponent(values, [7.0] * 4) == 0.0


def test_a_wider_kernel_keeps_the_output():
    shape = growth.problem("kernel side P", 6)
    assert (shape.P, shape.out) == (6, growth.BASE.out)
    assert growth.problem("batch N", 64).N == 64


def test_memory_with_blocks_stays_below_memory_without():
    shape = Conv("memory", 64, 4, 20, 4, 5)
    assert growth.traced_peak(shape) < growth.traced_peak(shape, blocks=False) / 2


def test_the_four_ways_and_the_routes_agree():
    # Both functions compare the results of all ways before they time them.
    assert set(ways.one_side(9, None)["milliseconds"]) == {
        "columns",
        "sparse matrix",
        "dense matrix",
        "loops",
    }
    assert routing.one_side(8, None)["multiplications"]["neurons, dense"] == 64 * 16 + 64


def test_records_name_the_machine_and_no_place():
    names = sorted(path.stem for path in machine.RECORDS.glob("*.json"))
    assert {"course_growth", "growth", "pool_routing", "speed", "wasm", "ways"} <= set(names)
    for name in ("course_growth", "growth", "pool_routing", "speed", "wasm", "ways"):
        text = (machine.RECORDS / f"{name}.json").read_text()
        record = json.loads(text)
        assert {"cpu", "cores", "date", "load_before", "idle"} <= set(record["machine"])
        assert "/root" not in text and "/home" not in text and "/work" not in text


def test_records_are_json_with_a_row_on_a_line():
    record = {
        "about": "x",
        "machine": {"cpu": "c", "versions": {"a": None}},
        "rows": [{"a": 1}, {"a": [2, 3]}],
        "n": [],
    }
    text = machine.dumps(record)
    assert json.loads(text) == record
    assert sum(line.strip().startswith('{"a"') for line in text.splitlines()) == 2
