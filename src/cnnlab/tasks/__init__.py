"""What a reader can write and have checked: one record for each function, in four modules.

Checks (`cnnlab.check`), the right answers and the arguments of the catalogue of mistakes (`cnnlab.misconceptions`), its
page and its tests are all made from `TASKS`. A new checked function is one new record.
"""

from cnnlab.tasks import convolution, network, pooling, training
from cnnlab.tasks.task import REQUIRED, SPECIAL, Case, Probe, Task

__all__ = ["REQUIRED", "SPECIAL", "TASKS", "Case", "Probe", "Task", "task_of"]

TASKS: dict[str, Task] = {
    task.name: task for module in (convolution, pooling, network, training) for task in module.TASKS
}
"""Every task by its name."""


def task_of(target: str) -> Task:
    """A task that has a target of the catalogue, such as ``conv.dw``: the group, and the name of a returned array.

    The target may also be called by the function, with or without ``_backward``, as in ``conv1d_backward.dw``. Raises
    KeyError with the known targets.
    """
    function, _, part = target.partition(".")
    named = TASKS.get(function) or TASKS.get(f"{function}_backward")
    group = named.group if named else function
    for task in TASKS.values():
        if task.group == group and part in task.returns:
            return task
    known = dict.fromkeys(f"{task.group}.{part}" for task in TASKS.values() for part in task.returns)
    raise KeyError(f"{target!r} names no returned array; known are {', '.join(known)}")
