"""A book from cover to closing page: what it declares is held against what is found in it."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.desk.archive import open_archive
from pipeline.desk.books import book_card, intake
from pipeline.flow.book import process
from pipeline.flow.outcome import BookOutcome
from pipeline.settings import Settings, WorkSettings, load_settings
from pipeline.store.database import Database

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from synthesis.books import Order
from synthesize_pages import synthesize

Truth = dict[str, str]


def nothing(*_args: object) -> None:
    """Show no progress."""


def drawn(form: str, look: str, folder: Path, pages: int = 1) -> list[Truth]:
    """Draw scans of a form in faces that are committed; return the values on each."""
    order = Order(
        form=form, layout=look, pages=pages, seed=6, dpi=150, degrade="none", shipped=True
    )
    made = list(synthesize(order, folder / form))
    return [
        {key: one["value"] for key, one in page["records"][0]["fields"].items()} for page in made
    ]


def settings_for(archive: Path) -> Settings:
    return replace(load_settings(archive, "thu"), work=WorkSettings(executor="serial"))


@pytest.fixture(scope="module", params=["birth_form", ""], ids=["form on the card", "no form"])
def book(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, BookOutcome, list[Truth]]]:
    folder = tmp_path_factory.mktemp("book")
    truths = [
        *drawn("book_cover", "so-bia-a", folder),
        *drawn("birth_form", "ks-form-a", folder, 2),
        *drawn("book_closing", "so-khoa-a", folder),
    ]
    scans = [
        folder / "book_cover" / "0001.jpg",
        folder / "birth_form" / "0001.jpg",
        folder / "birth_form" / "0002.jpg",
        folder / "book_closing" / "0001.jpg",
    ]
    settings = settings_for(folder / "archive")
    database = open_archive(settings, make=True)
    card = book_card(request.param, "xã Nếnh", (2016, 2021), "01")
    intake(database, settings, card, scans, nothing)
    [outcome] = process(database, settings, [card.accession], nothing)
    yield database, outcome, truths
    database.close()


def test_cover_and_closing_page_are_told_and_are_no_entries(
    book: tuple[Database, BookOutcome, list[Truth]],
) -> None:
    database, outcome, truths = book
    forms = [database.readings(outcome.accession, number)[0].form for number in range(1, 5)]
    assert forms == ["book_cover", "birth_form", "birth_form", "book_closing"]
    records = database.records(outcome.accession)
    assert [record.page for record in records] == [2, 3]
    assert outcome.records == 2
    serials = [next(f.value for f in record.fields if f.key == "so") for record in records]
    assert serials == [truths[1]["so"], truths[2]["so"]]


def test_what_the_closing_page_declares_is_compared(
    book: tuple[Database, BookOutcome, list[Truth]],
) -> None:
    _database, outcome, truths = book
    assert outcome.closing is not None
    declared = int(truths[3]["tongSoTruongHop"])
    assert (outcome.closing.page, outcome.closing.entries) == (4, declared)
    assert outcome.closing.pages == int(truths[3]["tongSoTrang"])
    told = "\n".join(outcome.differences)
    assert f"trang khóa sổ (bản quét 4) ghi {declared} trường hợp, đọc được 2" in told
    first, last = int(truths[1]["so"]), int(truths[2]["so"])
    assert last == first + 1
    assert f"không thấy số 1–{first - 1}, {last + 1}–{declared}" in told
