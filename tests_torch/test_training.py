"""The digits network trained by cnnlab and by PyTorch from the same start ends at the same numbers."""

import json

import numpy as np
import pytest

from cnnlab.datasets import digits
from cnnlab.network import digits_network, train
from tests_torch.record_training import COMMAND, RECORD, settings, train_in_torch


@pytest.fixture(scope="module")
def in_torch():
    return train_in_torch(digits(), **settings())


def test_cnnlab_and_torch_agree(in_torch):
    network = digits_network(0)
    history = train(network, digits())
    np.testing.assert_allclose(in_torch["first_losses"], history.losses[:5], rtol=1e-12)
    epoch_losses = np.reshape(history.losses, (len(in_torch["epoch_losses"]), -1)).mean(axis=1)
    np.testing.assert_allclose(in_torch["epoch_losses"], epoch_losses, rtol=1e-10)
    np.testing.assert_allclose(in_torch["test_losses"], history.test_losses, rtol=1e-10)
    np.testing.assert_array_equal(in_torch["test_accuracies"], history.test_accuracies)
    np.testing.assert_allclose(in_torch["first_kernel"], network.parameters()[0][0, 0], rtol=1e-10)


def test_the_record_is_what_torch_computes(in_torch):
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert record["settings"] == settings()
    assert record["command"] == COMMAND
    for name, values in in_torch.items():
        np.testing.assert_allclose(
            record[name], values, rtol=1e-7, err_msg=f"{name}: renew it with {COMMAND}"
        )
