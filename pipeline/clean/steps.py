"""From a scan to its upright, level pages: the steps of clean/ in their order."""

from pipeline.clean.border import crop
from pipeline.clean.deskew import deskew
from pipeline.clean.orientation import Legibility, find_turn, turn
from pipeline.clean.spread import split, split_at, was_drawn_on_others
from pipeline.values import Gutter, PageImage


def clean(
    image: PageImage, legibility: Legibility, gutter: Gutter | None = None
) -> tuple[PageImage, ...]:
    """Return the pages on a scan, upright and level: one, or the left and the right of a spread.

    All steps but the last move pixels without changing them: a spread askew is parted along its
    slanted fold, and each of its pages is levelled by its own angle.

    Args:
        image: one scan.
        legibility: see `find_turn`.
        gutter: where a person parts a spread; None: it is found.
    """
    turn_deg = find_turn(image, legibility)
    if gutter is None or was_drawn_on_others(image, gutter, turn_deg):
        pages = split(turn(image, turn_deg))
    else:
        pages = split_at(image, gutter, turn_deg)
    return tuple(deskew(crop(page)) for page in pages)
