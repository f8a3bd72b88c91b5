"""What the comparisons share: one thread, because the problems are small, and no verdict by the clock."""

import hypothesis
import torch

torch.set_num_threads(1)
hypothesis.settings.register_profile("cnnlab", deadline=None)
hypothesis.settings.load_profile("cnnlab")
