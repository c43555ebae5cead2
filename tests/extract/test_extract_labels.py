"""Every printed wording of a label stands for its key."""

import json
from pathlib import Path
from typing import Any

import pytest
from extract_pages import form_page, table

from pipeline.extract.anchors import find_anchors
from pipeline.extract.columns import label_columns
from pipeline.extract.form import load_forms
from pipeline.extract.grid import read_grid
from pipeline.extract.reading_order import regions_of
from pipeline.settings import shipped

FORMS = load_forms(shipped("schemas"))
FILE = Path(__file__).parent.parent / "resources" / "extract" / "printed_labels.json"
PRINTED: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text(encoding="utf-8"))
CASES = [
    pytest.param(form, index, text, id=f"{form}-{index}-{text[:30]}")
    for form, labels in PRINTED.items()
    for index, label in enumerate(labels)
    for text in label["texts"]
]


def keys_of(form: str, order: int | None) -> str | None:
    return "+".join(FORMS[form].labels[order].keys) or None if order is not None else None


def printed_as(form: str, index: int, text: str) -> list[str]:
    texts = [label["texts"][0] for label in PRINTED[form]]
    texts[index] = text
    return texts


def columns_of(form: str, texts: list[str]) -> list[str | None]:
    blocks = [label["block"] for label in PRINTED[form]]
    groups: list[str | tuple[str, int]] = []
    for index, block in enumerate(blocks):
        if block is None:
            groups.append("")
        elif index == 0 or blocks[index - 1] != block:
            groups.append((block.split(" ; ")[0], blocks.count(block)))
    grid = read_grid(FORMS[form], table([groups, texts], [["x"] * len(texts)]))
    assert grid is not None
    return [keys_of(form, label.order) for label in label_columns(FORMS[form], [grid])]


@pytest.mark.parametrize("form, index, text", CASES)
def test_a_printed_wording_maps_to_its_key(form: str, index: int, text: str) -> None:
    label = PRINTED[form][index]
    texts = printed_as(form, index, text)
    if FORMS[form].layout == "table":
        assert columns_of(form, texts)[index] == label["key"]
        return
    lines = [
        t if other.get("tick") else f"{t}: abc"
        for t, other in zip(texts, PRINTED[form], strict=True)
    ]
    heading = "Người được đăng ký khai sinh"
    sheet = form_page(lines[:3], [heading, *lines[3:]])
    found = {
        keys_of(form, anchor.order)
        for region in find_anchors(FORMS[form], regions_of(sheet))
        for anchor in region
        if anchor.line.text == lines[index] and _in_block(anchor.line, sheet, lines, index)
    }
    assert found == {label["key"]}


def _in_block(line: Any, sheet: Any, lines: list[str], index: int) -> bool:
    """Tell whether this is the very line, where the same words stand in several blocks."""
    same = [number for number, text in enumerate(lines) if text == lines[index]]
    twins = [one for one in sheet.lines if one.text == lines[index]]
    return bool(twins[same.index(index)] is line)
