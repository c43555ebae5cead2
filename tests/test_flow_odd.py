"""Odd pages from scan to outcome: notes, slips and cancelled entries are kept, and told."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import fuzz

from pipeline.desk.archive import open_archive
from pipeline.desk.books import book_card, intake
from pipeline.extract import reasons
from pipeline.flow.book import process
from pipeline.flow.loose import read_files
from pipeline.flow.outcome import BookOutcome
from pipeline.settings import WorkSettings, load_settings
from pipeline.values import Record

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from synthesis.books import Order
from synthesize_pages import synthesize

Read = tuple[list[dict[str, Any]], list[Record], BookOutcome]
ORDER = Order(
    form="birth_table",
    layout="ks-table-one-c",
    seed=18,
    dpi=150,
    entries=6,
    degrade="none",
    shipped=True,
    odd=("noted", "cancelled"),
)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Return the true entries of a page, those that were read, and what became of its book."""
    return read_as_book(ORDER, tmp_path_factory.mktemp("odd"))


def read_as_book(order: Order, folder: Path) -> Read:
    truth = [record for page in synthesize(order, folder) for record in page["records"]]
    settings = replace(
        load_settings(folder / "archive", "thu"), work=WorkSettings(executor="serial")
    )
    database = open_archive(settings, make=True)
    card = book_card("birth_table", "xã Vân Trung", (1900, 2000), "01")
    intake(database, settings, card, sorted(folder.glob("*.jpg")), lambda *_told: None)
    [outcome] = process(database, settings, [card.accession], lambda *_told: None)
    records = database.records(card.accession)
    database.close()
    return truth, records, outcome


def rows(records: list[Record], reason: str) -> set[int]:
    return {one.row for one in records if any(doubt.reason == reason for doubt in one.doubts)}


@pytest.mark.parametrize("reason", [reasons.CANCELLED, reasons.OTHER_INK])
def test_each_odd_entry_is_told_and_no_other(read: Read, reason: str) -> None:
    truth, records, _outcome = read
    odd = {record["row"] for record in truth if reason in record["doubts"]}
    assert odd
    assert rows(records, reason) == odd


def test_no_entry_is_lost_and_none_invented(read: Read) -> None:
    truth, records, _outcome = read
    assert [one.row for one in records] == [record["row"] for record in truth]


def test_the_outcome_tells_what_was_cancelled(read: Read) -> None:
    truth, _records, outcome = read
    count = sum(reasons.CANCELLED in record["doubts"] for record in truth)
    assert len(outcome.cancelled) == count
    told = "\n".join(outcome.differences)
    assert f"{count} trường hợp có vẻ bị hủy" in told
    assert "(bản quét 1)" in told


def test_a_declared_count_may_leave_them_out(read: Read) -> None:
    truth, _records, outcome = read
    valid = len(truth) - len(outcome.cancelled)
    for entries, is_told in ((len(truth), False), (valid, False), (valid - 1, True)):
        told = "\n".join(replace(outcome, declared=(None, entries)).differences)
        assert (f"sổ ghi {entries} trường hợp" in told) == is_told


def test_entries_under_a_slip_are_told_and_the_page_is_to_be_looked_at(tmp_path: Path) -> None:
    [page] = synthesize(replace(ORDER, odd=("slipped",)), tmp_path)
    answer, codes = read_files(
        [str(tmp_path / "0001.jpg")],
        "",
        load_settings(tmp_path / "archive", "thu"),
        lambda *_told: None,
    )
    assert codes == []
    [read_page] = answer["pages"]
    under = {one["row"] for one in page["records"] if "pasted_slip" in one["doubts"]}
    assert under
    assert {one["row"] for one in read_page["records"] if "pasted_slip" in one["doubts"]} == under
    assert [one["row"] for one in read_page["records"]] == [one["row"] for one in page["records"]]
    texts = [line["text"] for line in read_page["lines"]]
    slip = page["lines"][-1]["text"]  # the last that was written
    assert any(fuzz.ratio(slip, text) > 70 for text in texts)
    told = [text for one in read_page["records"] for text in one["fields"].values()]
    assert all(fuzz.ratio(slip, field["raw"]) < 70 for field in told)


def test_an_entry_that_goes_on_on_the_next_page_is_whole(tmp_path: Path) -> None:
    order = replace(ORDER, layout="", seed=7, pages=2, per_book=2, odd=("continued",))
    truth, records, _outcome = read_as_book(order, tmp_path)
    assert len(records) == len(truth)  # the rest is no entry of its own
    [(row, key, whole)] = [
        (at, key, field["raw"])
        for at, entry in enumerate(truth)
        for key, field in entry["fields"].items()
        if "continued" in field["doubts"]
    ]
    told = {field.key: field.raw for field in records[row].fields}
    assert fuzz.ratio(told[key], whole) > 85
    assert [doubt.key for one in records for doubt in one.doubts
            if doubt.reason == reasons.CONTINUED] == [key]  # fmt: skip
