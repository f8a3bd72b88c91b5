"""The two implementations of max-pooling's backward pass that document 2 names, and the one of cnnlab.

The constant 0/1 matrix M has a row for each pool and a column for each neuron of the convolution. With delta at the
pools and the indicator ismax of the neurons, for windows that do not overlap,

    nulling entries:  (M * ismax).T @ delta      the matrix is changed for every input
    nulling neurons:  (M.T @ delta) * ismax      the matrix stays, the result is masked
"""

import numpy as np
from scipy.sparse import csr_array

import cnnlab
from bench.measure import in_turn, milliseconds, ratio
from bench.sides import record_sides

ROUNDS = 9
SIDES = (8, 12, 16, 24, 32, 48, 64)


def main():
    """Time every side, print the ratios, write records/pool_routing.json."""
    record_sides(
        "pool_routing",
        "backward pass of 2 x 2 max-pooling of one n x n image, float32, one thread; M and ismax are ready",
        SIDES,
        ROUNDS,
        one_side,
    )


def pool_matrix(n):
    """The 0/1 matrix of 2 x 2 windows on an n x n image, sparse."""
    pools = np.arange((n // 2) ** 2).reshape(n // 2, n // 2).repeat(2, 0).repeat(2, 1).ravel()
    return csr_array((np.ones(n * n, np.float32), (pools, np.arange(n * n))), shape=((n // 2) ** 2, n * n))


def one_side(n, progress):
    """Times, multiplications and bytes for an n x n image."""
    rng = np.random.default_rng(0)
    x, delta = rng.standard_normal((n, n), np.float32), rng.standard_normal((n // 2) ** 2, np.float32)
    sparse = pool_matrix(n)
    dense = sparse.toarray()
    x4, delta4 = x[None, None], delta.reshape(1, 1, n // 2, n // 2)
    ones = np.ones_like(delta4)
    ismax = cnnlab.max_pool2d_backward(ones, x4, 2).ravel()

    def sparse_entries():
        nulled = csr_array((sparse.data * ismax[sparse.indices], sparse.indices, sparse.indptr), sparse.shape)
        return nulled.T @ delta

    functions = {
        "entries, dense": lambda: (dense * ismax).T @ delta,
        "neurons, dense": lambda: (dense.T @ delta) * ismax,
        "entries, sparse": sparse_entries,
        "neurons, sparse": lambda: (sparse.T @ delta) * ismax,
        "cnnlab": lambda: cnnlab.max_pool2d_backward(delta4, x4, 2),
    }
    expected = functions["cnnlab"]().ravel()
    for name, function in functions.items():
        np.testing.assert_array_equal(np.ravel(function()), expected, err_msg=name)
    times = in_turn(functions, ROUNDS, least=0.002, progress=progress)
    neurons, pools = n * n, (n // 2) ** 2
    return {
        "side": n,
        "neurons": neurons,
        "pools": pools,
        "milliseconds": {name: milliseconds(taken) for name, taken in times.items()},
        "ratios": {
            "entries/neurons, dense": ratio(times, "entries, dense", "neurons, dense"),
            "entries/neurons, sparse": ratio(times, "entries, sparse", "neurons, sparse"),
            "neurons, dense/cnnlab": ratio(times, "neurons, dense", "cnnlab"),
            "neurons, sparse/cnnlab": ratio(times, "neurons, sparse", "cnnlab"),
        },
        "multiplications": {
            "entries, dense": 2 * neurons * pools,
            "neurons, dense": neurons * pools + neurons,
            "entries, sparse": 2 * neurons,
            "neurons, sparse": 2 * neurons,
            "cnnlab": neurons,
        },
        "bytes": {
            "entries, dense": 2 * dense.nbytes,
            "neurons, dense": dense.nbytes,
            "entries, sparse": 2 * sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes,
            "neurons, sparse": sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes,
            "cnnlab": 0,
        },
    }
