"""How many errors are left, and how sure that number is; how long the queue still takes."""

from collections.abc import Callable, Sequence
from math import exp, lgamma, log, sqrt
from typing import NamedTuple

Z = 1.96  # 95 % of a normal distribution
_TAIL = 0.025  # each side of 95 %
_PRIOR = 100.0  # sure fields that the calibration's word counts as much as
_ROUNDS = 60  # of halving: beyond a float's digits


class Interval(NamedTuple):
    """Where a number lies with 95 %."""

    low: float
    high: float


class Residual(NamedTuple):
    """Errors that are expected in fields that no person reads.

    Attributes:
        fields: how many such fields there are.
        expected: errors in them.
        low, high: 95 % interval of that.
        read_blind: how many sure fields were read blind; `found_wrong` of these.
    """

    fields: int
    expected: float
    low: float
    high: float
    read_blind: int
    found_wrong: int


class Bin(NamedTuple):
    """One point of a reliability diagram.

    Attributes:
        told: mean confidence of its fields, 0 to 1.
        right: share that people confirmed, with its 95 % interval.
    """

    told: float
    right: float
    interval: Interval
    fields: int


class Forecast(NamedTuple):
    """How long the queue still takes.

    Attributes:
        hours: of one person's work; None while nobody worked.
        days: at the pace of the last days; None likewise.
    """

    hours: float | None
    days: float | None


def wilson(hits: int, trials: int) -> Interval:
    """Return the 95 % interval of a share by Wilson (1927); (0, 1) without trials."""
    if not trials:
        return Interval(0.0, 1.0)
    share, square = hits / trials, Z * Z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    room = Z * sqrt(share * (1 - share) / trials + square / (4 * trials**2)) / (1 + square / trials)
    return Interval(max(0.0, middle - room), min(1.0, middle + room))


def clopper_pearson(hits: int, trials: int) -> Interval:
    """Return the 95 % interval of a share by Clopper and Pearson (1934): never too narrow."""
    if not trials:
        return Interval(0.0, 1.0)
    low = 0.0 if not hits else _root(lambda p: 1 - _at_most(hits - 1, trials, p) - _TAIL)
    high = 1.0 if hits == trials else _root(lambda p: _TAIL - _at_most(hits, trials, p))
    return Interval(low, high)


def _root(rises: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _round in range(_ROUNDS):
        middle = (low + high) / 2
        low, high = (low, middle) if rises(middle) > 0 else (middle, high)
    return (low + high) / 2


def _at_most(hits: int, trials: int, share: float) -> float:
    """Return the probability of at most so many hits (binomial)."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 1.0 if hits >= trials else 0.0
    whole = lgamma(trials + 1)
    return sum(
        exp(
            whole
            - lgamma(count + 1)
            - lgamma(trials - count + 1)
            + count * log(share)
            + (trials - count) * log(1 - share)
        )
        for count in range(hits + 1)
    )


def residual(
    fields: int, wrong: float, variance: float, read_blind: int, found_wrong: int
) -> Residual:
    """Return the errors expected in fields that nobody reads.

    Without fields read blind it is what the calibrated confidences say, with the interval of a sum
    of chances. With them, the confidences' word counts as much as `_PRIOR` such fields, and the
    interval is that of the blind share (Clopper-Pearson), widened where the expectation lies
    outside it.

    Args:
        fields: how many there are.
        wrong: sum of their chances to be wrong; `variance` of that sum.
        variance: likewise.
        read_blind: sure fields that people read without the machine's value.
        found_wrong: how many of those the machine had wrong.
    """
    if not fields:
        return Residual(0, 0.0, 0.0, 0.0, read_blind, found_wrong)
    if not read_blind:
        room = Z * sqrt(variance)
        low, high = max(0.0, wrong - room), min(float(fields), wrong + room)
        return Residual(fields, wrong, low, high, 0, 0)
    share = (found_wrong + _PRIOR * wrong / fields) / (read_blind + _PRIOR)
    expected = share * fields
    measured = clopper_pearson(found_wrong, read_blind)
    return Residual(
        fields,
        expected,
        min(expected, measured.low * fields),
        max(expected, measured.high * fields),
        read_blind,
        found_wrong,
    )


def reliability(counts: Sequence[tuple[float, int, int]]) -> list[Bin]:
    """Return a diagram's points from (sum of confidences, fields, right ones), empty ones left out.

    What was told and what was right are the same where the confidence can be trusted.
    """
    return [
        Bin(told / fields, right / fields, wilson(right, fields), fields)
        for told, fields, right in counts
        if fields
    ]


def forecast(waiting: int, decided: int, seconds: float, days: int) -> Forecast:
    """Return how long so many fields take.

    Args:
        waiting: fields in the queue.
        decided: fields that were decided of late, in so many `seconds` of work.
        seconds: likewise.
        days: on how many days that was.
    """
    if not decided:
        return Forecast(None, None)
    hours = waiting * seconds / decided / 3600 if seconds else None
    return Forecast(hours, waiting * days / decided if days else None)
