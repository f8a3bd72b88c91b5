"""The problems that are timed."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Conv:
    """A 2D convolution: N images of C channels and H x H pixels, K kernels of P x P."""

    name: str
    N: int
    C: int
    H: int
    K: int
    P: int
    stride: int = 1
    padding: int = 0

    @property
    def out(self):
        """Side of the output."""
        return (self.H + 2 * self.padding - self.P) // self.stride + 1

    @property
    def sizes(self):
        """All sizes for a record."""
        return {**asdict(self), "out": self.out}


@dataclass(frozen=True)
class Pool:
    """A 2D max-pooling of N images of C channels and H x H pixels."""

    name: str
    N: int
    C: int
    H: int
    size: int
    stride: int

    @property
    def out(self):
        """Side of the output."""
        return (self.H - self.size) // self.stride + 1

    @property
    def sizes(self):
        """All sizes for a record."""
        return {**asdict(self), "out": self.out}


CONVS = (
    Conv("document", 1, 1, 5, 1, 2),
    Conv("digits", 32, 1, 8, 8, 3),
    Conv("lenet-1", 64, 1, 28, 20, 5),
    Conv("lenet-2", 64, 20, 12, 50, 5),
    Conv("strided", 100, 3, 31, 25, 3, stride=2, padding=1),
    Conv("large", 8, 64, 56, 64, 3),
)

# What the convolutions above put out; "strided" with overlapping windows.
POOLS = (
    Pool("document", 1, 1, 4, 2, 2),
    Pool("digits", 32, 8, 6, 2, 2),
    Pool("lenet-1", 64, 20, 24, 2, 2),
    Pool("lenet-2", 64, 50, 8, 2, 2),
    Pool("strided", 100, 25, 16, 3, 2),
    Pool("large", 8, 64, 54, 2, 2),
)
