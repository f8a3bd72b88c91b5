"""Backpropagation in convolutional networks: the backend of the book. Needs NumPy only."""

from cnnlab.conv import conv1d, conv1d_backward, conv2d, conv2d_backward
from cnnlab.pool import max_pool2d, max_pool2d_backward

__all__ = ["conv1d", "conv1d_backward", "conv2d", "conv2d_backward", "max_pool2d", "max_pool2d_backward"]
