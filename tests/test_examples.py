"""Every number that the five source documents state, computed again: the right ones as right, the others as they differ.

Nothing here goes through `cnnlab.sources`, and the arithmetic of convolution is done by SciPy, by automatic differentiation,
by loops or by decimal numbers, so that an error of the library shows. Where the given numbers are decimals, exact decimal
arithmetic decides whether a printed digit is right.
"""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import product

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from scipy.signal import convolve2d, correlate, correlate2d
from scipy.special import expit

from cnnlab import conv1d_backward, conv2d_backward, examples, max_pool2d_backward

D = Decimal


def decimals(array):
    """The given numbers as exact decimals: an array of Decimal of the same shape."""
    return np.vectorize(lambda value: D(repr(float(value))), otypes=[object])(np.asarray(array))


def gradient(x, w, dy):
    """dw and dx of one channel from the sum over all connections, whatever the type of the numbers."""
    dw, dx = (np.full(a.shape, type(a.flat[0])(0), dtype=object) for a in (w, x))
    for i in np.ndindex(*dy.shape):
        for m in np.ndindex(*w.shape):
            at = tuple(a + b for a, b in zip(i, m, strict=True))
            dw[m] += dy[i] * x[at]
            dx[at] += dy[i] * w[m]
    return dw, dx


def forward(x, w):
    y = np.full([n - k + 1 for n, k in zip(x.shape, w.shape, strict=True)], D(0), dtype=object)
    for i in np.ndindex(*y.shape):
        for m in np.ndindex(*w.shape):
            y[i] += w[m] * x[tuple(a + b for a, b in zip(i, m, strict=True))]
    return y


