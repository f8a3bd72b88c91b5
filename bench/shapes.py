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
    Conv(name="document", N=1, C=1, H=5, K=1, P=2),
    Conv(name="digits", N=32, C=1, H=8, K=8, P=3),
    Conv(name="lenet-1", N=64, C=1, H=28, K=20, P=5),
    Conv(name="lenet-2", N=64, C=20, H=12, K=50, P=5),
    Conv(name="strided", N=100, C=3, H=31, K=25, P=3, stride=2, padding=1),
    Conv(name="large", N=8, C=64, H=56, K=64, P=3),
)

# What the convolutions above put out; "strided" with overlapping windows.
POOLS = (
    Pool(name="document", N=1, C=1, H=4, size=2, stride=2),
    Pool(name="digits", N=32, C=8, H=6, size=2, stride=2),
    Pool(name="lenet-1", N=64, C=20, H=24, size=2, stride=2),
    Pool(name="lenet-2", N=64, C=50, H=8, size=2, stride=2),
    Pool(name="strided", N=100, C=25, H=16, size=3, stride=2),
    Pool(name="large", N=8, C=64, H=54, size=2, stride=2),
)
