"""Train the digits network of the book in PyTorch and store what came out.

`python -m tests_torch.record_training` writes src/cnnlab/data/records/torch_training.json: the chapter on the whole network
shows it to readers who have no PyTorch. The initial weights and the batches are those of cnnlab.
"""

import inspect
import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from cnnlab.datasets import digits
from cnnlab.network import batches, digits_network, train

COMMAND = "python -m tests_torch.record_training"
RECORD = Path(__file__).parents[1] / "src/cnnlab/data/records/torch_training.json"


def scores(x, w, b, v, c):
    """The digits network, written with PyTorch's own functions."""
    z = functional.conv2d(x, w, b, padding=1)
    pooled = functional.max_pool2d(functional.relu(z), 2)
    return functional.linear(pooled.flatten(1), v, c)


def train_in_torch(split, *, epochs, batch_size, rate, momentum, seed):
    """What `cnnlab.network.train` does, in float64; returns results to be compared, in plain lists."""
    params = [torch.tensor(p, requires_grad=True) for p in digits_network(0).parameters()]
    x, labels, test_x, test_labels = (torch.from_numpy(part.copy()) for part in split)
    optimizer = torch.optim.SGD(params, lr=rate, momentum=momentum)
    losses, epoch_losses, test_losses, test_accuracies = [], [], [], []

    def test():
        with torch.no_grad():
            y = scores(test_x, *params)
            test_losses.append(functional.cross_entropy(y, test_labels).item())
            test_accuracies.append((y.argmax(1) == test_labels).double().mean().item())

    test()
    for epoch in batches(len(labels), epochs=epochs, batch_size=batch_size, seed=seed):
        for batch in map(torch.from_numpy, epoch):
            optimizer.zero_grad()
            loss = functional.cross_entropy(scores(x[batch], *params), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        epoch_losses.append(float(np.mean(losses[-len(epoch) :])))
        test()
    return {
        "first_losses": losses[:5],
        "epoch_losses": epoch_losses,
        "test_losses": test_losses,
        "test_accuracies": test_accuracies,
        "first_kernel": params[0][0, 0].tolist(),
    }


def settings():
    """The defaults of `cnnlab.network.train` that both trainings use."""
    parameters = inspect.signature(train).parameters
    return {name: parameters[name].default for name in ("epochs", "batch_size", "rate", "momentum", "seed")}


def rounded(value):
    """Numbers to eight significant digits, in lists of any depth."""
    return [rounded(v) for v in value] if isinstance(value, list) else float(f"{value:.8g}")


def main():
    results = train_in_torch(digits(), **settings())
    record = {
        "command": COMMAND,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "settings": settings(),
        **{name: rounded(value) for name, value in results.items()},
    }
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {RECORD}: held-out accuracy {record['test_accuracies'][-1]:.4f}")


if __name__ == "__main__":
    main()
