"""How a strip's width and a text's length go together: CTC, one step for STEP_PX."""

from itertools import pairwise

STEP_PX = 4  # at the network's height


def least_steps(text: str) -> int:
    """Return how many steps CTC needs for a text: a blank stands between two equal letters."""
    return len(text) + sum(a == b for a, b in pairwise(text))
