"""Take ruling lines and leaders off the page, and leave the strokes that cross them."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.connected import connected
from pipeline.layout.course import passes
from pipeline.layout.darkness import Scale, even_light, paper_of
from pipeline.layout.rules import Rule, Rules
from pipeline.values import Line, PageImage, Pixels

WHITE = 255
SIDE_MM = 0.35  # how far beside a rule a stroke must go on to count as crossing it
DRIFT_MM = 0.25  # how far a rule may wander from the path that was found for it
MIN_CONTRAST = 40  # darkness beside a rule that is a stroke
DARKER = 45  # ink on a rule is darker than the rule by this
RIM_MM = 0.25  # beyond a rule's half width, so that its blur is not taken for strokes
MIN_BARE_PX = 20  # of a rule, without strokes at it, that tell how dark it is
MIN_THROUGH = 60  # least light, of 255, that a rule lets through for strokes to be told in it
FAINT = 40  # darkness of what is left of the rule where strokes touch it
UNEVEN = 1.12  # of its usual darkness, the rule's own where it is darker
MIN_ROW = 5  # dots of a leader that tell its step
OFF_STEP = 0.2  # of a step, by which a dot may be out of step
LONG_WORD = 14  # dots in a row that a word hides at most
ONWARD, BACK = 5, 2  # dots beyond a run that are sought: before a leader stands its label
RING_PX = 1.5  # from a dot's rim to the ring that tells what touches it
RING_POINTS = 24
MAX_ARC = 0.35  # of the ring, inked by a stroke that ends at the dot or passes beside it


def erase_rules(image: PageImage, rules: Rules) -> PageImage:
    """Return the page on even white paper, without its rules and leaders."""
    scale = Scale(image.dpi)
    even = even_light(image.pixels, paper_of(image.pixels, scale))
    erase_from(even, rules, scale)
    return replace(image, pixels=even)


def erase_from(even: Pixels, rules: Rules, scale: Scale) -> None:
    """Erase rules and leaders, in place, from a page whose paper is an even white."""
    for rule in rules.horizontal:
        _erase(even, rule, scale, turned=False)
    turned = even.T  # a view: what is erased in it is erased in the page
    for rule in rules.vertical:
        _erase(turned, rule, scale, turned=True)
    _erase_crossings(even, rules, scale)
    for leader in rules.leaders:
        _erase_dots(even, leader, scale)


def line_image(image: PageImage, line: Line, rules: Rules) -> Pixels:
    """Return the upright box around one line, dark on even white paper, without rules."""
    points = np.asarray(line.polygon)
    left, top = np.floor(points.min(axis=0)).astype(int)
    right, bottom = np.ceil(points.max(axis=0)).astype(int) + 1
    rim = Scale(image.dpi).whole(6.0)
    height, width = image.pixels.shape
    x0, y0 = max(0, left - rim), max(0, top - rim)
    x1, y1 = min(width, right + rim), min(height, bottom + rim)
    part = replace(image, pixels=image.pixels[y0:y1, x0:x1])
    clean = erase_rules(part, _moved(rules, -x0, -y0)).pixels
    return clean[max(0, top - y0) : bottom - y0, max(0, left - x0) : right - x0]


def _moved(rules: Rules, x: int, y: int) -> Rules:
    def moved(group: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(
            rule._replace(points=tuple((a + x, b + y) for a, b in rule.points)) for rule in group
        )

    return Rules(moved(rules.horizontal), moved(rules.vertical), moved(rules.leaders))


def _erase(page: Pixels, rule: Rule, scale: Scale, *, turned: bool) -> None:
    """Erase one rule that runs along the page's x from `page`, in place."""
    points = np.asarray(rule.points)
    along, across = (points[:, 1], points[:, 0]) if turned else (points[:, 0], points[:, 1])
    over = scale.px(0.4)
    xs = np.arange(max(0, int(along[0] - over)), min(page.shape[1], int(along[-1] + over) + 2))
    if not len(xs):
        return
    half = rule.thickness / 2 + max(0.8, scale.px(0.12))
    side = scale.whole(SIDE_MM)
    reach = int(np.ceil(half + scale.px(DRIFT_MM))) + side
    ys = np.interp(xs, along, across)
    base = np.round(ys).astype(np.int64) - reach
    aimed = base[None, :] + np.arange(2 * reach + 1)[:, None]
    rows = aimed.clip(0, page.shape[0] - 1)
    inside = rows == aimed
    band = page[rows, xs[None, :]]
    band[~inside] = WHITE
    near, erased, is_rule = _cleaned(band, half, side, reach, scale)
    rows = rows[near]
    picked, columns = np.nonzero(is_rule & inside[near])
    page[rows[picked, columns], xs[columns]] = erased[picked, columns]


