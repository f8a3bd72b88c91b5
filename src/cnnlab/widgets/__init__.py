"""Widgets that step through a gradient, one term at a time.

Each widget is one small Python file, which computes what it shows at first, and one script in `static`, which draws it,
steps through it, and follows a reader who changes its numbers, with the arithmetic of `static/arithmetic.js`. So a
widget works where there is no Python: on the page of the built book.
"""

from cnnlab.widgets.answer_box import AnswerBox
from cnnlab.widgets.backward_pass import BackwardPass
from cnnlab.widgets.delta_sheet import DeltaSheet
from cnnlab.widgets.pool_routing import PoolRouting
from cnnlab.widgets.practice import Practice
from cnnlab.widgets.sliding_kernel import SlidingKernel
from cnnlab.widgets.three_sums import ThreeSums
from cnnlab.widgets.turn import Turn
from cnnlab.widgets.two_layers import TwoLayers
from cnnlab.widgets.weight_sharing import WeightSharing

__all__ = [
    "AnswerBox",
    "BackwardPass",
    "DeltaSheet",
    "PoolRouting",
    "Practice",
    "SlidingKernel",
    "ThreeSums",
    "Turn",
    "TwoLayers",
    "WeightSharing",
]
