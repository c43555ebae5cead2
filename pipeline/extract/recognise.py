"""Tell which form a page is, by its printed words and its grid."""

from collections.abc import Mapping, Sequence

from pipeline.extract.anchors import find_anchors
from pipeline.extract.codes import bare
from pipeline.extract.columns import label_columns
from pipeline.extract.form import Form
from pipeline.extract.grid import read_grid
from pipeline.extract.matching import rough_similarity
from pipeline.extract.reading_order import regions_of
from pipeline.values import PageReading

MIN_SCORE = 0.3
LABELS, TITLE = 0.85, 0.15  # a title alone is on covers too
ENOUGH = 5  # labels that a page must show to be sure
SURE_COLUMN = 0.7


def recognise(
    forms: Mapping[str, Form], sheets: Sequence[PageReading]
) -> tuple[Form | None, float]:
    """Return the form that fits best and the probability that it is right.

    Args:
        forms: those to choose from.
        sheets: the one or two sides of a scan, read, left before right.
    """
    scored = sorted(
        ((score(form, sheets), form) for form in forms.values()), key=lambda pair: -pair[0]
    )
    if not scored or scored[0][0] < MIN_SCORE:
        return None, 0.0
    best = scored[0][0]
    second = scored[1][0] if len(scored) > 1 else 0.0
    margin = min(1.0, (best - second) / (0.5 * best))
    return scored[0][1], round(min(1.0, best / 0.8) * (0.5 + 0.5 * margin), 3)


def score(form: Form, sheets: Sequence[PageReading]) -> float:
    """Return 0 to 1: how far the printed words of a page are those of a form."""
    found = _columns(form, sheets) if form.layout == "table" else _answers(form, sheets)
    return LABELS * found + TITLE * _title(form, sheets)


def _columns(form: Form, sheets: Sequence[PageReading]) -> float:
    """Return the share of columns whose heading is one of the form's."""
    grids = [grid for grid in (read_grid(form, sheet) for sheet in sheets) if grid]
    labels = label_columns(form, grids) if grids else []
    similar = [label.similarity for label in labels if label.similarity >= SURE_COLUMN]
    if not labels:
        return 0.0
    # a grid may have more columns than the form (ruled by hand) or fewer (one side alone)
    share = sum(similar) / max(len(labels), ENOUGH)
    few = sum(similar) / min(len(labels), len([one for one in form.labels if not one.optional]))
    return (share + min(1.0, few)) / 2


def _answers(form: Form, sheets: Sequence[PageReading]) -> float:
    """Return the share of the form's labels that stand on the fullest sheet."""
    wanted = sum(not label.optional for label in form.labels)
    best = 0
    for sheet in sheets:
        anchors = find_anchors(form, regions_of(sheet))
        orders = {anchor.order for region in anchors for anchor in region}
        best = max(best, len(orders))
    return min(1.0, best / max(wanted, ENOUGH)) if best >= ENOUGH else 0.0


def _title(form: Form, sheets: Sequence[PageReading]) -> float:
    texts = [bare(line.text) for sheet in sheets for line in sheet.lines]
    titles = [bare(title) for title in form.titles]
    return max(
        (rough_similarity(text, title) for text in texts for title in titles if len(text) > 5),
        default=0.0,
    )
