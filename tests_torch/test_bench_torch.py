"""What the benchmark compares with PyTorch computes the same as cnnlab."""

import numpy as np
import pytest

from bench import contestants
from bench.shapes import Conv, Pool


@pytest.mark.parametrize("shape", [Conv("plain", 2, 3, 7, 4, 3), Conv("strided", 3, 2, 8, 3, 3, 2, 1)])
def test_convolution(shape):
    ours, torch = contestants.conv_cnnlab(shape), contestants.conv_torch(shape)
    np.testing.assert_allclose(ours[0](), torch[0]().numpy(), rtol=1e-4, atol=1e-4)
    for one, other in zip(ours[1]()[1], torch[1](), strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [Pool("apart", 2, 3, 6, 2, 2), Pool("overlapping", 2, 2, 7, 3, 2)])
def test_pooling(shape):
    ours, torch = contestants.pool_cnnlab(shape), contestants.pool_torch(shape)
    np.testing.assert_array_equal(ours[0](), torch[0]().numpy())
    np.testing.assert_allclose(ours[1]()[1], torch[1]()[0].numpy(), rtol=1e-6)
