"""All that is measured on the pixels of one scan."""

from pipeline.quality.blur import edge_width
from pipeline.quality.exposure import clipping, grain
from pipeline.quality.ink import INK_SHARE, cut_strokes, find_ink, ink_share
from pipeline.quality.looks import look_of
from pipeline.values import Pixels, Quality


def measure(pixels: Pixels, dpi: float, *, bits: int, dpi_assumed: bool) -> tuple[Quality, str]:
    """Return the measures of a scan, and its look (see `looks.look_of`; empty on a blank page).

    Args:
        dpi: of `pixels`, which may be smaller than the scan.
        bits: of the scan, see `Quality`; likewise `dpi_assumed`.
    """
    ink = find_ink(pixels, dpi)
    is_blank = ink_share(ink) < INK_SHARE
    clipped = clipping(pixels, ink)
    quality = Quality(
        blur=0.0 if is_blank else round(edge_width(pixels, dpi), 2),
        noise=round(grain(pixels), 2),
        clipped_white=round(clipped.white, 3),
        clipped_black=round(clipped.black, 3),
        cut=cut_strokes(ink),
        bits=bits,
        is_blank=is_blank,
        dpi_assumed=dpi_assumed,
    )
    return quality, "" if is_blank else look_of(ink)
