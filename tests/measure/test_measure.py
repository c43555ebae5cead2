"""What `sohoa measure` says can be trusted."""

import copy
from typing import Any

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measure import measure, report
from pipeline.measure.pairing import Box, pair_boxes

Json = dict[str, Any]


def box(left: float, top: float, width: float, height: float) -> list[list[float]]:
    right, bottom = left + width, top + height
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def field(value: str, top: float, left: float, confidence: float = 0.99) -> Json:
    place = box(left, top + 5, 90, 20)
    return {
        "raw": value, "value": value, "confidence": confidence, "alternatives": [],
        "polygon": place, "doubts": [],
    }  # fmt: skip


NAMES = ["Nguyễn Thị Lan", "Trần Văn Đức", "Lê Thị Huệ", "Phạm Văn Quý"]


def page(count: int = 4) -> Json:
    """Return a page of a birth table with one line of name and number for each entry."""
    records, lines, cells = [], [], []
    for row in range(count):
        top = 100.0 + 50 * row
        fields = {"so": field(str(45 + row), top, 10), "nksHoTen": field(NAMES[row % 4], top, 110)}
        records.append({"row": row + 1, "polygon": box(0, top, 400, 50), "fields": fields})
        for column, true in enumerate(fields.values(), 1):
            cells.append({"polygon": box(100 * column - 100, top, 100, 50), "row": row + 1,
                          "column": column})  # fmt: skip
            lines.append({"polygon": true["polygon"], "text": true["raw"], "confidence": 0.9,
                          "script": "handwriting"})  # fmt: skip
    return {
        "file": "0001.jpg", "page": 1, "side": None,
        "width_px": 400, "height_px": 600, "dpi": 200.0,
        "orientation_deg": 0, "skew_deg": 0.0, "form": "birth_table", "form_confidence": 1.0,
        "cells": cells, "lines": lines, "records": records,
    }  # fmt: skip


def answer(*pages: Json) -> Json:
    return {"version": 1, "pages": list(pages), "errors": []}


def test_a_reading_without_a_fault_has_no_error() -> None:
    result = measure(answer(page()), answer(page()))
    assert result["text"]["all"]["cer"] == result["text"]["all"]["wer"] == 0
    assert result["text"]["handwriting"]["exact"] == 1
    assert result["fields"]["all"]["exact"] == result["fields"]["all"]["raw_exact"] == 1
    assert result["records"]["precision"] == result["records"]["recall"] == 1
    assert result["cells"]["f1"] == result["lines"]["f1"] == 1
    assert result["form"]["accuracy"] == result["orientation"]["accuracy"] == 1
    assert result["skew_deg"]["worst"] == 0
    assert result["calibration"]["ece"] == pytest.approx(0.01)
    assert result["calibration"]["sure"] == {"fields": 8, "share": 1, "right": 1}


def test_known_edits_give_the_known_rates() -> None:
    read = page(1)
    read["lines"][1]["text"] = "Nguyên Thị Lan"  # one letter of 14 and the 2 digits, one word of 4
    text = measure(answer(page(1)), answer(read))["text"]["all"]
    assert text["cer"] == pytest.approx(1 / 16)
    assert text["wer"] == pytest.approx(1 / 4)
    assert text["cer_folded"] == 0
    assert text["exact"] == pytest.approx(1 / 2)


def test_a_record_that_was_missed_costs_recall_and_its_fields() -> None:
    read = page()
    del read["records"][2]
    result = measure(answer(page()), answer(read))
    assert result["records"]["recall"] == pytest.approx(3 / 4)
    assert result["records"]["precision"] == 1
    assert result["fields"]["all"]["exact"] == pytest.approx(6 / 8)


def test_a_record_that_is_not_there_costs_precision_and_counts_as_invented() -> None:
    result = measure(answer(page(3)), answer(page(4)))
    assert result["records"]["precision"] == pytest.approx(3 / 4)
    assert result["records"]["recall"] == 1
    assert result["fields"]["all"]["invented"] == 2
    assert result["fields"]["all"]["exact"] == 1


