"""The work divided: on this machine's cores, or on a Dask cluster.

One submission never decides about another: what fails is given back with its name, and the rest goes on.
"""

import concurrent.futures
import contextlib
import multiprocessing
import sys
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from .points.scoring import failed, guarded_score
from .sandbox import outside

POOL_ATTEMPTS = 3
SCHEDULER_SECONDS = 10


def scored(tasks, options):
    """Results as they come, from this machine's cores or from a Dask cluster."""
    if not tasks:
        return
    yield from on_dask(tasks, options) if options.scheduler else on_this_machine(tasks, options)


def on_this_machine(tasks, options):
    road, leaks = outside.choose(options.allow_unsealed, options.road)
    if leaks:
        print(unsealed_warning(road, leaks), file=sys.stderr)
    jobs = {task.student: (replace(task, road=road),) for task in tasks}
    given = {task.student: task for task in tasks}
    for student, result in in_processes(guarded_score, jobs, options.workers):
        yield failed(given[student], result) if isinstance(result, Exception) else result


def in_processes(function, jobs, workers):
    """(name, result or exception) for jobs {name: arguments}, as they come.

    Where a process is killed, the jobs that were waiting go into new processes. If that happens again and again, they
    are done one by one, so that the job that kills its process is found and takes no other with it.
    """
    waiting = dict(jobs)
    for attempt in range(POOL_ATTEMPTS):
        alone = attempt == POOL_ATTEMPTS - 1
        for group in [[name] for name in waiting] if alone else [list(waiting)]:
            for name, result in in_one_pool(function, {name: waiting[name] for name in group}, workers):
                if alone or not isinstance(result, BrokenProcessPool):
                    del waiting[name]
                    yield name, result


def in_one_pool(function, jobs, workers):
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(max(1, min(workers, len(jobs))), context) as pool:
        futures = {pool.submit(function, *arguments): name for name, arguments in jobs.items()}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.exception() or future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def unsealed_warning(road, leaks):
    return (
        f"WARNING: grading on the road '{road}'. On this machine the sandbox does NOT keep these from a student's code: "
        f"{', '.join(leaks)}. Grades still come only from comparisons outside, but the code may read or change what the "
        "user who grades may."
    )


def on_dask(tasks, options):
    """The same work on a cluster: each task carries all it needs."""
    from distributed import Client, as_completed

    try:
        client = Client(options.scheduler, timeout=SCHEDULER_SECONDS)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"No Dask scheduler answers at {options.scheduler}: start one as course/README.md says, or grade without."
        ) from error
    with contextlib.closing(client):
        futures = {
            client.submit(guarded_score, replace(task, road=options.road), pure=False): task for task in tasks
        }
        for future in as_completed(list(futures)):
            error = future.exception()
            if isinstance(error, outside.NoSandbox):
                raise error
            yield failed(futures[future], error) if error else future.result()
