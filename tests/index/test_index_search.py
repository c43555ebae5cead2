from pipeline.index.documents import document
from pipeline.index.query import readings
from pipeline.index.search import search
from tests.index.index_books import BIRTHS, birth, open_index

RECORDS = [
    birth(1, "Nguyễn Thị Lan", meHoTen="Trần Thị Hoà", so="45"),
    birth(2, "Nguyễn Thị Lân", "1988", meHoTen="Lê Thị Mai", so="46"),
]


def known(ids):
    return {record.id: (record, BIRTHS) for record in RECORDS if record.id in ids}


def test_a_hit_says_where_the_entry_stands_and_why_it_was_found(tmp_path):
    index, database = open_index(tmp_path, "sqlite")
    index.put(document(record, BIRTHS) for record in RECORDS)
    first, second = search(index, known, readings("nguyen thi lan 1987"), 20)
    assert first.record.id == "ks-1987/3/-/1"
    assert first.book == BIRTHS
    assert first.record.page == 3
    assert first.score > second.score
    assert first.why == ("họ tên: Nguyễn Thị Lan ~ nguyen thi lan", "năm sinh 1987 đúng")
    assert {mark.key for mark in first.marks} == {"nksHoTen", "nksNgaySinh"}
    assert first.closeness == "exact"
    assert len(search(index, known, readings("nguyen thi lan"), 1)) == 1
    database.close()


def test_a_record_that_is_gone_is_no_hit(tmp_path):
    index, database = open_index(tmp_path, "sqlite")
    index.put(document(record, BIRTHS) for record in RECORDS)
    assert search(index, lambda ids: {}, readings("nguyen thi lan"), 20) == []
    database.close()


def test_nonsense_finds_nothing(tmp_path):
    index, database = open_index(tmp_path, "sqlite")
    index.put(document(record, BIRTHS) for record in RECORDS)
    for text in ("", "   ", "!?", "zzz qqq", "so 999"):
        assert search(index, known, readings(text), 20) == []
    database.close()
