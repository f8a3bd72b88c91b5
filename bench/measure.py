"""Times taken in turn, so that the load of the machine falls on every contestant alike."""

import random
import time

import numpy as np

# On one thread the processor time of this process is the time that a quiet machine would take: what other processes
# take away does not count. With several threads only the time on the wall says how long one waits.
ONE_THREAD, WALL = time.process_time, time.perf_counter


def seconds(function, calls, clock=ONE_THREAD):
    """Seconds of one call, averaged over `calls` calls."""
    start = clock()
    for _ in range(calls):
        function()
    return (clock() - start) / calls


def in_turn(contestants, rounds, clock=ONE_THREAD, least=0.004, pause=0.0, progress=None):
    """Time every contestant once a round, in a random order; return {name: seconds of each round}.

    A time is the mean of so many calls that they last at least `least` seconds, preceded by a call that does not
    count and, where threads of another library may still be spinning, by a pause. With `least` 0 a time is one call
    and nothing else is run, for contestants that take seconds.
    """
    calls = dict.fromkeys(contestants, 1)
    if least:
        for name, function in contestants.items():
            function()
            calls[name] = max(1, round(least / max(seconds(function, 1, clock), 1e-7)))
    times = {name: [] for name in contestants}
    order = list(contestants)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            time.sleep(pause)
            if least:
                contestants[name]()
            times[name].append(seconds(contestants[name], calls[name], clock))
        if progress is not None:
            progress.update()
    return times


def spread(values, digits=4):
    """Median and quartiles, to `digits` significant digits."""
    q1, median, q3 = (float(f"{value:.{digits}g}") for value in np.percentile(values, [25, 50, 75]))
    return {"median": median, "q1": q1, "q3": q3}


def milliseconds(times, factor=1.0):
    """Spread and smallest of times in milliseconds, multiplied by `factor`."""
    values = np.asarray(times) * 1e3 * factor
    return {**spread(values), "best": float(f"{values.min():.4g}")}


def ratio(times, one, other, factor=1.0):
    """Spread of the ratios of two contestants, taken round by round, and the ratio of their smallest times."""
    ones, others = factor * np.asarray(times[one]), np.asarray(times[other])
    return {**spread(ones / others, digits=3), "best": float(f"{ones.min() / others.min():.3g}")}
