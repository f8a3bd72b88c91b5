"""What is compared: cnnlab, PyTorch, SciPy, plain loops, and the floor. Each is a pair of functions without arguments.

A pair is (forward, forward and backward). All share the same arrays, float32.
"""

import numpy as np

import cnnlab


def conv_arrays(shape, images=None):
    """x, w, b, dy of a convolution problem, with `images` instead of N images if given."""
    rng = np.random.default_rng(0)
    n = images or shape.N
    sizes = (n, shape.C, shape.H, shape.H), (shape.K, shape.C, shape.P, shape.P), (shape.K,)
    return [rng.standard_normal(s, np.float32) for s in (*sizes, (n, shape.K, shape.out, shape.out))]


def conv_cnnlab(shape):
    """cnnlab itself."""
    x, w, b, dy = conv_arrays(shape)
    options = {"stride": shape.stride, "padding": shape.padding}

    def forward():
        return cnnlab.conv2d(x, w, b, **options)

    def both():
        return forward(), cnnlab.conv2d_backward(dy, x, w, **options)

    return forward, both


def conv_torch(shape):
    """PyTorch on the CPU; the forward pass alone without recording for the backward pass."""
    import torch
    from torch.nn.functional import conv2d

    x, w, b, dy = (torch.from_numpy(a) for a in conv_arrays(shape))
    leaves = [a.requires_grad_() for a in (x, w, b)]

    def forward():
        with torch.no_grad():
            return conv2d(x, w, b, stride=shape.stride, padding=shape.padding)

    def both():
        y = conv2d(x, w, b, stride=shape.stride, padding=shape.padding)
        return torch.autograd.grad(y, leaves, dy)

    return forward, both


def conv_floor(shape):
    """The three matrix products that the operation cannot do without, on matrices that are there already."""
    rng = np.random.default_rng(0)
    depth, width = shape.C * shape.P**2, shape.N * shape.out**2
    kernels, columns, dz = (
        rng.standard_normal(size, np.float32) for size in ((shape.K, depth), (depth, width), (shape.K, width))
    )

    def forward():
        return np.matmul(kernels, columns)

    def both():
        return forward(), np.matmul(dz, columns.T), np.matmul(kernels.T, dz)

    return forward, both


def conv_loops(shape, images):
    """Loops over images, kernels and output positions; only the product with one window is left to NumPy."""
    x, w, b, dy = conv_arrays(shape, images)
    p, s, size = shape.padding, shape.stride, shape.P
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    positions = [(n, k, i, j) for n, k, i, j in np.ndindex(*dy.shape)]

    def forward():
        y = np.empty_like(dy)
        for n, k, i, j in positions:
            y[n, k, i, j] = (xp[n, :, i * s : i * s + size, j * s : j * s + size] * w[k]).sum() + b[k]
        return y

    def both():
        forward()
        dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), np.zeros_like(b)
        for n, k, i, j in positions:
            window = n, slice(None), slice(i * s, i * s + size), slice(j * s, j * s + size)
            dw[k] += dy[n, k, i, j] * xp[window]
            dxp[window] += dy[n, k, i, j] * w[k]
            db[k] += dy[n, k, i, j]
        return dxp[:, :, p : p + shape.H, p : p + shape.H], dw, db

    return forward, both


def conv_scipy(shape, images):
    """scipy.signal, one call an image and kernel. It has no stride: None for a stride above one."""
    if shape.stride > 1:
        return None
    from scipy.signal import convolve, correlate

    x, w, b, dy = conv_arrays(shape, images)
    p = shape.padding
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    pairs = [(n, k) for n in range(len(x)) for k in range(len(w))]

    def forward():
        y = np.empty_like(dy)
        for n, k in pairs:
            y[n, k] = correlate(xp[n], w[k], "valid")[0] + b[k]
        return y

    def both():
        forward()
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        for n, k in pairs:
            dw[k] += correlate(xp[n], dy[n, k, None], "valid")
            dxp[n] += convolve(dy[n, k, None], w[k], "full")
        return dxp[:, :, p : p + shape.H, p : p + shape.H], dw, dy.sum(axis=(0, 2, 3))

    return forward, both


def pool_arrays(shape, images=None):
    """x and dy of a pooling problem."""
    rng = np.random.default_rng(0)
    n = images or shape.N
    sizes = (n, shape.C, shape.H, shape.H), (n, shape.C, shape.out, shape.out)
    return [rng.standard_normal(s, np.float32) for s in sizes]


def pool_cnnlab(shape):
    """cnnlab itself."""
    x, dy = pool_arrays(shape)

    def forward():
        return cnnlab.max_pool2d(x, shape.size, stride=shape.stride)

    def both():
        return forward(), cnnlab.max_pool2d_backward(dy, x, shape.size, stride=shape.stride)

    return forward, both


def pool_torch(shape):
    """PyTorch on the CPU."""
    import torch
    from torch.nn.functional import max_pool2d

    x, dy = (torch.from_numpy(a) for a in pool_arrays(shape))
    x.requires_grad_()

    def forward():
        with torch.no_grad():
            return max_pool2d(x, shape.size, shape.stride)

    def both():
        return torch.autograd.grad(max_pool2d(x, shape.size, shape.stride), x, dy)

    return forward, both


def pool_floor(shape):
    """One copy of x for each direction: every entry is read once and written once."""
    x, _ = pool_arrays(shape)
    return x.copy, lambda: (x.copy(), x.copy())


def pool_loops(shape, images):
    """Loops over images, channels and output positions; the maximum of one window is left to NumPy."""
    x, dy = pool_arrays(shape, images)
    s, size = shape.stride, shape.size
    positions = list(np.ndindex(*dy.shape))

    def forward():
        y = np.empty_like(dy)
        for n, c, i, j in positions:
            y[n, c, i, j] = x[n, c, i * s : i * s + size, j * s : j * s + size].max()
        return y

    def both():
        forward()
        dx = np.zeros_like(x)
        for n, c, i, j in positions:
            p, q = divmod(x[n, c, i * s : i * s + size, j * s : j * s + size].argmax(), size)
            dx[n, c, i * s + p, j * s + q] += dy[n, c, i, j]
        return dx

    return forward, both
