"""Widgets that step through a gradient, one term at a time.

Each widget is one small Python file, which computes the whole trace, and one ES module in `static`, which draws
it and steps through it. So a widget works where there is no Python: on the page of the built book.
"""

from cnnlab.widgets.answer_box import AnswerBox
from cnnlab.widgets.backward_pass import BackwardPass
from cnnlab.widgets.pool_routing import PoolRouting
from cnnlab.widgets.two_layers import TwoLayers
from cnnlab.widgets.weight_sharing import WeightSharing

__all__ = ["AnswerBox", "BackwardPass", "PoolRouting", "TwoLayers", "WeightSharing"]
