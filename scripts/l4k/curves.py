# SPDX-License-Identifier: BSD-2-Clause
"""What curves of a host's latencies say: levels and their capacities, ways, lines, and how these
go with CPUID's words and the model's rules. A curve is a list of (size, cycles), sizes ascending.
"""
import math
import statistics

APART = 1.4  # levels differ by at least this factor
FLAT, FLAT_POINTS = 1.10, 3  # a level has so many points in a row within this factor
AGREES = 0.4  # octaves by which CPUID's size may differ from a measured one
MAX_WAYS = 64  # of the model


class Noisy(Exception):
    """The measurement cannot be used; the text is one line for people."""


def _error(logs):
    """Sums for the squared distance of logs[i:j] from their mean, in constant time."""
    sums, squares = [0.0], [0.0]
    for value in logs:
        sums.append(sums[-1] + value)
        squares.append(squares[-1] + value * value)
    return lambda i, j: squares[j] - squares[i] - (sums[j] - sums[i]) ** 2 / (j - i)


def _steps(curve, count):
    """The curve cut into `count` parts, so that a step function through them fits its logarithms
    best (least squares, by dynamic programming)."""
    n, error = len(curve), _error([math.log(cycles) for _, cycles in curve])
    best = [[(error(0, j), 0) if j else (math.inf, 0) for j in range(n + 1)]]
    for _ in range(1, count):
        last = best[-1]
        best.append([min(((last[i][0] + error(i, j), i) for i in range(1, j)),
                         default=(math.inf, 0)) for j in range(n + 1)])
    parts, end = [], n
    for row in reversed(best):
        start = row[end][1]
        parts.insert(0, curve[start:end])
        end = start
    return parts


def flattest(part):
    """(cycles, ratio): median and spread of the flattest FLAT_POINTS points in a row."""
    windows = [[cycles for _, cycles in part[i:i + FLAT_POINTS]]
               for i in range(max(1, len(part) - FLAT_POINTS + 1))]
    window = min(windows, key=lambda cycles: max(cycles) / min(cycles))
    return statistics.median(window), max(window) / min(window) \
        if len(window) == FLAT_POINTS else math.inf


def levels(curve, most, last_flat=True):
    """[(cycles, capacity)]: the plateaus of a latency curve, at most `most`, and up to which size
    each reaches: where the curve crosses the geometric mean of its neighbours. The last has None.
    `last_flat`: the last one must be flat, too; else its cycles are those of the last point."""
    for count in range(most, 0, -1):
        parts = _steps(curve, count)
        found = [flattest(part) for part in parts]
        must = found if last_flat else found[:-1]
        cycles = [one for one, _ in found]
        if not last_flat:
            cycles[-1] = curve[-1][1]
        if all(ratio <= FLAT for _, ratio in must) and \
                all(b / a >= APART for a, b in zip(cycles, cycles[1:])):
            return list(zip(cycles, [crossing(curve, math.sqrt(a * b))
                                     for a, b in zip(cycles, cycles[1:])] + [None]))
    raise Noisy("the host is too noisy: a latency curve has no level part")


def crossing(curve, cycles):
    """The size at which the curve comes to `cycles` for the last time, between two points."""
    i = max(i for i, (_, seen) in enumerate(curve) if seen < cycles)
    (low, below), (high, above) = curve[i], curve[min(i + 1, len(curve) - 1)]
    if above <= below:
        return low
    share = math.log(cycles / below) / math.log(above / below)
    return low * (high / low) ** share


def ways_of(curve):
    """How many lines of one set fit: the last number before the first rise. None without one."""
    rise = next((n for n, cycles in curve if cycles > APART * curve[0][1]), None)
    return rise - 1 if rise else None


def line_of(curve):
    """From which distance on a pair of loads is no longer in one line; None if there is no step."""
    low, high = min(cycles for _, cycles in curve), max(cycles for _, cycles in curve)
    if high < 1.1 * low:
        return None
    return next(apart for apart, cycles in curve if cycles > (low + high) / 2)


# --- Geometry ---

def fit_ways(units, wanted):
    """The number of ways next to `wanted` that makes a power of two of sets; None if none does."""
    fitting = [ways for ways in range(1, min(units, MAX_WAYS) + 1)
               if units % ways == 0 and (units // ways).bit_count() == 1]
    return min(fitting, key=lambda ways: abs(math.log(ways / wanted)), default=None)


def round_down(number):
    """The largest of 4, 5, 6 or 7 times a power of two that is not above `number`."""
    shift = max(0, int(number * 1.02).bit_length() - 3)
    return int(number * 1.02) >> shift << shift


def agrees(measured, said):
    """Is CPUID's size the measured one?"""
    return abs(math.log2(measured / said)) <= AGREES


def settle(measured, said, wanted, unit=1):
    """(units * unit, ways, source, source of the ways) of a cache or buffer: CPUID's size if it is
    about the measured one, otherwise the measured one. `said` and `wanted`, ways, may be None."""
    if said and (measured is None or agrees(measured, said)):
        size = said
        source = "CPUID" + (f"; measured: about {measured:.0f}" if measured else "")
    else:
        size = round_down(measured / unit) * unit
        source = f"measured: about {measured:.0f}" + (f"; CPUID says {said}" if said else "")
    ways = fit_ways(size // unit, wanted or 8)
    if ways is None:
        size = round_down(size / unit) * unit
        ways = fit_ways(size // unit, wanted or 8)
    how = "CPUID" if ways == wanted else f"fits the sets; CPUID says {wanted}" if wanted else \
        "assumed: CPUID says nothing"
    return size, ways, source, how