def test_a_record_with_another_number_is_not_found() -> None:
    read = page()
    read["records"][0]["fields"]["so"]["value"] = "7"
    records = measure(answer(page()), answer(read))["records"]
    assert records["paired"] == 4
    assert records["near"] == 3


def test_a_record_whose_name_is_one_letter_off_is_found() -> None:
    read = page()
    read["records"][0]["fields"]["nksHoTen"]["value"] = "Nguyễn Thị Lam"
    assert measure(answer(page()), answer(read))["records"]["near"] == 4


def test_polygons_shifted_by_a_tenth_still_pair() -> None:
    read = page()
    for item in (*read["cells"], *read["lines"], *read["records"]):
        item["polygon"] = [[x + 5, y + 3] for x, y in item["polygon"]]
    result = measure(answer(page()), answer(read))
    assert result["cells"]["f1"] == result["lines"]["f1"] == 1


def test_polygons_shifted_by_a_row_do_not_pair_with_their_own() -> None:
    read = page()
    for line in read["lines"]:
        line["polygon"] = [[x, y + 25] for x, y in line["polygon"]]
    assert measure(answer(page()), answer(read))["lines"]["recall"] == 0


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pairs_are_found_on_a_page_that_lies_sideways(turn: int) -> None:
    truth = page()
    for item in (*truth["cells"], *truth["lines"], *truth["records"]):
        item["polygon"] = [list(turned(x, y, turn)) for x, y in item["polygon"]]
    truth["orientation_deg"] = turn
    result = measure(answer(truth), answer(copy.deepcopy(truth)))
    assert result["lines"]["f1"] == result["cells"]["f1"] == 1


def turned(x: float, y: float, turn: int) -> tuple[float, float]:
    """Lay a point of an upright page of 400 × 600 px so that `turn` makes it upright again."""
    return {0: (x, y), 90: (y, 400 - x), 180: (400 - x, 600 - y), 270: (600 - y, x)}[turn]


def test_a_page_that_was_not_read_is_said_and_counts_as_wrong() -> None:
    result = measure(answer(page()), answer())
    assert result["pages"]["missing"] == ["0001.jpg"]
    assert result["form"]["accuracy"] == 0
    assert result["lines"]["recall"] == 0
    assert result["fields"]["all"]["exact"] == 0
    assert result["calibration"]["ece"] is None


def test_the_folder_of_a_file_does_not_matter() -> None:
    read = page()
    read["file"] = "some/folder/0001.jpg"
    assert measure(answer(page()), answer(read))["pages"]["missing"] == []


def test_the_halves_of_a_spread_are_compared_side_by_side() -> None:
    left, right = page(), page()
    left["side"], right["side"] = "left", "right"
    for item in (*right["cells"], *right["lines"], *right["records"]):
        item["polygon"] = [[x + 500, y] for x, y in item["polygon"]]
    right["form"] = "birth_form"
    read = copy.deepcopy([right, left])
    read[0]["form"] = "birth_table"
    result = measure(answer(left, right), answer(*read))
    assert result["pages"]["sides_right"] == 2
    assert result["form"]["accuracy"] == pytest.approx(1 / 2)
    assert result["records"]["near"] == 8


def test_confidence_is_held_to_its_word() -> None:
    read = page()
    for index, record in enumerate(read["records"]):
        for true in record["fields"].values():
            true["confidence"] = 0.75
            if index == 0:
                true["value"] = "?"
    calibration = measure(answer(page()), answer(read))["calibration"]
    assert calibration["ece"] == pytest.approx(0)
    assert calibration["bins"][7] == {
        "from": 0.7, "to": 0.8, "fields": 8, "confidence": 0.75, "right": 0.75,
    }  # fmt: skip
    assert calibration["sure"]["right"] is None


