"""The machine, the versions and the load that a record was taken with; no host name, no path."""

import datetime
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

RECORDS = Path(__file__).resolve().parents[1] / "src/cnnlab/data/records"
PACKAGES = ("numpy", "scipy", "torch", "threadpoolctl")


def cpu_model():
    """Name of the processor as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores():
    """Number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def load():
    """Load average of the last minute, or None where the system keeps none."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def describe():
    """Everything a reader needs to judge the numbers of a record."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    blas = sorted(
        {f"{p['internal_api']} {p['version']}" for p in threadpool_info() if p["user_api"] == "blas"}
    )
    return {
        "cpu": cpu_model(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        "blas": ", ".join(blas) or None,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "load_before": load(),
    }


def idle(before):
    """Whether other processes left the machine alone: less than half a processor was busy before the run."""
    return None if before is None else before < 0.5


def write(name, record, folder=RECORDS):
    """Write a record as JSON, one line for each row of a list, and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(dumps(record) + "\n", encoding="utf-8")
    print(
        f"wrote {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path.name}",
        file=sys.stderr,
    )


def dumps(value, indent=0):
    """JSON with a list's dictionaries on a line each, so that a change of one row is a change of one line."""
    pad = " " * (indent + 1)
    if isinstance(value, dict) and indent < 2:
        items = [f"{pad}{json.dumps(key)}: {dumps(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(pad + json.dumps(item) for item in value) + "\n" + " " * indent + "]"
    return json.dumps(value)