def _erase_crossings(page: Pixels, rules: Rules, scale: Scale) -> None:
    """Erase, in place, what is left where two rules cross: each was a stroke to the other."""
    reach = scale.whole(1.3)
    upright = [np.array(tall.points).T for tall in rules.vertical]
    for flat in rules.horizontal:
        xs, ys = np.array(flat.points).T
        for a, b in upright:
            x = passes((ys[0] + ys[-1]) / 2, b, a)
            y = passes(x, xs, ys)
            x = passes(y, b, a)
            if not (xs[0] - reach <= x <= xs[-1] + reach and b[0] - reach <= y <= b[-1] + reach):
                continue
            part = page[max(0, round(y) - reach) : round(y) + reach + 1,
                        max(0, round(x) - reach) : round(x) + reach + 1]  # fmt: skip
            if part.size:
                _erase_inside(part)


def _erase_inside(part: Pixels) -> None:
    """Erase, in place, the ink that does not come in from outside."""
    inked = (part < WHITE - MIN_CONTRAST).astype(np.uint8)
    count, labels = cv2.connectedComponents(inked, connectivity=8)
    if count == 1:
        return
    is_inside = np.ones(count, np.bool_)
    is_inside[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = False
    if is_inside.any():
        spots = cv2.dilate(is_inside[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
        part[(spots > 0) & ((inked == 0) | is_inside[labels])] = WHITE


def _erase_dots(page: Pixels, leader: Rule, scale: Scale) -> None:
    """Erase the dots of a leader from `page`, in place.

    Those that stand free, and those that hang on to a stroke, which their step tells; but no
    stroke that runs over a dot.
    """
    xs, ys = np.asarray(leader.points).T
    rim, near = scale.px(2.0), scale.px(0.25)
    largest = leader.thickness + max(2.0, scale.px(0.3))
    x0, x1 = max(0, int(xs[0] - largest)), int(xs[-1] + largest) + 1
    y0, y1 = max(0, int(ys.min() - rim)), int(ys.max() + rim) + 1
    part = page[y0:y1, x0:x1]
    if not part.size:
        return
    mask = (part < WHITE - MIN_CONTRAST).astype(np.uint8)
    labels, stats, centres = connected(mask)
    level = np.interp(centres[:, 0] + x0, xs, ys) - y0
    is_small = (stats[:, cv2.CC_STAT_WIDTH] <= largest) & (stats[:, cv2.CC_STAT_HEIGHT] <= largest)
    is_small = np.asarray(is_small, np.bool_)
    is_small[0] = False
    is_dot = is_small & (np.abs(centres[:, 1] - level) <= near)
    is_dot &= ~_has_one_above(centres, is_small, scale)
    steps = _steps(np.sort(centres[is_dot, 0]))
    if len(steps):
        pitch = float(np.median(np.diff(steps)))
        away = np.abs(centres[:, :1] - steps[None, :]).min(axis=1)
        is_dot &= away < OFF_STEP * pitch
        found = np.sort(centres[is_dot, 0])
        _erase_touching(part, steps, found, np.interp(steps + x0, xs, ys) - y0, leader.thickness)
    spots = is_dot[labels].astype(np.uint8)
    part[cv2.dilate(spots, np.ones((5, 5), np.uint8)) > 0] = WHITE


def _steps(xs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where the dots of a leader were printed, also those that writing hides.

    Dots that follow one another at the usual distance are of the leader, and those in step with
    them near by. In between the steps are filled in as far as they agree; else, for a label may
    stand between two leaders, and at the ends, each run is carried on by a few.

    Args:
        xs: middles of what may be dots, rising.
    """
    if len(xs) < MIN_ROW:
        return np.zeros(0)
    gaps = np.diff(xs)
    pitch = float(np.median(gaps[gaps < 1.5 * np.median(gaps)]))
    is_step = np.abs(gaps - pitch) < OFF_STEP * pitch
    if is_step.sum() < MIN_ROW - 1:
        return np.zeros(0)
    pitch = float(gaps[is_step].mean())
    is_sure = np.append(is_step, False) | np.append(False, is_step)
    for order in (range(len(xs)), range(len(xs) - 1, -1, -1)):
        last = None
        for place in order:
            if not is_sure[place] and last is not None:
                count = abs(xs[place] - last) / pitch
                is_sure[place] = count < LONG_WORD + 0.5 and _is_whole(count)
            if is_sure[place]:
                last = xs[place]
    sure = xs[is_sure]
    onward, back = np.arange(1, ONWARD + 1) * pitch, np.arange(BACK, 0, -1) * pitch
    steps = [sure[0] - back, sure[:1]]
    for before, after in pairwise(sure.tolist()):
        count = (after - before) / pitch
        if count < LONG_WORD + 0.5 and _is_whole(count):
            steps.append(np.linspace(before, after, round(count) + 1)[1:])
        else:
            steps += [before + onward[onward < (after - before) / 2]]
            steps += [after - back[back < (after - before) / 2], np.array([after])]
    return np.concatenate([*steps, sure[-1] + onward])


def _is_whole(count: float) -> bool:
    return round(count) > 0 and abs(count - round(count)) < OFF_STEP


def _erase_touching(
    part: Pixels,
    steps: npt.NDArray[np.float64],
    found: npt.NDArray[np.float64],
    level: npt.NDArray[np.float64],
    size_px: float,
) -> None:
    """Erase, in place, the dots in step that a stroke ends at or passes beside.

    On a ring around such a dot one short arc is inked; a stroke that runs over it inks two.
    """
    height, width = part.shape
    radius = size_px / 2 + 0.5
    is_hidden = np.abs(steps[:, None] - found[None, :]).min(axis=1, initial=np.inf) > radius
    reach = radius + RING_PX + 1
    is_hidden &= (
        (steps > reach) & (steps < width - reach) & (level > reach) & (level < height - reach)
    )
    xs, ys = steps[is_hidden], level[is_hidden]
    if not len(xs):
        return
    angles = np.arange(RING_POINTS) * (2 * np.pi / RING_POINTS)
    rows = np.round(ys[:, None] + (radius + RING_PX) * np.sin(angles)).astype(np.int64)
    columns = np.round(xs[:, None] + (radius + RING_PX) * np.cos(angles)).astype(np.int64)
    inked = part[rows, columns] < WHITE - MIN_CONTRAST
    arcs = (inked & ~np.roll(inked, 1, axis=1)).sum(axis=1)
    is_dot = (arcs <= 1) & (inked.mean(axis=1) <= MAX_ARC)
    rim = np.arange(-int(radius + 1), int(radius + 1) + 1)
    for x, y in zip(xs[is_dot].tolist(), ys[is_dot].tolist(), strict=True):
        column, row = round(x), round(y)
        disc = (rim[:, None] + row - y) ** 2 + (rim[None, :] + column - x) ** 2 <= (
            radius + 0.5
        ) ** 2
        part[row + rim[0] : row + rim[-1] + 1, column + rim[0] : column + rim[-1] + 1][disc] = WHITE


def _has_one_above(
    centres: npt.NDArray[np.float64], is_small: npt.NDArray[np.bool_], scale: Scale
) -> npt.NDArray[np.bool_]:
    """Tell which dots are the lower ones of colons."""
    others = centres[is_small]
    aside = np.abs(others[None, :, 0] - centres[:, None, 0])
    above = centres[:, None, 1] - others[None, :, 1]
    is_above = (aside < scale.px(0.35)) & (above > scale.px(0.7)) & (above < scale.px(2.2))
    return np.asarray(is_above.any(axis=1))


def _cleaned(
    band: Pixels, half: float, side: int, reach: int, scale: Scale
) -> tuple[slice, Pixels, npt.NDArray[np.bool_]]:
    """Return which rows of the band hold its rule, these without it, and where they were changed.

    Ink on ink lets through the share of light that each lets through: where strokes touch the
    rule, its own darkness is taken out of theirs; elsewhere what is beside it is filled in.
    """
    dark = (WHITE - band).astype(np.uint8)
    middle = _middle(dark, half, side, reach, scale)
    offsets = np.abs(np.arange(band.shape[0])[:, None] - middle[None, :])
    top, low, above, below = _beside(dark, middle, half + scale.px(RIM_MM), side)
    is_bare = np.maximum(above, below) <= MIN_CONTRAST
    usual = _usual(dark, middle, offsets, is_bare, scale)
    profile = _profile(dark, offsets, is_bare, usual)
    half = _half_width(profile, half, scale)
    top, low, above, below = _beside(dark, middle, half, side)
    # A stroke that comes down on one side goes on near by on the other, leaning either way.
    lean = np.ones((1, 2 * round(half + 1) + 1), np.uint8)
    both = cv2.dilate(np.maximum(above, below)[None, :], lean)[0]
    columns = np.arange(band.shape[1])
    over, under = dark[top, columns], dark[low, columns]
    near = _rows_within(middle, half, len(dark))
    dark, offsets = dark[near], offsets[near]
    rows = np.arange(band.shape[0])[near, None]
    share = (rows - top[None, :]) / np.maximum(low - top, 1)[None, :]
    fill = over * (1 - share) + under * share
    # Of a rule as dark as ink nothing can be taken out: there strokes are joined straight across.
    own = (
        UNEVEN
        * usual[None, :]
        * profile[np.minimum((2 * offsets).astype(np.int64), len(profile) - 1)]
    )
    through = WHITE * (dark - own) / np.maximum(WHITE - own, MIN_THROUGH)
    is_stroke = (both > MIN_CONTRAST)[None, :] | (dark > usual[None, :] + DARKER)
    fill = np.where(
        is_stroke, np.where(through > FAINT, through, 0), np.minimum(fill, MIN_CONTRAST)
    )
    return near, (WHITE - fill.clip(0, WHITE)).astype(np.uint8), offsets <= half


def _beside(
    dark: Pixels, middle: npt.NDArray[np.float64], half: float, side: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Pixels, Pixels]:
    """Return the rows just above and below the rule, and how dark strokes are there."""
    top = np.clip(np.floor(middle - half).astype(np.int64) - 1, 0, dark.shape[0] - 1)
    low = np.clip(np.ceil(middle + half).astype(np.int64) + 1, 0, dark.shape[0] - 1)
    return top, low, _side_darkness(dark, top, side, -1), _side_darkness(dark, low, side, 1)


def _profile(
    dark: Pixels,
    offsets: npt.NDArray[np.float64],
    is_bare: npt.NDArray[np.bool_],
    usual: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return how dark the rule is, as a share of its middle, at each half px away from that."""
    if is_bare.sum() < MIN_BARE_PX:
        is_bare = np.ones_like(is_bare)
    bare = np.flatnonzero(is_bare)
    steps = (2 * offsets.take(bare, axis=1)).astype(np.int64).ravel()
    weights = (dark.take(bare, axis=1) / np.maximum(usual[bare], 1)).ravel()
    counts = np.bincount(steps)
    return np.asarray((np.bincount(steps, weights) / np.maximum(counts, 1)).clip(0, 1))


def _half_width(profile: npt.NDArray[np.float64], half: float, scale: Scale) -> float:
    """Return how far from its middle the rule's rim reaches: blur widens it, more so small."""
    furthest = half + scale.px(0.4)
    for step in range(int(2 * half), min(len(profile), int(2 * furthest))):
        if profile[step] < 0.06:
            return max(half, step / 2)
    return half


def _rows_within(middle: npt.NDArray[np.float64], reach: float, count: int) -> slice:
    """Return the rows of a band that come as near to the rule as that anywhere."""
    return slice(max(0, int(middle.min() - reach)), min(count, int(middle.max() + reach) + 2))


def _usual(
    dark: Pixels,
    middle: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.float64],
    is_bare: npt.NDArray[np.bool_],
    scale: Scale,
) -> npt.NDArray[np.float64]:
    """Return how dark the rule itself is around each column, by the columns without strokes.

    A thin rule on a slant is now on one row of px, now on two, and then half as dark.
    """
    near = _rows_within(middle, 1.0, len(dark))
    darkest = np.asarray(np.where(offsets[near] <= 1.0, dark[near], 0).max(axis=0), np.uint8)
    if is_bare.sum() >= MIN_BARE_PX:
        bare = np.flatnonzero(is_bare)
        darkest = np.interp(np.arange(len(darkest)), bare, darkest[bare]).astype(np.uint8)
    window = min(2 * scale.whole(5.0) + 1, 2 * ((len(darkest) - 1) // 2) + 1, 255)
    if window > 1:
        darkest = np.asarray(cv2.medianBlur(darkest[None, :], window), np.uint8)[0]
    return np.asarray(darkest, np.float64)


def _side_darkness(dark: Pixels, start: npt.NDArray[np.int64], side: int, step: int) -> Pixels:
    """Return for each column the least darkness next to the rule, from `start` outwards."""
    rows = start[None, :] + step * np.arange(max(1, side // 2))[:, None]
    rows = np.clip(rows, 0, dark.shape[0] - 1)
    return np.asarray(dark[rows, np.arange(dark.shape[1])[None, :]].min(axis=0), np.uint8)


def _middle(
    dark: Pixels, half: float, side: int, reach: int, scale: Scale
) -> npt.NDArray[np.float64]:
    """Return the row of the band on which the rule truly runs, column by column."""
    drift = reach - side - int(np.ceil(half))
    height = max(1, round(2 * half))
    window = min(2 * scale.whole(9.0) + 1, 2 * (dark.shape[1] // 2) + 1)
    # Writing is darker than most rules, and would draw the middle towards itself.
    capped = np.minimum(dark, 120)
    smooth = cv2.blur(capped, (window, height), borderType=cv2.BORDER_REPLICATE)
    near = smooth[reach - drift : reach + drift + 1].astype(np.float32)
    weight = np.maximum(near - near.max(axis=0) * 0.85, 0) + 1e-3
    place = (weight * np.arange(-drift, drift + 1)[:, None]).sum(axis=0) / weight.sum(axis=0)
    return np.asarray(reach + place, np.float64)
