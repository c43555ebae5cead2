"""A place of today finds entries written under the names of other times."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.index.documents import document
from pipeline.index.search import search
from pipeline.places.lookup import lies_today
from pipeline.places.tables import shipped_places
from pipeline.values import Book
from tests.index.index_books import BIRTHS, birth, open_index

ELSEWHERE = Book("ks-2", "birth_table", "xã Bích Sơn, huyện Việt Yên", (1987, 1988), "2")


def today(text: str) -> tuple[str, ...]:
    return lies_today(shipped_places(), text)


@pytest.mark.parametrize(
    "text, names",
    [
        ("xã Vân Trung, huyện Việt Yên", ("Nếnh, Bắc Ninh",)),
        ("thôn Trung Đồng, xã Vân Trung, Việt Yên, Hà Bắc", ("Nếnh, Bắc Ninh",)),
        ("xã Tân Thạnh, Thanh Bình, Đồng Tháp", ("Thanh Bình, Đồng Tháp", "Tân Thạnh, Đồng Tháp")),
        ("xã Tân Thành", ()),  # of which there are many
        ("xa van trung, viet yen", ()),  # not for sure
        ("xã Không Có, huyện Việt Yên", ()),
        ("", ()),
    ],
)
def test_only_a_place_that_is_sure_lies_somewhere_today(text: str, names: tuple[str, ...]) -> None:
    assert today(text) == names


@pytest.mark.parametrize("place", ["phường Nếnh", "phường nenh", "ở nenh", "xã Vân Trung"])
def test_a_ward_of_today_finds_the_entries_of_its_communes_first(
    tmp_path: Path, place: str
) -> None:
    here = birth(1, "Nguyễn Thị Lan")
    there = replace(here, id="ks-2/3/-/1")
    records = {here.id: (here, BIRTHS), there.id: (there, ELSEWHERE)}
    index, database = open_index(tmp_path, "sqlite")
    index.put(document(record, book) for record, book in records.values())
    first, second = search(index, lambda _ids: records, f"nguyễn thị lan {place}", 5, today)
    assert first.record.id == here.id
    assert first.score > second.score
    database.close()


def test_the_why_says_that_the_place_has_another_name_today(tmp_path: Path) -> None:
    record = birth(1, "Nguyễn Thị Lan")
    index, database = open_index(tmp_path, "sqlite")
    index.put([document(record, BIRTHS)])
    known = {record.id: (record, BIRTHS)}
    (hit,) = search(index, lambda _ids: known, "nguyễn thị lan phường nếnh", 5, today)
    assert "nơi: xã Vân Trung, huyện Việt Yên (nay là Nếnh, Bắc Ninh)" in hit.why
    database.close()
