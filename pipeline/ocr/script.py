"""Tell how a line was put on the paper: printed, typed or by hand."""

from pipeline.values import Pixels, Script


def tell_script(crop: Pixels) -> tuple[Script, float]:
    """Return the script of a line and the probability that it is that one.

    A line that mixes a printed label and handwriting counts as handwriting.
    """
    return "handwriting", 0.5
