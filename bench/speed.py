"""Convolution and pooling: cnnlab, PyTorch, SciPy, plain loops and the floor, taken in turn."""

from dataclasses import replace

import torch
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from bench import contestants as c
from bench.machine import cores, describe, idle, write
from bench.measure import ONE_THREAD, WALL, in_turn, milliseconds, ratio
from bench.memory import peak_bytes
from bench.shapes import CONVS, POOLS

ROUNDS = 21
SLOW_ROUNDS = 3
# Plain loops and SciPy are timed on as many images as take about this many window products, and scaled.
SLOW_PRODUCTS = 10_000
# After a parallel call, threads of PyTorch and of the BLAS spin for a while and would disturb the next contestant.
PAUSE = 0.03
DIRECTIONS = ("forward", "forward and backward")


def main():
    """Run everything, print the tables, write records/speed.json."""
    record = {
        "about": "times and ratios of 2D convolution and max-pooling, float32; bench/README.md explains the keys",
        "machine": describe(),
        "rounds": ROUNDS,
        "slow_rounds": SLOW_ROUNDS,
    }
    thread_counts = sorted({1, cores()})
    steps = 2 * len(thread_counts) * (len(CONVS) + len(POOLS)) * ROUNDS
    # First, while this process holds little.
    record["memory"] = [memory(shape) for shape in CONVS]
    with tqdm(total=steps, desc="speed", leave=False, mininterval=1) as progress:
        record["convolution"] = time_all(CONVS, conv_fast, conv_slow, thread_counts, progress)
        record["pooling"] = time_all(POOLS, pool_fast, pool_slow, thread_counts, progress)
    record["machine"]["idle"] = idle(record["machine"]["load_before"])
    print_tables(record)
    write("speed", record)


def conv_fast(shape):
    """The contestants of a convolution that are timed in full."""
    return {"cnnlab": c.conv_cnnlab(shape), "torch": c.conv_torch(shape), "floor": c.conv_floor(shape)}


def conv_slow(shape, images):
    """The contestants of a convolution that are timed on a few images."""
    pairs = {"loops": c.conv_loops(shape, images), "scipy": c.conv_scipy(shape, images)}
    return {name: pair for name, pair in pairs.items() if pair is not None}


def pool_fast(shape):
    """The contestants of a pooling that are timed in full."""
    return {"cnnlab": c.pool_cnnlab(shape), "torch": c.pool_torch(shape), "floor": c.pool_floor(shape)}


def pool_slow(shape, images):
    """The contestants of a pooling that are timed on a few images."""
    return {"loops": c.pool_loops(shape, images)}


def time_all(shapes, fast, slow, thread_counts, progress):
    """Rows of a record: every shape, thread count and direction."""
    rows = []
    for threads in thread_counts:
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            for shape in shapes:
                for direction in range(2):
                    rows.append(time_one(shape, fast, slow, threads, direction, progress))
    return rows


def time_one(shape, fast, slow, threads, direction, progress):
    """One row: milliseconds of all contestants and the ratios that are asked about."""
    functions = {name: pair[direction] for name, pair in fast(shape).items()}
    clock, pause = (ONE_THREAD, 0.0) if threads == 1 else (WALL, PAUSE)
    times = in_turn(functions, ROUNDS, clock, pause=pause, progress=progress)
    ratios = {f"cnnlab/{other}": ratio(times, "cnnlab", other) for other in ("torch", "floor")}
    taken = {name: milliseconds(values) for name, values in times.items()}
    images = None
    # None of the slow ones uses a second thread.
    if threads == 1:
        channels = getattr(shape, "K", shape.C)
        images = min(shape.N, max(1, SLOW_PRODUCTS // (channels * shape.out**2)))
        factor = shape.N / images
        slow_functions = {name: pair[direction] for name, pair in slow(shape, images).items()}
        times = in_turn({**slow_functions, "cnnlab": functions["cnnlab"]}, SLOW_ROUNDS, least=0.0)
        ratios |= {f"{name}/cnnlab": ratio(times, name, "cnnlab", factor) for name in slow_functions}
        taken |= {name: milliseconds(times[name], factor) for name in slow_functions}
    return {
        "shape": shape.name,
        "sizes": shape.sizes,
        "threads": threads,
        "direction": DIRECTIONS[direction],
        "milliseconds": taken,
        "ratios": ratios,
        "slow_images": images,
    }


def memory(shape):
    """Peak memory of one forward and backward pass, over what was held before; one thread."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        makers = {"cnnlab": c.conv_cnnlab, "torch": c.conv_torch}
        peaks = {
            name: peak_bytes(
                lambda make=make: make(shape)[1], lambda make=make: make(replace(shape, N=1))[1]()
            )
            for name, make in makers.items()
        }
    x, w, b, dy = c.conv_arrays(shape)
    depth = shape.C * shape.P**2
    return {
        "shape": shape.name,
        "inputs_bytes": x.nbytes + w.nbytes + b.nbytes + dy.nbytes,
        "outputs_bytes": x.nbytes + w.nbytes + b.nbytes + dy.nbytes,
        "all_columns_bytes": depth * shape.N * shape.out**2 * x.itemsize,
        "peak_bytes": peaks,
    }


def cell(spread):
    """Ratio of the smallest times, then median and quartiles, for a table."""
    return f"{spread['best']:5.2f}  {spread['median']:.2f} [{spread['q1']:.2f}, {spread['q3']:.2f}]"


def print_tables(record):
    """Print ratios, median and quartiles."""
    for kind in ("convolution", "pooling"):
        print(
            f"\n{kind}: ratios of times, of the smallest and median [quartiles] of {record['rounds']} rounds, float32"
        )
        print(f"{'shape':10} {'threads':>7}  {'direction':21} {'best ms':>8}  {'cnnlab / PyTorch':27} "
              f"{'cnnlab / floor':29} {'SciPy / cnnlab':>14} {'loops / cnnlab':>14}")  # fmt: skip
        for row in record[kind]:
            ratios = row["ratios"]
            slow = [f"{ratios[k]['median']:14.4g}" if k in ratios else f"{'-':>14}"
                    for k in ("scipy/cnnlab", "loops/cnnlab")]  # fmt: skip
            print(f"{row['shape']:10} {row['threads']:7}  {row['direction']:21} "
                  f"{row['milliseconds']['cnnlab']['best']:8.4g}  {cell(ratios['cnnlab/torch']):27} "
                  f"{cell(ratios['cnnlab/floor']):29} {' '.join(slow)}")  # fmt: skip
    print(
        "\npeak memory of forward and backward over the inputs, in MB; in brackets the columns of all images at once"
    )
    for row in record["memory"]:
        peaks = "  ".join(f"{name} {mega(value)}" for name, value in row["peak_bytes"].items())
        print(
            f"{row['shape']:10} {peaks}  results {mega(row['outputs_bytes'])}  [{mega(row['all_columns_bytes'])}]"
        )
    machine = record["machine"]
    print(
        f"\n{machine['cpu']}, {machine['cores']} cores, {machine['date']}, load before {machine['load_before']}"
    )


def mega(value):
    """Bytes as MB."""
    return "unknown" if value is None else f"{value / 1e6:.1f}"
