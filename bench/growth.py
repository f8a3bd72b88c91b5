"""How time and memory of a convolution grow with batch, image, kernel and channels, beside theory."""

import tracemalloc
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import cnnlab.conv
from bench.contestants import conv_cnnlab
from bench.machine import describe, idle, write
from bench.measure import in_turn, milliseconds
from bench.shapes import Conv

ROUNDS = 7
BASE = Conv("base", N=32, C=8, H=26, K=8, P=3)
# For every quantity: its values, and the exponent of the leading term, that is for large values. There are
# N * C * K * P^2 * out^2 multiplications. Without blocks the columns are N * C * P^2 * out^2 entries. Blocks bound
# them, as long as those of one image fit; then x, y and their gradients are left, and with the kernel nothing grows.
SWEEPS = {
    "batch N": ([8, 16, 32, 64, 128, 256, 512], {"time": 1, "memory": 1, "memory_without_blocks": 1}),
    "image side H": ([16, 24, 32, 48, 64, 96, 128], {"time": 2, "memory": 2, "memory_without_blocks": 2}),
    "kernel side P": ([2, 3, 4, 5, 6, 8, 10], {"time": 2, "memory": 0, "memory_without_blocks": 2}),
    "channels C": ([4, 8, 16, 32, 64, 96], {"time": 1, "memory": 1, "memory_without_blocks": 1}),
    "kernels K": ([4, 8, 16, 32, 64, 128], {"time": 1, "memory": 1, "memory_without_blocks": 1}),
}


def main():
    """Measure all sweeps, print the exponents, write records/growth.json."""
    record = {
        "about": "forward and backward of conv2d, float32, one thread; bench/README.md explains the keys",
        "machine": describe(),
        "base": BASE.sizes,
        "rounds": ROUNDS,
    }
    with (
        threadpool_limits(1),
        tqdm(total=len(SWEEPS) * ROUNDS, desc="growth", leave=False, mininterval=1) as progress,
    ):
        record["sweeps"] = [sweep(*item, progress) for item in SWEEPS.items()]
    record["machine"]["idle"] = idle(record["machine"]["load_before"])
    for row in record["sweeps"]:
        fits = ", ".join(
            f"{key} {row['fitted'][key]:.2f} (theory {row['theory'][key]})" for key in row["theory"]
        )
        print(f"{row['quantity']:14} {fits}")
    write("growth", record)


def problem(quantity, value):
    """The base problem with one size changed; with the kernel, the image grows so that the output stays."""
    key = quantity.rpartition(" ")[2]
    shape = replace(BASE, **{key: value})
    return replace(shape, H=BASE.out + value - 1) if key == "P" else shape


def sweep(quantity, plan, progress):
    """One quantity: times and peak bytes for every value, and exponents fitted to the largest three."""
    values, theory = plan
    shapes = [problem(quantity, value) for value in values]
    times = in_turn({i: conv_cnnlab(s)[1] for i, s in enumerate(shapes)}, ROUNDS, progress=progress)
    row = {
        "quantity": quantity,
        "values": values,
        "multiplications": [3 * s.N * s.C * s.K * s.P**2 * s.out**2 for s in shapes],
        "milliseconds": [milliseconds(times[i]) for i in range(len(values))],
        "memory_bytes": [traced_peak(s) for s in shapes],
        "memory_without_blocks_bytes": [traced_peak(s, blocks=False) for s in shapes],
        "theory": theory,
    }
    row["fitted"] = {
        "time": exponent(values, [t["best"] for t in row["milliseconds"]]),
        "memory": exponent(values, row["memory_bytes"]),
        "memory_without_blocks": exponent(values, row["memory_without_blocks_bytes"]),
    }
    return row


def exponent(values, results):
    """Slope of log(results) over log(values), fitted to the three largest values."""
    slope, _ = np.polyfit(np.log(values[-3:]), np.log(results[-3:]), 1)
    return round(float(slope), 3)


def traced_peak(shape, blocks=True):
    """Largest number of bytes that NumPy holds at once during forward and backward, inputs excluded."""
    both = conv_cnnlab(shape)[1]
    limits = cnnlab.conv.BLOCK_BYTES, cnnlab.conv.BLOCK_IMAGES
    if not blocks:
        cnnlab.conv.BLOCK_BYTES = cnnlab.conv.BLOCK_IMAGES = 1 << 60
    try:
        tracemalloc.start()
        both()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        cnnlab.conv.BLOCK_BYTES, cnnlab.conv.BLOCK_IMAGES = limits