def test_what_can_be_accepted_at_a_precision_is_counted_whole_confidences_at_a_time() -> None:
    read = page()
    fields = [true for record in read["records"] for true in record["fields"].values()]
    for place, true in enumerate(fields):
        true["confidence"] = 0.9 if place < 5 else 0.8 if place < 7 else 0.3
    fields[6]["value"] = "?"  # one of the two at 0.8
    calibration = measure(answer(page()), answer(read))["calibration"]
    best = {"threshold": 0.9, "fields": 5, "share": 5 / 8}
    assert calibration["acceptable"] == [{"precision": p, **best} for p in (0.99, 0.995)]
    assert calibration["script"]["all"]["fields"] == 8
    for true in fields:
        true["value"] = "?"
    none = measure(answer(page()), answer(read))["calibration"]["acceptable"][0]
    assert (none["threshold"], none["fields"], none["share"]) == (None, 0, 0)
    text = report(measure(answer(page()), answer(read)))
    assert "99.5 %" in text


def test_a_label_read_together_with_its_answer_is_compared_as_one() -> None:
    truth, read = page(1), page(1)
    truth["lines"][0]["script"] = "print"
    read["lines"] = [
        {"polygon": box(10, 105, 190, 20), "text": "45 Nguyễn Thị Lan", "script": "handwriting"}
    ]
    result = measure(answer(truth), answer(read))
    assert result["text"]["mixed"]["cer"] == 0
    assert result["lines"]["recall"] == 0  # no line of its own was found


def test_a_line_read_in_two_parts_is_compared_as_one() -> None:
    read = page(1)
    read["lines"][1]["text"] = "Thị Lan"
    read["lines"][1]["polygon"] = box(140, 105, 60, 20)
    read["lines"].append(
        {"polygon": box(110, 104, 29, 20), "text": "Nguyễn", "script": "handwriting"}
    )
    assert measure(answer(page(1)), answer(read))["text"]["all"]["cer"] == 0


def test_a_ditto_mark_is_no_text() -> None:
    truth = page(1)
    truth["lines"].append({"polygon": box(300, 105, 10, 10), "text": ",,", "script": "handwriting"})
    assert measure(answer(truth), answer(page(1)))["text"]["all"]["lines"] == 2


def test_the_report_tells_every_group_in_vietnamese() -> None:
    told = report(measure(answer(page()), answer(page())))
    assert "Độ tin" in told
    assert "| nksHoTen | 4 | 4 | 100.0 %" in told
    assert "| handwriting | 8 | 8 | 0.0 %" in told


def test_nothing_to_measure_is_no_error() -> None:
    assert "–" in report(measure(answer(), answer()))


text = st.text(alphabet="abđ ễ12", min_size=1, max_size=12).filter(lambda word: word.strip())


@given(st.lists(st.tuples(text, text), min_size=1, max_size=4))
def test_rates_agree_with_jiwer(pairs: list[tuple[str, str]]) -> None:
    truth, read = page(len(pairs)), page(len(pairs))
    for side, index in ((truth, 0), (read, 1)):
        side["lines"] = side["lines"][::2]
        for line, pair in zip(side["lines"], pairs, strict=True):
            line["text"] = " ".join(pair[index].split())
    rates = measure(answer(truth), answer(read))["text"]["all"]
    lines = [
        (own["text"], other["text"])
        for own, other in zip(truth["lines"], read["lines"], strict=True)
    ]
    ours, theirs = zip(*lines, strict=True)
    assert rates["cer"] == pytest.approx(jiwer.cer(list(ours), list(theirs)))
    assert rates["wer"] == pytest.approx(jiwer.wer(list(ours), list(theirs)))


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    *(st.floats(0, 100) for _ in range(2)),
    *(st.floats(1, 50) for _ in range(2)),
)


@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=8))
def test_no_box_is_in_two_pairs(ours: list[Box], theirs: list[Box]) -> None:
    pairs = pair_boxes(ours, theirs, lambda one, other: 0.6, 0.5)
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
