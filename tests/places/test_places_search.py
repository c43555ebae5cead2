"""A place finds entries written under its names of other times."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from pipeline.index.documents import document
from pipeline.index.query import readings
from pipeline.index.search import search
from pipeline.places.spellings import Spellings
from pipeline.places.tables import shipped_places
from pipeline.values import Book, Hit
from tests.index.index_books import BIRTHS, birth, open_index

ELSEWHERE = Book("ks-2", "birth_table", "xã Bích Sơn, huyện Việt Yên", (1987, 1988), "2")
LAN = birth(1, "Nguyễn Thị Lan")
THERE = replace(LAN, id="ks-2/3/-/1")


@cache
def spellings() -> Spellings:
    return Spellings(shipped_places(), [BIRTHS.place, ELSEWHERE.place])


@pytest.mark.parametrize(
    "text",
    ["vân trung", "van trung", "nếnh", "hoàng ninh", "việt yên", "bắc giang"],
)
def test_near_is_what_the_archives_books_come_from_or_lie_in(text: str) -> None:
    assert spellings().is_near(tuple(text.split()))


@pytest.mark.parametrize("text", ["vàn trung", "sóc trăng", "lan"])
def test_other_places_and_wrong_marks_are_not_near(text: str) -> None:
    assert not spellings().is_near(tuple(text.split()))


@pytest.mark.parametrize(
    ("asked", "words", "time"),
    [
        ("nếnh", ("van", "trung"), "before"),
        ("nenh", ("tang", "tien"), "before"),
        ("vân trung", ("nenh",), "after"),
        ("nếnh", ("nenh",), "same"),
        ("phú xuân", ("phu", "xuan"), "same"),
    ],
)
def test_a_unit_has_the_names_of_other_times(asked: str, words: tuple[str, ...], time: str) -> None:
    found = {name.words: name.time for name in spellings().names(tuple(asked.split()))}
    assert found[words] == time


def test_of_a_name_that_many_units_have_only_the_name_is_sure() -> None:
    assert [name.words for name in spellings().names(("tân", "thành"))] == [("tan", "thanh")]


@pytest.fixture
def hits(tmp_path: Path) -> Iterator[Callable[[str], list[Hit]]]:
    records = {LAN.id: (LAN, BIRTHS), THERE.id: (THERE, ELSEWHERE)}
    index, database = open_index(tmp_path, "sqlite")
    index.put(document(record, book) for record, book in records.values())
    yield lambda text: search(index, lambda _ids: records, readings(text, spellings()), 5)
    database.close()


@pytest.mark.parametrize(
    "place", ["phường Nếnh", "phường nenh", "nenh", "xã Vân Trung", "van trung"]
)
def test_a_ward_of_today_finds_the_entries_of_its_communes_first(
    hits: Callable[[str], list[Hit]], place: str
) -> None:
    first, second = hits(f"nguyen thi lan {place}")
    assert first.record.id == LAN.id
    assert first.score > second.score
    assert second.closeness == "widened"


def test_the_why_says_that_the_place_has_another_name_today(
    hits: Callable[[str], list[Hit]],
) -> None:
    hit = hits("nguyễn thị lan phường nếnh")[0]
    assert hit.closeness == "spelling"
    assert any("Vân Trung" in why and "nay thuộc phường Nếnh" in why for why in hit.why), hit.why
