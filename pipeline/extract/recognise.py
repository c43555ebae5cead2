"""Tell which form a page is, by its printed words and its grid."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from pipeline.extract.anchors import find_anchors
from pipeline.extract.codes import bare
from pipeline.extract.columns import label_columns
from pipeline.extract.form import Form
from pipeline.extract.grid import read_grid
from pipeline.extract.matching import disorder, rough_similarity
from pipeline.extract.reading_order import Row, regions_of
from pipeline.letters import words
from pipeline.values import PageReading

COMPARED = 12  # forms: those that share most words with the page
MIN_SCORE = 0.3
LABELS, TITLE = 0.85, 0.15  # a title alone is on covers too
ENOUGH = 5  # labels that a page must show to be sure
CLEAR = 0.2  # of the best score: a next one that far behind leaves no doubt
UNREAD_COLUMN = 0.5  # for a heading that is worn where the form has just one left
NEAR = 5  # pages before and after that say which form is usual there
NEIGHBOURS = 0.2  # what the pages before and after add to a score
LITTLE = 0.15  # share of a form's words that a page of it shows at least, however worn
MAX_LETTERS = 16  # of a label: a long one says no more
FITS = 0.8  # share of labels, and likeness of the title, that need no comparing with other forms
SURE_OTHER = 0.8  # confidence in another form that may speak against the one that was told


def recognise(
    forms: Mapping[str, Form], sheets: Sequence[PageReading], usual: str = ""
) -> tuple[Form | None, float]:
    """Return the form that fits best and the probability that it is right.

    Args:
        forms: those to choose from.
        sheets: the one or two sides of a scan, read, left before right.
        usual: id of the form that the pages before and after have; it is preferred where this
            page shows anything of it.
    """
    regions = [regions_of(sheet) for sheet in sheets]
    found = [(form, *_found(form, sheets, regions)) for form in _likely(forms.values(), sheets)]
    most = max((letters for _form, _share, letters in found), default=0.0)
    scored = sorted(
        (
            (
                LABELS * share * letters / max(most, 1.0)
                + TITLE * _title(form, sheets)
                + (NEIGHBOURS if form.id == usual and share > LITTLE else 0.0),
                form,
            )
            for form, share, letters in found
        ),
        key=lambda pair: -pair[0],
    )
    if not scored or scored[0][0] < MIN_SCORE:
        return None, 0.0
    best = scored[0][0]
    second = scored[1][0] if len(scored) > 1 else 0.0
    margin = min(1.0, (best - second) / (CLEAR * best))
    return scored[0][1], round(min(1.0, best / 0.8) * (0.5 + 0.5 * margin), 3)


def other_form(forms: Mapping[str, Form], told: Form, sheets: Sequence[PageReading]) -> str:
    """Return the form that a page surely has instead of the one that was told; empty: none.

    Forms of one family share most labels, so that only a page with the title too is let pass
    without being compared with them all, which costs ten times as much.
    """
    return "" if _fits(told, sheets) else _instead(forms, told, sheets)


def form_in_book(
    forms: Mapping[str, Form], told: Form, sheets: Sequence[PageReading]
) -> tuple[Form, float, str]:
    """Return the form of a page in a book whose form was told, and its probability.

    The book's cover and closing page have forms of their own. The third is the form that the page
    surely has instead, as of `other_form`.
    """
    if _fits(told, sheets):
        return told, 1.0, ""
    apart = {form.id: form for form in forms.values() if form.about_book}
    found, confidence = recognise({told.id: told, **apart}, sheets)
    if found and found.about_book:
        return found, confidence, other_form(forms, found, sheets)
    return told, 1.0, _instead(forms, told, sheets)


def _fits(form: Form, sheets: Sequence[PageReading]) -> bool:
    regions = [regions_of(sheet) for sheet in sheets]
    return _found(form, sheets, regions)[0] >= FITS and _title(form, sheets) >= FITS


def _instead(forms: Mapping[str, Form], told: Form, sheets: Sequence[PageReading]) -> str:
    found, confidence = recognise(forms, sheets)
    return found.id if found and found is not told and confidence >= SURE_OTHER else ""


def _likely(forms: Iterable[Form], sheets: Sequence[PageReading]) -> list[Form]:
    """Return the forms that share most words with a page: to compare all labels of all is slow."""
    seen = {word for sheet in sheets for line in sheet.lines for word in words(line.text)}

    def shared(form: Form) -> float:
        labels = [
            max(sum(word in seen for word in words(text)) / len(words(text)) for text in texts)
            for label in form.labels
            if (texts := [text for text in label.texts if words(text)])
        ]
        return sum(labels) / max(1, len(labels))

    return sorted(forms, key=shared, reverse=True)[:COMPARED]


def _found(
    form: Form, sheets: Sequence[PageReading], regions: Sequence[Sequence[Sequence[Row]]]
) -> tuple[float, float]:
    """Return the share of the form's words that a page shows, and how many letters of its own.

    Forms of one family share most words: the right one has its own there too, so that it leaves
    fewest letters of print unexplained.
    """
    return _columns(form, sheets) if form.layout == "table" else _answers(form, regions)


def _columns(form: Form, sheets: Sequence[PageReading]) -> tuple[float, float]:
    """Return the share of columns whose heading is one of the form's, in the form's order."""
    grids = [grid for grid in (read_grid(form, sheet) for sheet in sheets) if grid]
    labels = label_columns(form, grids) if grids else []
    if not labels:
        return 0.0, 0.0
    orders = [label.order for label in labels if label.order is not None]
    points = sum(
        UNREAD_COLUMN if label.is_assumed else max(0.0, 2 * label.similarity - 1)
        for label in labels
    )
    points = max(0.0, points - disorder(form, orders))
    letters = sum(
        min(len(bare("".join(label.column.headings))), _most_letters(form, label.order))
        for label in labels
        if label.order is not None
    )
    # a grid may have more columns than the form (ruled by hand) or fewer (one side alone)
    share = points / max(len(labels), ENOUGH)
    few = points / min(len(labels), len([one for one in form.labels if not one.optional]))
    return (share + min(1.0, few)) / 2, letters


def _most_letters(form: Form, order: int) -> int:
    """Return how many letters of a heading a column of the form explains, its block's too."""
    label = form.labels[order]
    above = [text for block in form.blocks if block.name == label.block for text in block.texts]
    return sum(
        max((len(bare(text)) for text in texts), default=0) for texts in (label.texts, above)
    )


