"""The part of the benchmark that runs inside Pyodide (and, for comparison, outside); prints one line of JSON."""

import json
import sys

import numpy as np

from bench import contestants as c
from bench.measure import ONE_THREAD, in_turn
from bench.shapes import CONVS, POOLS
from cnnlab import conv
from cnnlab.datasets import digits
from cnnlab.network import digits_network, train

ROUNDS = 5
IN_BROWSER = sys.platform == "emscripten"
DIRECTIONS = ("forward", "forward and backward")


def node_time():
    """Processor time of the Node process in seconds; Pyodide's own clock tells the time on the wall only."""
    import js

    used = js.process.cpuUsage()
    return (used.user + used.system) / 1e6


CLOCK = node_time if IN_BROWSER else ONE_THREAD


def with_product(function, without_blas):
    """The function, with cnnlab's products made by einsum (without BLAS) or by matmul."""

    def run():
        usual, conv.WITHOUT_BLAS = conv.WITHOUT_BLAS, without_blas
        try:
            return function()
        finally:
            conv.WITHOUT_BLAS = usual

    return run


def times():
    """Seconds of every round: [kind, shape, direction, {contestant: seconds}]."""
    rows = []
    for shape in CONVS:
        for direction, name in enumerate(DIRECTIONS):
            cnnlab = c.conv_cnnlab(shape)[direction]
            functions = {"cnnlab": cnnlab}
            if IN_BROWSER:
                functions["cnnlab with matmul"] = with_product(cnnlab, False)
            rows.append(["convolution", shape.name, name, in_turn(functions, ROUNDS, CLOCK, least=0.01)])
    for shape in POOLS:
        for direction, name in enumerate(DIRECTIONS):
            functions = {"cnnlab": c.pool_cnnlab(shape)[direction]}
            rows.append(["pooling", shape.name, name, in_turn(functions, ROUNDS, CLOCK, least=0.01)])
    return rows


def training():
    """Seconds, epochs and accuracy of the digits training with its defaults."""
    split, network = digits(), digits_network()
    start = CLOCK()
    history = train(network, split)
    taken = CLOCK() - start
    epochs = len(history.test_losses) - 1
    return {
        "seconds": round(taken, 2),
        "epochs": epochs,
        "test_accuracy": round(history.test_accuracies[-1], 4),
    }


if __name__ == "__main__":
    result = {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "training": training(),
        "times": times(),
    }
    print(json.dumps(result))
