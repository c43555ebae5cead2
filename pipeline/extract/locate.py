"""Find the entries of a page and where their fields stand, by the form's layout."""

from collections.abc import Sequence

from pipeline.extract.answers import find_answers
from pipeline.extract.form import Form
from pipeline.extract.rows import find_rows
from pipeline.extract.slots import Entry
from pipeline.values import PageReading


def find_entries(form: Form, sheets: Sequence[PageReading]) -> list[Entry]:
    """Return the entries on the one or two sides of a scan.

    Args:
        form: what the pages look like.
        sheets: left before right; polygons in px of each side's page image.
    """
    if form.layout == "table":
        return find_rows(form, sheets)
    return [entry for sheet in sheets for entry in find_answers(form, sheet)]