def test_examples_are_read_only():
    for name in ("nine_neurons", "pooling", "two_dimensions", "two_convolutions", "one_dimension"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(examples, name).x[...] = 0


# Document 1: the wiki page


def test_document_1_a_3x3_kernel_on_5x5_gives_nine_neurons():
    e = examples.nine_neurons
    y = correlate2d(e.x[0, 0], e.w[0, 0], "valid")
    assert (e.x.shape[2:], e.w.shape[2:], y.shape) == (e.stated.input, e.stated.kernel, e.stated.output)
    assert y.size == e.stated.neurons == len(e.names)


def test_document_1_neuron_a_sees_the_upper_left_corner_and_i_the_lower_right():
    e = examples.nine_neurons
    seen = {}
    for name, (i, j) in zip(e.names, product(range(3), range(3)), strict=True):
        changes = []
        for at in np.ndindex(5, 5):
            x = e.x[0, 0].copy()
            x[at] += 1
            ones = np.ones((3, 3))
            if correlate2d(x, ones, "valid")[i, j] != correlate2d(e.x[0, 0], ones, "valid")[i, j]:
                changes.append(at)
        seen[name] = changes
    assert seen["A"] == list(product(range(3), range(3)))
    assert seen["I"] == list(product(range(2, 5), range(2, 5)))


def test_document_1_derivatives_of_single_connections_added_are_the_shared_derivative():
    e = examples.nine_neurons
    x, w, dy = e.x[0, 0], e.w[0, 0], e.dy[0, 0]

    def private(kernels):
        fields = anp.array([[x[i : i + 3, j : j + 3] for j in range(3)] for i in range(3)])
        return anp.sum(anp.sum(fields * kernels, axis=(2, 3)) * dy)

    each = grad(private)(np.tile(w, (3, 3, 1, 1)))
    assert each.size == 81, (
        "nine neurons with nine connections each; the neurons share the nine weights of one kernel"
    )
    np.testing.assert_array_equal(each.sum(axis=(0, 1)), conv2d_backward(e.dy, e.x, e.w)[1][0, 0])


def test_document_1_nothing_has_to_be_modified():
    e = examples.nine_neurons
    x, dy = e.x[0, 0], e.dy[0, 0]

    def loss(w):
        return sum(anp.sum(x[i : i + 3, j : j + 3] * w) * dy[i, j] for i, j in np.ndindex(3, 3))

    np.testing.assert_array_equal(grad(loss)(e.w[0, 0]), conv2d_backward(e.dy, e.x, e.w)[1][0, 0])


def test_document_1_the_bias_that_it_leaves_out_has_a_gradient():
    e = examples.nine_neurons
    db = conv2d_backward(e.dy, e.x, e.w)[2]
    np.testing.assert_array_equal(db, [e.dy.sum()])
    assert db[0] != 0


# Document 2: equations


def chain_of_document_3(v, *, slope_twice=False):
    """The gradient of document 3's kernel, with SciPy, from the two deltas that its parent question gives."""
    n, x = examples.two_dimensions_network, examples.two_dimensions.x[0, 0]
    y = correlate2d(x, n.w[0, 0], "valid")
    m = y.reshape(2, 2, 2, 2).max(axis=(1, 3))
    a = expit(m)
    dm = (n.delta @ v).reshape(2, 2) * a * (1 - a)
    dy = np.where(y == np.kron(m, np.ones((2, 2))), np.kron(dm, np.ones((2, 2))), 0)
    if slope_twice:
        dy = dy * expit(y) * (1 - expit(y))
    return correlate2d(x, dy, "valid"), dy, y, m


def test_document_2_its_first_equation_is_right_outside_and_garbled_in_the_middle():
    n = examples.two_dimensions_network
    z, t = np.array([0.9, -0.03]), n.t

    def loss(z):
        return anp.sum((t - 1 / (1 + anp.exp(-z))) ** 2) / 2

    nabla = expit(z) - t
    slope = expit(z) * (1 - expit(z))
    np.testing.assert_allclose(grad(loss)(z), nabla * slope, rtol=1e-12)
    np.testing.assert_allclose(np.diag(slope) @ nabla, nabla * slope, rtol=1e-12)
    assert np.abs(z.sum() * nabla - nabla * slope).max() > 0.2


def test_document_2_nulling_neurons_is_wrong_where_windows_overlap():
    e = examples.pooling
    windows = [range(i, i + e.size) for i in range(0, len(e.x) - e.size + 1, e.stride)]
    matrix = np.array([[float(j in window) for j in range(len(e.x))] for window in windows])
    winners = [max(window, key=lambda j: e.x[j]) for window in windows]
    entries = matrix * [[float(j == winner) for j in range(len(e.x))] for winner in winners]
    neurons = np.array([float(j in winners) for j in range(len(e.x))])
    np.testing.assert_array_equal(entries.T @ e.dy, [0, 10, 101, 0])
    np.testing.assert_array_equal(neurons * (matrix.T @ e.dy), [0, 110, 101, 0])
    dx = max_pool2d_backward(e.dy.reshape(1, 1, 1, 3), e.x.reshape(1, 1, 1, 4), (1, 2), stride=(1, 1))
    np.testing.assert_array_equal(dx[0, 0, 0], entries.T @ e.dy)


def test_document_2_nulling_neurons_is_right_where_windows_do_not_overlap():
    _, dy, y, m = chain_of_document_3(examples.two_dimensions_network.v)
    matrix = np.array(
        [[float((i // 4 // 2, i % 4 // 2) == at) for i in range(16)] for at in np.ndindex(2, 2)]
    )
    assert set(matrix.ravel()) == {0, 1}
    dm = np.array([dy[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].sum() for i, j in np.ndindex(2, 2)])
    won = np.isin(y.ravel(), m.ravel())
    np.testing.assert_array_equal(won * (matrix.T @ dm), (matrix * won).T @ dm)
    np.testing.assert_array_equal(won * (matrix.T @ dm), dy.ravel())


def test_document_2_the_indicator_is_no_subgradient_on_a_tie():
    x = np.array([3.0, 3.0])
    handed_back = (x == x.max()) * 1.0
    np.testing.assert_array_equal(handed_back, [1, 1])
    step = np.ones(2)
    slope = np.max(x + step) - np.max(x)
    assert slope == 1 < handed_back @ step, "a subgradient may never promise more than the maximum gains"


def test_document_2_the_slope_belongs_to_one_of_the_two_layers():
    v = examples.two_dimensions_network.v
    once, twice = chain_of_document_3(v)[0], chain_of_document_3(v, slope_twice=True)[0]
    np.testing.assert_allclose(once[0, 0], 0.04475728, atol=5e-9)
    np.testing.assert_allclose(twice[0, 0], 0.0106961, atol=5e-8)
    assert 4 < once[0, 0] / twice[0, 0] < 4.2


def test_document_2_an_increasing_activation_may_stand_on_either_side_of_the_pool():
    _, dy, y, m = chain_of_document_3(examples.two_dimensions_network.v)
    before = expit(y).reshape(2, 2, 2, 2).max(axis=(1, 3))
    np.testing.assert_array_equal(before, expit(m))
    da = (examples.two_dimensions_network.delta @ examples.two_dimensions_network.v).reshape(2, 2)
    routed = np.where(expit(y) == np.kron(before, np.ones((2, 2))), np.kron(da, np.ones((2, 2))), 0)
    np.testing.assert_allclose(routed * expit(y) * (1 - expit(y)), dy, rtol=1e-14)


def test_document_2_not_updated_unless_on_holds_for_deltas_and_not_for_weights():
    dw, dy, _, _ = chain_of_document_3(examples.two_dimensions_network.v)
    assert np.count_nonzero(dy) == 4 and dy.size == 16
    assert np.count_nonzero(dw) == dw.size == 4


def test_document_2_the_shared_weight_needs_an_offset_that_its_index_lacks():
    e = examples.one_dimension
    x, dy = e.x[0, 0], e.dy[0, 0]
    literal = [sum(dy[i] * x[i] for i in range(2)) for _ in range(2)]
    shifted = [sum(dy[i] * x[i + m] for i in range(2)) for m in range(2)]
    np.testing.assert_allclose(literal, [0.3, 0.3], rtol=1e-12)
    np.testing.assert_allclose(shifted, [0.3, 0.4], rtol=1e-12)


def test_document_2_layers_are_not_optimized_separately():
    v = examples.two_dimensions_network.v
    np.testing.assert_allclose(chain_of_document_3(2 * v)[0], 2 * chain_of_document_3(v)[0], rtol=1e-14)


# Document 3 and its parent question


X, W = examples.two_dimensions.x[0, 0], examples.two_dimensions_network.w[0, 0]
CUT = examples.two_dimensions.dy[0, 0]
ASKER = examples.two_dimensions_network.stated.pool_delta
PRINTED = examples.two_dimensions.stated.dw
PLACES = [(1, 1), (0, 2), (2, 1), (3, 3)]
"""Where the maxima of the four windows stand in the 4x4 output, row by row of the 2x2 pool."""


def at_winners(deltas):
    dy = np.zeros((4, 4))
    for place, delta in zip(PLACES, deltas, strict=True):
        dy[place] = delta
    return dy


def full_precision():
    n = examples.two_dimensions_network
    a = expit(np.array([float(forward(decimals(X), decimals(W))[place]) for place in PLACES]))
    return a, (n.delta @ n.v) * a * (1 - a)


def test_document_3_the_numbers_are_those_that_the_two_texts_give():
    assert X.tolist() == [
        [0.51, 0.9, 0.88, 0.84, 0.05],
        [0.4, 0.62, 0.22, 0.59, 0.1],
        [0.11, 0.2, 0.74, 0.33, 0.14],
        [0.47, 0.01, 0.85, 0.7, 0.09],
        [0.76, 0.19, 0.72, 0.17, 0.57],
    ]
    assert CUT.tolist() == [[0, 0, 0.0686, 0], [0, 0.0364, 0, 0], [0, 0.0467, 0, 0], [0, 0, 0, -0.0681]]
    n = examples.two_dimensions_network
    assert W.tolist() == [[-0.13, 0.15], [-0.51, 0.62]] and n.pool == 2
    assert n.v.tolist() == [[0.61, 0.82, 0.96, -1.0], [0.02, -0.5, 0.23, 0.17]] and n.delta.tolist() == [
        0.25,
        -0.15,
    ]


def test_document_3_the_first_output_is_rounded():
    y = forward(decimals(X), decimals(W))
    stated = D(repr(examples.two_dimensions.stated.first_output))
    assert y.shape == (4, 4)
    assert y[0, 0] == D("0.2491") and stated == D("0.25") == y[0, 0].quantize(D("0.01"), ROUND_HALF_UP)
    assert stated - y[0, 0] == D("0.0009")


def test_document_3_the_winners_stand_where_it_puts_its_deltas():
    y = forward(decimals(X), decimals(W))
    winners = [max(product((i, i + 1), (j, j + 1)), key=lambda at: y[at]) for i, j in product((0, 2), (0, 2))]
    assert winners == PLACES
    assert {at for at in np.ndindex(4, 4) if CUT[at]} == set(PLACES)
    assert [y[at] for at in winners] == [D("0.3092"), D("0.2652"), D("0.6069"), D("0.1892")]


def test_document_3_full_precision():
    a, deltas = full_precision()
    np.testing.assert_allclose(a, [0.5767, 0.5659, 0.6472, 0.5472], atol=5e-5)
    np.testing.assert_allclose(deltas, [0.03649574, 0.06878349, 0.04692024, -0.06826229], atol=5e-9)
    dw = correlate2d(X, at_winners(deltas), "valid")
    np.testing.assert_allclose(dw, [[0.04475728, 0.09438457], [0.01129613, 0.06856181]], atol=5e-9)
    np.testing.assert_allclose(
        conv2d_backward(at_winners(deltas)[None, None], X[None, None], W[None, None])[1][0, 0], dw, rtol=1e-13
    )


def test_document_3_the_parents_deltas_come_from_activations_rounded_to_two_places():
    a, deltas = full_precision()
    n = examples.two_dimensions_network
    rough = [D(repr(float(value))).quantize(D("0.01"), ROUND_HALF_UP) for value in a]
    assert rough == [D("0.58"), D("0.57"), D("0.65"), D("0.55")]
    back = [sum(d * v for d, v in zip(decimals(n.delta), column, strict=True)) for column in decimals(n.v).T]
    exact = [b * r * (1 - r) for b, r in zip(back, rough, strict=True)]
    assert exact == list(decimals(ASKER))
    off = np.abs(deltas - ASKER)
    assert (off > 7e-5).all(), "every one of them differs from full precision"
    np.testing.assert_allclose(off.max(), 0.000169, atol=5e-7)
    np.testing.assert_allclose((off / np.abs(deltas)).max(), 0.0036, atol=5e-5)


def test_document_3_its_deltas_are_the_parents_cut_off_and_not_rounded():
    printed = [D(repr(float(CUT[place]))) for place in PLACES]
    assert printed == [value.quantize(D("0.0001"), ROUND_DOWN) for value in decimals(ASKER)]
    rounded = [value.quantize(D("0.0001"), ROUND_HALF_UP) for value in decimals(ASKER)]
    assert [p == r for p, r in zip(printed, rounded, strict=True)] == [True, True, False, False]
    assert rounded[2:] == [D("0.0468"), D("-0.0682")] and printed[2:] == [D("0.0467"), D("-0.0681")]
    off = [abs(p - value) for p, value in zip(printed, decimals(ASKER), strict=True)]
    assert max(off) == D("0.00008625")


def test_document_3_its_gradient_is_right_to_the_last_digit_for_its_deltas():
    dw, _ = gradient(decimals(X), decimals(W), decimals(CUT))
    assert (dw == decimals(PRINTED)).all()


def test_document_3_its_gradient_differs_from_those_of_the_uncut_deltas():
    asker, _ = gradient(decimals(X), decimals(W), decimals(at_winners(ASKER)))
    np.testing.assert_allclose(
        asker.astype(float), [[0.0445918, 0.0941187], [0.0112577, 0.0683124]], atol=5.1e-8
    )
    cutting = np.abs(asker - decimals(PRINTED))
    assert (cutting > 0).all() and cutting.max() == cutting[0, 1]
    np.testing.assert_allclose(float(cutting.max()), 5.77e-5, atol=5e-8)
    full = correlate2d(X, at_winners(full_precision()[1]), "valid")
    both = np.abs(full - PRINTED)
    np.testing.assert_allclose(both.max(), 0.000324, atol=5e-7)
    rounding = np.abs(asker.astype(float) / full - 1)
    np.testing.assert_allclose(rounding.max(), 0.0037, atol=5e-5)
    assert (both > 3e-5).all()


def test_document_3_scipys_line_computes_it():
    turned = np.rot90(np.rot90(CUT))
    dw = convolve2d(turned, X, "valid")
    np.testing.assert_allclose(dw, PRINTED, rtol=1e-13)
    np.testing.assert_allclose(dw, correlate2d(X, CUT, "valid"), rtol=1e-13)
    np.testing.assert_array_equal(dw, convolve2d(X, turned, "valid"), "swapping is harmless in convolve2d")
    assert np.abs(convolve2d(CUT, X, "valid") - PRINTED).max() > 0.02, "without the rotation it is wrong"


def test_document_3_correlate2d_with_swapped_arguments_returns_the_gradient_rotated():
    swapped = correlate2d(CUT, X, "valid")
    np.testing.assert_allclose(swapped, np.rot90(PRINTED, 2), rtol=1e-13)
    assert np.abs(swapped - PRINTED).max() > 0.02
    everywhere = correlate2d(np.pad(CUT, 4), X, "valid")
    np.testing.assert_allclose(everywhere[3:5, 3:5], swapped, rtol=1e-13)


def test_document_3_the_gradient_of_the_pixels_rotate_or_convolve_never_both():
    _, dx = gradient(decimals(X), decimals(W), decimals(CUT))
    dx = dx.astype(float)
    turned = np.rot90(W, 2)
    np.testing.assert_allclose(convolve2d(CUT, W, "full"), dx, atol=1e-16)
    np.testing.assert_allclose(correlate2d(CUT, turned, "full"), dx, atol=1e-16)
    for wrong in (convolve2d(CUT, turned, "full"), correlate2d(CUT, W, "full")):
        np.testing.assert_allclose(wrong[2, 1], 0.034414, rtol=1e-12)
        assert np.abs(wrong - dx).max() > 0.05
    np.testing.assert_allclose(dx[2, 1], -0.024635, rtol=1e-12)
    np.testing.assert_allclose(
        conv2d_backward(CUT[None, None], X[None, None], W[None, None])[0][0, 0], dx, atol=1e-16
    )
    assert np.count_nonzero(dx) == 13


def test_document_3_one_bias_and_not_sixteen():
    assert sum(decimals(CUT).ravel()) == D("0.0836")
    db = conv2d_backward(CUT[None, None], X[None, None], W[None, None])[2]
    np.testing.assert_allclose(db, [0.0836], rtol=1e-13)


def test_document_3_all_weights_are_updated():
    dw, _ = gradient(decimals(X), decimals(W), decimals(CUT))
    assert all(value != 0 for value in dw.ravel())
    for drop in PLACES:
        fewer = CUT.copy()
        fewer[drop] = 0
        without, _ = gradient(decimals(X), decimals(W), decimals(fewer))
        assert (without != dw).all(), "every winner has a share in every weight"


def test_document_3_the_mean_squared_error_has_no_mean():
    n = examples.two_dimensions_network
    a, _ = full_precision()
    r = n.t - n.v @ a
    half, mean = np.sum(r**2) / 2, np.mean(r**2)
    assert half == mean, "two outputs hide it"
    longer = np.append(r, 1.0)
    assert abs(np.sum(longer**2) / 2 - np.mean(longer**2)) > 0.1


def test_document_3_the_step_for_the_target_that_the_book_chose():
    n = examples.two_dimensions_network
    a, deltas = full_precision()
    np.testing.assert_allclose(n.v @ a - n.t, n.delta, atol=1e-8)

    def error(w):
        m = correlate2d(X, w, "valid").reshape(2, 2, 2, 2).max(axis=(1, 3))
        return np.sum((n.t - n.v @ expit(m).ravel()) ** 2) / 2

    dw = correlate2d(X, at_winners(deltas), "valid")
    np.testing.assert_allclose(error(W), 0.0425, atol=5e-9)
    np.testing.assert_allclose(error(W - dw), 0.02829, atol=5e-6)
    np.testing.assert_allclose(error(W) - np.sum(dw**2), 0.02676, atol=5e-6)
    for place in np.ndindex(2, 2):
        nudge = np.zeros((2, 2))
        nudge[place] = 1e-6
        slope = (error(W + nudge) - error(W - nudge)) / 2e-6
        np.testing.assert_allclose(slope, dw[place], rtol=1e-6)


# Document 4: two convolutions


def two_layers():
    e = examples.two_convolutions
    hidden = correlate2d(e.x[0, 0], e.w1[0, 0], "valid")
    return e, hidden, correlate2d(hidden, e.w2[0, 0], "valid")


def test_document_4_shapes():
    e, hidden, y = two_layers()
    assert (e.x.shape[2:], e.w1.shape[2:], hidden.shape) == (e.stated.input, e.stated.kernel, e.stated.hidden)
    assert (e.w2.shape[2:], y.shape) == (e.stated.kernel, e.stated.output)


def test_document_4_the_second_layers_gradient_is_right():
    e, hidden, y = two_layers()

    def loss(w2):
        return (anp.sum(hidden * w2) - e.t[0, 0, 0, 0]) ** 2

    np.testing.assert_array_equal(grad(loss)(e.w2[0, 0]), hidden * 2 * (y - e.t[0, 0]))


def test_document_4_the_first_layers_product_of_two_sums_is_wrong():
    e, _, y = two_layers()
    x, w1, w2 = e.x[0, 0], e.w1[0, 0], e.w2[0, 0]

    def loss(w1):
        hidden = [[anp.sum(x[i : i + 2, j : j + 2] * w1) for j in range(2)] for i in range(2)]
        return (sum(hidden[i][j] * w2[i, j] for i, j in np.ndindex(2, 2)) - e.t[0, 0, 0, 0]) ** 2

    right = grad(loss)(w1)
    delta = w2 * 2 * (y - e.t[0, 0])
    np.testing.assert_array_equal(delta, [[48, 0], [-24, 24]])
    np.testing.assert_array_equal(correlate2d(x, delta, "valid"), right)
    asker = np.array([[x[p : p + 2, q : q + 2].sum() * delta.sum() for q in range(2)] for p in range(2)])
    assert asker[0, 0] == (x[0, 0] + x[0, 1] + x[1, 0] + x[1, 1]) * delta.sum()
    np.testing.assert_array_equal(right, [[0, 120], [192, 96]])
    np.testing.assert_array_equal(asker, [[336, 240], [288, 432]])
    np.testing.assert_array_equal(np.abs(asker - right), [[336, 120], [96, 336]])


def test_document_4_the_first_weight_meets_the_four_inputs_that_it_lists():
    numbered = np.arange(1, 10).reshape(3, 3)
    slopes = correlate2d(numbered, [[1, 0], [0, 0]], "valid")
    assert slopes.ravel().tolist() == [1, 2, 4, 5]


def test_document_4_products_and_sums_agree_exactly_when_the_cross_terms_vanish():
    rng = np.random.default_rng(0)
    for _ in range(20):
        i, d = rng.integers(-9, 10, (2, 5))
        cross = sum(i[p] * d[q] for p, q in product(range(5), range(5)) if p != q)
        assert i.sum() * d.sum() - np.sum(i * d) == cross


def test_document_4_zero_covariance_is_not_enough():
    i, d = examples.zero_covariance.i, examples.zero_covariance.d
    assert np.cov(i, d, bias=True)[0, 1] == 0
    assert np.sum(i * d) == 20 and i.sum() * d.sum() == 80
    assert i.sum() * d.sum() == len(i) * np.sum(i * d)


# Document 5: one dimension


def exact_one_dimension():
    e = examples.one_dimension
    return e, *(decimals(a[0, 0]) for a in (e.x, e.w, e.dy))


def test_document_5_the_activation():
    e, x, w, _ = exact_one_dimension()
    assert list(forward(x, w)) == list(decimals(e.stated.y)) == [D("1.3"), D("2.1")]
    np.testing.assert_allclose(correlate(e.x[0, 0], e.w[0, 0], "valid"), e.stated.y, rtol=1e-15)


def test_document_5_the_weight_gradient_and_its_two_parts():
    e, x, w, dy = exact_one_dimension()
    dw, _ = gradient(x, w, dy)
    assert list(dw) == list(decimals(e.stated.dw)) == [D("0.3"), D("0.4")]
    parts = np.array([[dy[i] * x[i + m] for m in range(2)] for i in range(2)])
    assert (parts == decimals(e.stated.dw_parts)).all()
    np.testing.assert_allclose(conv1d_backward(e.dy, e.x, e.w)[1][0, 0], e.stated.dw, rtol=1e-13)


def test_document_5_the_input_gradient_and_its_two_parts():
    e, x, w, dy = exact_one_dimension()
    _, dx = gradient(x, w, dy)
    assert list(dx) == list(decimals(e.stated.dx)) == [D("-0.03"), D("0.01"), D("0.1")]
    parts = decimals(e.stated.dx_parts)
    assert list(parts[0]) == [w[0] * dy[0], w[1] * dy[0], 0] and list(parts[1]) == [
        0,
        w[0] * dy[1],
        w[1] * dy[1],
    ]
    assert list(parts.sum(axis=0)) == list(dx)
    np.testing.assert_allclose(conv1d_backward(e.dy, e.x, e.w)[0][0, 0], e.stated.dx, rtol=1e-13)


def test_document_5_the_bias_gradient_that_it_describes_and_does_not_compute():
    e, _, _, dy = exact_one_dimension()
    assert sum(dy) == D("0.1")
    np.testing.assert_allclose(conv1d_backward(e.dy, e.x, e.w)[2], [0.1], rtol=1e-13)


def test_document_5_its_general_formula_read_literally_is_wrong():
    e, x, _, dy = exact_one_dimension()
    literal = [sum(x) * delta for delta in dy]
    assert literal == [D("-0.6"), D("1.2")]
    assert [abs(a - b) for a, b in zip(literal, decimals(e.stated.dw), strict=True)] == [D("0.9"), D("0.8")]


def test_document_5_the_product_of_sums_is_right_in_its_first_entry_by_accident():
    e, x, _, dy = exact_one_dimension()
    wrong = [sum(x[m : m + 2]) * sum(dy) for m in range(2)]
    assert wrong == [D("0.3"), D("0.5")]
    assert [a == b for a, b in zip(wrong, decimals(e.stated.dw), strict=True)] == [True, False]


def test_document_5_equal_weights_of_a_kernel_do_not_stay_equal():
    _, x, _, dy = exact_one_dimension()
    equal = np.array([D("0.4"), D("0.4")])
    dw, _ = gradient(x, equal, dy)
    assert dw[1] - dw[0] == D("0.1")


def test_document_5_averaging_is_the_sum_with_a_smaller_rate_in_one_layer():
    _, x, w, dy = exact_one_dimension()
    rate = D("0.5")
    copies = [[w[m] - rate * dy[i] * x[i + m] for m in range(2)] for i in range(2)]
    averaged = [sum(copy[m] for copy in copies) / 2 for m in range(2)]
    dw, _ = gradient(x, w, dy)
    assert averaged == [w[m] - rate / 2 * dw[m] for m in range(2)]


def test_document_5_averaging_is_no_common_rate_in_document_4s_two_layers():
    e, hidden, y = two_layers()
    dy = 2 * (y - e.t[0, 0])
    dw2 = correlate2d(hidden, dy, "valid")
    dw1 = correlate2d(e.x[0, 0], convolve2d(dy, e.w2[0, 0], "full"), "valid")
    true = np.concatenate([dw1.ravel(), dw2.ravel()])
    averaged = np.concatenate([dw1.ravel() / 4, dw2.ravel()])
    cosine = true @ averaged / np.linalg.norm(true) / np.linalg.norm(averaged)
    np.testing.assert_allclose(cosine, 0.876, atol=5e-4)


def test_all_examples_hide_mistakes_by_equal_sizes():
    one, four, five = examples.nine_neurons, examples.two_convolutions, examples.one_dimension
    assert one.stated.output == one.stated.kernel
    assert four.stated.hidden == four.stated.kernel
    assert five.dy.shape == five.w.shape
    assert np.count_nonzero(CUT) == W.size