def _answers(form: Form, sheets: Sequence[Sequence[Sequence[Row]]]) -> tuple[float, float]:
    """Return the share of the form's labels that stand on the fullest sheet, by their letters.

    A label alone in a ruled cell is a heading: a table has the same words as a form.
    """
    wanted = {
        label.order: min(MAX_LETTERS, min(len(bare(text)) for text in label.texts))
        for label in form.labels
        if not label.optional
    }
    best = (0.0, 0.0)
    for sheet in sheets:
        regions = find_anchors(form, sheet)
        headings = [one for one in regions if len(one) == 1 and one[0].line.cell is not None]
        anchors = [one for region in regions for one in region]
        orders = {anchor.order for anchor in anchors}
        if len(headings) > len(anchors) / 2:
            continue
        share = sum(letters for order, letters in wanted.items() if order in orders)
        letters = sum(anchor.letters for anchor in anchors)
        if len(orders) >= min(ENOUGH, len(wanted)):
            best = max(best, (share / max(sum(wanted.values()), 1), letters))
    return best


def _title(form: Form, sheets: Sequence[PageReading]) -> float:
    texts = [bare(line.text) for sheet in sheets for line in sheet.lines]
    titles = [bare(title) for title in form.titles]
    return max(
        (rough_similarity(text, title) for text in texts for title in titles if len(text) > 5),
        default=0.0,
    )


def usual_forms(forms: Mapping[str, Form], seen: Sequence[tuple[str, float]]) -> list[str]:
    """Return for each page the form that most of its neighbours have; empty when none does.

    Args:
        forms: all there are.
        seen: id of the form and its confidence by page, in order; covers and closing pages do
            not vote.
    """

    def vote(index: int) -> str:
        votes: dict[str, float] = defaultdict(float)
        for form, sure in (*seen[max(0, index - NEAR) : index], *seen[index + 1 :][:NEAR]):
            if form and not forms[form].about_book:
                votes[form] += sure
        best = max(votes, key=lambda form: votes[form], default="")
        return best if best and votes[best] > sum(votes.values()) / 2 else ""

    return [vote(index) for index in range(len(seen))]
