"""The work divided: on this machine's cores, or on a Dask cluster.

One submission never decides about another: what fails is given back with its name, and the rest goes on.
"""

import concurrent.futures
import contextlib
import itertools
import multiprocessing
import sys
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from .points.scoring import failed, guarded_score
from .sandbox import outside

IN_FLIGHT = 4  # jobs for each worker that are on their way or wait there; the others are not even read yet
SCHEDULER_SECONDS = 10


def scored(jobs, options):
    """(job, result) as they come, from this machine's cores or from a Dask cluster. jobs: any iterable."""
    yield from on_dask(jobs, options) if options.scheduler else on_this_machine(jobs, options)


def on_this_machine(jobs, options):
    first = next(jobs := iter(jobs), None)
    if first is None:
        return
    road, leaks = outside.choose(options.allow_unsealed, options.road)
    if leaks:
        print(unsealed_warning(road, leaks), file=sys.stderr)
    ready = (replace(job, road=road) for job in itertools.chain([first], jobs))
    for job, result in in_processes(guarded_score, ready, options.workers):
        yield job, failed(job, result) if isinstance(result, Exception) else result


def in_processes(function, jobs, workers):
    """(job, result or exception) for jobs, as they come.

    Where a process is killed, the jobs that were on their way get a process each, so that the one that kills its process is
    found and takes no other with it.
    """
    jobs, broken = iter(jobs), [None]
    while broken:
        broken = []
        for job, result in in_one_pool(function, jobs, workers):
            if isinstance(result, BrokenProcessPool):
                broken.append(job)
            else:
                yield job, result
        for job in broken:
            yield from in_one_pool(function, iter([job]), 1)


def in_one_pool(function, jobs, workers):
    """The same until the jobs are over, or the pool is broken: then those on their way come back with BrokenProcessPool."""
    context, futures = multiprocessing.get_context("spawn"), {}
    with concurrent.futures.ProcessPoolExecutor(max(1, workers), context) as pool:
        try:
            while True:
                for job in itertools.islice(jobs, IN_FLIGHT * workers - len(futures)):
                    try:
                        futures[pool.submit(function, job)] = job
                    except BrokenProcessPool as error:
                        yield job, error
                done, _ = concurrent.futures.wait(futures, return_when=concurrent.futures.FIRST_COMPLETED)
                if not done:
                    return
                results = [(futures.pop(future), future.exception() or future.result()) for future in done]
                yield from results
                if any(isinstance(result, BrokenProcessPool) for _, result in results):
                    yield from (
                        (futures[future], future.exception() or future.result()) for future in futures
                    )
                    return
        finally:
            pool.shutdown(cancel_futures=True)


def unsealed_warning(road, leaks):
    return (
        f"WARNING: grading on the road '{road}'. On this machine the sandbox does NOT keep these from a student's code: "
        f"{', '.join(leaks)}. Grades still come only from comparisons outside, but the code may read or change what the "
        "user who grades may."
    )


def on_dask(jobs, options):
    """The same work on a cluster: each task carries all it needs."""
    from distributed import Client, as_completed

    try:
        client = Client(options.scheduler, timeout=SCHEDULER_SECONDS)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"No Dask scheduler answers at {options.scheduler}: start one as course/README.md says, or grade without."
        ) from error
    with contextlib.closing(client):
        jobs, futures, running = iter(jobs), {}, as_completed()
        while True:
            room = IN_FLIGHT * max(1, len(client.ncores())) - len(futures)
            for job in itertools.islice(jobs, max(0, room)):
                future = client.submit(guarded_score, replace(job, road=options.road), pure=False)
                futures[future.key] = job
                running.add(future)
            if not futures:
                return
            future = next(running)
            job, error = futures.pop(future.key), future.exception()
            if isinstance(error, outside.NoSandbox):
                raise error
            yield job, failed(job, error) if error else future.result()
