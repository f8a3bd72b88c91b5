"""Time one thing at growing image sides, print its ratios, write its record."""

from threadpoolctl import threadpool_limits
from tqdm import tqdm

from bench.machine import describe, idle, write


def record_sides(name, about, sides, rounds, one_side):
    """Write records/NAME.json with `one_side(n, progress)` for every side n, on one thread."""
    record = {"about": about, "machine": describe(), "rounds": rounds}
    with (
        threadpool_limits(1),
        tqdm(total=len(sides) * rounds, desc=name, leave=False, mininterval=1) as progress,
    ):
        record["sides"] = [one_side(n, progress) for n in sides]
    record["machine"]["idle"] = idle(record["machine"]["load_before"])
    for row in record["sides"]:
        parts = ", ".join(f"{key} {value['best']:.3g}" for key, value in row["ratios"].items())
        print(f"n = {row['side']:3}: {parts}")
    write(name, record)
