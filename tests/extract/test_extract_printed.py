"""Each printed form that is known is read by an entry of schemas/, as docs/forms.md tells."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.extract.codes import bare
from pipeline.extract.form import Form, load_forms
from pipeline.extract.matching import rough_similarity
from pipeline.settings import shipped
from tests.conftest import SHARED

FORMS = load_forms(shipped("schemas"))
TABLE = Path(__file__).parent.parent.parent / "docs" / "forms.md"
LISTED = SHARED / "domain" / "form-labels.json"
LIKE = 0.85  # one or two misprints
LEAST = 0.85  # of the labels with a key
_ROW = re.compile(r"^\| (\w+) \| [^|]+ \| [^|]+ \| (.+?) \| (?:(\d+) of (\d+) )?\|$", re.MULTILINE)

pytestmark = pytest.mark.skipif(not LISTED.is_file(), reason=f"NOT RUN: no labels at {LISTED}")


def told() -> dict[str, tuple[str, str, str]]:
    """Return of each printed form the entry, and how many of how many labels it has."""
    text = TABLE.read_text(encoding="utf-8").partition("## Printed forms")[2]
    rows = _ROW.findall(text.partition("\n## ")[0])
    return {name: (entry, found, count) for name, entry, found, count in rows}


def listed() -> dict[str, list[dict[str, Any]]]:
    """Return the labels with a key of each printed form."""
    every = json.loads(LISTED.read_text(encoding="utf-8"))
    return {
        name: [label for label in form["labels"] if label["key"] not in (None, "", "-")]
        for name, form in every.items()
        if not name.startswith("_")
    }


def has(form: Form, label: dict[str, Any]) -> bool:
    """Tell whether one of a label's wordings stands for its key in a form."""
    keys = set(re.split(r"[+/]", label["key"]))
    texts = [
        text for one in (*form.labels, *form.above) if keys & {*one.keys} for text in one.texts
    ]
    return any(
        rough_similarity(bare(printed), bare(text)) >= LIKE
        for printed in label["text_variants"]
        for text in texts
    )


def test_every_printed_form_is_in_the_table_and_nothing_else() -> None:
    assert set(told()) == set(listed())


def test_only_what_is_no_register_is_read_by_no_entry() -> None:
    unread = {name for name, (entry, *_rest) in told().items() if entry.startswith("none: ")}
    assert unread == {"trichluc_cap_2015_book", "thaydoi_2015_trichluc", "sdc_index", "gcn_old"}


@pytest.mark.parametrize("name", [name for name, row in told().items() if row[1]])
def test_an_entry_has_the_labels_that_the_table_tells(name: str) -> None:
    entry, found, count = told()[name]
    labels = listed()[name]
    right = sum(has(FORMS[entry], label) for label in labels)
    assert (str(right), str(len(labels))) == (found, count)
    assert right >= LEAST * len(labels)
