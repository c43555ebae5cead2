"""Odd pages from scan to outcome: later notes and cancelled entries are kept, and told."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.desk.archive import open_archive
from pipeline.desk.books import book_card, intake
from pipeline.extract import reasons
from pipeline.flow.book import process
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
    folder = tmp_path_factory.mktemp("odd")
    truth = [record for page in synthesize(ORDER, folder) for record in page["records"]]
    settings = replace(
        load_settings(folder / "archive", "thu"), work=WorkSettings(executor="serial")
    )
    database = open_archive(settings, make=True)
    card = book_card("birth_table", "xã Vân Trung", (1900, 2000), "01")
    intake(database, settings, card, [folder / "0001.jpg"], lambda *_told: None)
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
