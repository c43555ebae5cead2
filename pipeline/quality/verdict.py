"""Judge a page: its measures and what was found about it, against the limits of a profile."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipeline.quality.profiles import Limit, Profile
from pipeline.values import Grade, Page, PageReading, Reason, Turn, Verdict

ROUNDING = 0.99  # PNG says 200 dpi as 7874 px a metre, which is 199.9996
GREY_BITS = 8
SIDES = ("left", "top", "right", "bottom")
_WORST: tuple[Grade, ...] = ("rescan", "look", "good")


class Finding(NamedTuple):
    """Something about a page that is there or not; see `Reason`."""

    name: str
    told: str = ""
    asked: str = ""


class Lie(NamedTuple):
    """How a page lay on the glass; degrees as in `PageReading`."""

    skew_deg: float
    turn_deg: Turn


def lie_of(sides: Sequence[PageReading]) -> Lie | None:
    """Return how a page lay that was read: as its side that is most askew; None when it was not."""
    lies = [Lie(side.skew_deg, side.turn_deg) for side in sides]
    return max(lies, key=lambda lie: abs(lie.skew_deg)) if lies else None


def judged(
    page: Page, profile: Profile, lie: Lie | None = None, findings: Sequence[Finding] = ()
) -> Page:
    """Return the page with the verdict of a profile.

    Args:
        lie: when that is known.
        findings: what the book as a whole tells about the page.
    """
    found = [*_limited(page, profile, lie)]
    for finding in (*_own_findings(page, lie), *findings):
        if finding.name in profile.findings:
            found.append(Reason(grade=profile.findings[finding.name].grade, **finding._asdict()))
    worst = worst_of(reason.grade for reason in found)
    found.sort(key=lambda reason: _WORST.index(reason.grade))
    return replace(page, verdict=Verdict(worst, tuple(found), profile.name))


def worst_of(grades: Iterable[Grade]) -> Grade:
    """Return the worst of grades; `good` without any."""
    told = frozenset(grades)
    return next((grade for grade in _WORST if grade in told), "good")


def judged_among(
    numbers: Collection[int],
    page: Page,
    profile: Profile,
    lie: Lie | None = None,
    findings: Sequence[Finding] = (),
) -> Page:
    """Return the page with its verdict as one of a book's pages: no double of a rejected scan.

    Args:
        numbers: of the pages that the book has, without those in the tray.
    """
    quality = page.quality
    own = quality if quality.double_of in numbers else replace(quality, double_of=0)
    return replace(judged(replace(page, quality=own), profile, lie, findings), quality=quality)


def _limited(page: Page, profile: Profile, lie: Lie | None) -> Iterator[Reason]:
    quality = page.quality
    # of each limit: the measure, whether less is worse, and how it is told
    measured = {
        "low_dpi": (page.dpi / ROUNDING, True, f"{page.dpi:.0f}"),
        "few_colours": (quality.bits, True, str(quality.bits)),
        "blurred": (quality.blur, False, f"{quality.blur:.1f}"),
        "cut": (max(quality.cut), False, _cut_sides(quality.cut)),
    }
    if quality.bits >= GREY_BITS:  # else there are no levels to speak of
        measured |= {
            "noisy": (quality.noise, False, f"{quality.noise:.1f}"),
            "burnt": (quality.clipped_white, False, f"{quality.clipped_white:.0%}"),
            "crushed": (quality.clipped_black, False, f"{quality.clipped_black:.0%}"),
        }
    if lie is not None:
        measured["skewed"] = (abs(lie.skew_deg), False, f"{lie.skew_deg:.1f}")
    for name, (measure, less_is_worse, told) in measured.items():
        if name in profile.limits:
            passed = _passed(profile.limits[name], measure, less_is_worse=less_is_worse)
            if passed is not None:
                yield Reason(name, passed[0], told, f"{passed[1]:g}")


def _passed(limit: Limit, measure: float, *, less_is_worse: bool) -> tuple[Grade, float] | None:
    """Return the grade and the number of the limit that a measure is past, the worse first."""
    steps: tuple[tuple[Grade, float | None], ...] = (
        ("rescan", limit.rescan),
        ("look", limit.look),
    )
    for grade, number in steps:
        if number is not None and (measure < number if less_is_worse else measure > number):
            return grade, number
    return None


def _cut_sides(cut: Sequence[int]) -> str:
    """Return which sides are cut, with how many strokes: `left 4, bottom 9`."""
    return ", ".join(f"{side} {count}" for side, count in zip(SIDES, cut, strict=True) if count)


def _own_findings(page: Page, lie: Lie | None) -> Iterator[Finding]:
    if page.quality.is_blank:
        yield Finding("blank")
    if page.quality.dpi_assumed:
        yield Finding("dpi_assumed", f"{page.dpi:.0f}")
    if page.quality.double_of:
        yield Finding("duplicate", str(page.quality.double_of))
    if lie is not None and lie.turn_deg:
        yield Finding("turned", str(lie.turn_deg))
