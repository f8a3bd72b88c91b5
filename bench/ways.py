"""One convolution written in four ways: loops, a dense matrix, a sparse matrix, and columns (im2col)."""

import numpy as np
from scipy.sparse import csr_array

import cnnlab
from bench.measure import in_turn, milliseconds, ratio
from bench.sides import record_sides

ROUNDS = 9
KERNEL = 3
SIDES = (8, 12, 16, 24, 32, 48, 64)


def main():
    """Time one image of one channel for every side, print the ratios, write records/ways.json."""
    record_sides(
        "ways",
        "forward pass of one n x n image with one 3 x 3 kernel, float32, one thread; the matrices are ready",
        SIDES,
        ROUNDS,
        one_side,
    )


def matrix(w, n):
    """Rows, columns and values of the matrix M with vec(conv2d(x, w)) = M vec(x) for an n x n image."""
    out = n - len(w) + 1
    i, j, p, q = (a.ravel() for a in np.indices((out, out, *w.shape)))
    return i * out + j, (i + p) * n + j + q, w[p, q]


def loops(x, w):
    """The four sums of the definition, in plain Python."""
    out = len(x) - len(w) + 1
    y = [[0.0] * out for _ in range(out)]
    for i in range(out):
        for j in range(out):
            for p in range(len(w)):
                for q in range(len(w)):
                    y[i][j] += w[p][q] * x[i + p][j + q]
    return y


def one_side(n, progress):
    """Times, multiplications and bytes of the four ways for an n x n image."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((n, n), np.float32), rng.standard_normal((KERNEL, KERNEL), np.float32)
    rows, columns, values = matrix(w, n)
    out = n - KERNEL + 1
    sparse = csr_array((values, (rows, columns)), shape=(out * out, n * n))
    dense, vector, x_list, w_list = sparse.toarray(), x.ravel(), x.tolist(), w.tolist()
    results = {
        "columns": lambda: cnnlab.conv2d(x[None, None], w[None, None]),
        "sparse matrix": lambda: sparse @ vector,
        "dense matrix": lambda: dense @ vector,
        "loops": lambda: loops(x_list, w_list),
    }
    for name, function in results.items():
        np.testing.assert_allclose(np.ravel(function()), dense @ vector, rtol=1e-3, atol=1e-4, err_msg=name)
    times = in_turn(results, ROUNDS, least=0.002, progress=progress)
    connections = KERNEL**2 * out**2
    return {
        "side": n,
        "milliseconds": {name: milliseconds(taken) for name, taken in times.items()},
        "ratios": {f"{name}/columns": ratio(times, name, "columns") for name in times if name != "columns"},
        "multiplications": {
            "columns": connections,
            "sparse matrix": connections,
            "dense matrix": dense.size,
            "loops": connections,
        },
        "bytes": {
            "columns": connections * x.itemsize,
            "sparse matrix": sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes,
            "dense matrix": dense.nbytes,
            "loops": 0,
        },
    }
