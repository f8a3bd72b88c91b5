"""Compute the lines of PyTorch on the page *The same in PyTorch* and store what came out.

`python -m tests_torch.record_counterparts` writes src/cnnlab/data/records/torch_counterparts.json.
"""

import json
import platform
from datetime import UTC, datetime

import torch
from torch.nn import functional

from cnnlab.counterparts import GIVEN, LABELS, ROWS, value
from tests_torch.record_training import RECORD as TRAINING
from tests_torch.record_training import rounded

COMMAND = "python -m tests_torch.record_counterparts"
RECORD = TRAINING.with_name("torch_counterparts.json")


def in_torch(row):
    """What PyTorch's lines of a row compute, as plain lists."""
    arrays = {
        name: torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        for name, numbers in GIVEN.items()
    }
    names = {"torch": torch, "F": functional, "labels": torch.tensor(LABELS), **arrays}
    return value(row.torch, names).detach().tolist()


def main():
    record = {
        "command": COMMAND,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "rows": [{"what": row.what, "torch": row.torch, "numbers": rounded(in_torch(row))} for row in ROWS],
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {RECORD}: {len(ROWS)} rows")


if __name__ == "__main__":
    main()
