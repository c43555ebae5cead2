"""Records typed before come in once, whole, searchable; nothing that was there is changed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from openpyxl import Workbook, load_workbook

from pipeline.archive.json_lines import json_lines
from pipeline.desk.archive import open_archive
from pipeline.desk.finding import scan_of, search
from pipeline.desk.typed import import_typed, write_template
from pipeline.errors import BusyError, StorageError, UsageError
from pipeline.extract.typed.entry import Choices
from pipeline.flow import typed
from pipeline.flow.book import _with_card, reindex, working
from pipeline.flow.typed import Imported, import_file
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.durable import sha256_of
from pipeline.store.typed import Imports
from pipeline.values import (
    Asker,
    Book,
    Decision,
    FieldValue,
    Master,
    Page,
    Quality,
    Record,
    RowFault,
)

ROOT = Path(__file__).parent.parent
ASKER = Asker("thu", "thử")
KEYS = ["so", "quyenSo", "ngayDangKy", "noiDangKy", "nksHoTen", "nksNgaySinh", "meHoTen", "tenTep"]
PLACE = "Xã Thử"


def nothing(*_args: object) -> None:
    """Show no progress."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "kho", "thu")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = open_archive(settings, make=True)
    yield made
    made.close()


def birth(number: int, **changed: str) -> dict[str, str]:
    told = {
        "so": f"{number}/1987",
        "quyenSo": "02/1987",
        "ngayDangKy": "09.01.1987",
        "noiDangKy": PLACE,
        "nksHoTen": f"Nguyễn Thị {['Lan', 'Hoa', 'Mai', 'Cúc', 'Đào'][number % 5]}",
        "nksNgaySinh": "01.01.1987",
        "meHoTen": "Trần Thị Bưởi",
    }
    return told | changed


def sheet(tmp_path: Path, *births: dict[str, str], name: str = "sổ.xlsx") -> Path:
    book = Workbook()
    book.worksheets[0].append(KEYS)
    for one in births:
        book.worksheets[0].append([one.get(key) for key in KEYS])
    book.save(tmp_path / name)
    return tmp_path / name


def line(number: int, **changed: str) -> dict[str, Any]:
    told = birth(number, **changed)
    scan = told.pop("tenTep", "")
    fields = [{"key": key, "raw": text} for key, text in told.items()]
    card = {"form": "birth_form", "place": PLACE, "years": [1987, 1987], "volume": "02"}
    return {**card, "fields": fields, "file": scan}


def lines(tmp_path: Path, told: Sequence[object], name: str = "sổ.jsonl") -> Path:
    packed = (json.dumps(one, ensure_ascii=False) for one in told)
    (tmp_path / name).write_text("\n".join(packed), encoding="utf-8")
    return tmp_path / name


def take(database: Database, settings: Settings, file: Path, **choices: str) -> Imported:
    done = import_file(database, settings, file, Choices(**choices), nothing)
    assert done.error is None
    return done


def counts(done: Imported) -> tuple[int, int, int, int]:
    assert done.run
    told = done.run.counts
    return told.added, told.known, told.wrong, told.conflicts


def faults(database: Database, done: Imported) -> list[RowFault]:
    assert done.run
    return list(Imports(database).faults(done.run))


def all_records(database: Database) -> list[Record]:
    return [record for book in database.books() for record in database.records(book.accession)]


def test_right_rows_come_in_and_wrong_ones_are_listed(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    file = sheet(tmp_path, birth(1), birth(2, nksNgaySinh="1.1.87"), birth(3))
    done = take(database, settings, file)
    assert counts(done) == (2, 0, 1, 0)
    (fault,) = faults(database, done)
    assert (fault.row, fault.column) == (3, "F (nksNgaySinh)")
    assert done.exit_code == 3
    (book,) = database.books()
    assert (book.place, book.years, book.volume) == (PLACE, (1987, 1987), "02")
    hits = search(database, settings, ASKER, "nguyen thi hoa 1987", 5).hits
    assert [hit.record.row for hit in hits[:1]] == [2]


@pytest.mark.parametrize("make", [sheet, lambda folder, *told: lines(folder, _as_lines(told))])
def test_running_it_twice_adds_nothing(
    tmp_path: Path, database: Database, settings: Settings, make: Any
) -> None:
    file = make(tmp_path, *[birth(number) for number in range(1, 30)])
    assert counts(take(database, settings, file)) == (29, 0, 0, 0)
    before = all_records(database)
    assert counts(take(database, settings, file)) == (0, 29, 0, 0)
    assert all_records(database) == before


def _as_lines(told: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    return [line(int(one["so"].split("/")[0])) for one in told]


def test_a_mended_row_comes_in_when_the_file_is_imported_again(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    take(database, settings, sheet(tmp_path, birth(1), birth(2, so="2")))
    done = take(database, settings, sheet(tmp_path, birth(1), birth(2)))
    assert counts(done) == (1, 1, 0, 0)
    assert done.exit_code == 0


def test_the_same_number_with_other_words_is_a_conflict_and_the_first_stays(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    take(database, settings, sheet(tmp_path, birth(1)))
    before = all_records(database)
    done = take(database, settings, sheet(tmp_path, birth(1, meHoTen="Trần Thị Bòng")))
    assert counts(done) == (0, 0, 0, 1)
    (fault,) = faults(database, done)
    assert fault.kind == "conflict" and "meHoTen" in fault.reason
    assert "Bòng" not in fault.reason
    assert all_records(database) == before


def test_the_same_number_of_another_person_comes_in_with_a_doubt(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    done = take(database, settings, sheet(tmp_path, birth(1), birth(1, nksHoTen="Lê Văn Tám")))
    assert counts(done) == (2, 0, 0, 0)
    doubts = {doubt.reason for record in all_records(database) for doubt in record.doubts}
    assert doubts == {"serial_repeated"}


def scanned(database: Database, accession: str, name: str) -> Page:
    number = len(database.masters(accession)) + 1
    sha256 = f"{len(database.books()):032}{number:032}"
    master = Master(sha256, number, f"data/masters/{number:04}.jpg", name, "image/jpeg", 1, 1)
    page = Page(accession, number, sha256, 1, 100, 100, 300.0, Quality(3.0))
    database.add_master(accession, master, [page])
    return page


def read_book(database: Database) -> Book:
    """Put down a scanned book with one record that the machine read."""
    book = Book("bt", "birth_table", "xã Thử, huyện Mẫu", (1987, 1988), "2")
    database.add_book(book)
    scanned(database, "bt", "trang 1.jpg")
    values = {"so": "1", "nksHoTen": "Nguyễn Thị Hoa", "meHoTen": "Trần Thị Bười"}
    fields = tuple(FieldValue(key, text, text, 0.8, 1, ()) for key, text in values.items())
    record = Record("bt/1/-/1", "birth_table", 1, None, 1, (), fields)
    with database.write() as connection:
        database.keep_records(connection, "bt", [record])
    return book


def test_what_the_machine_read_stays_and_what_differs_is_listed(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    read_book(database)
    done = take(database, settings, sheet(tmp_path, birth(1)))
    assert counts(done) == (1, 0, 0, 0) and done.exit_code == 0
    (fault,) = faults(database, done)
    assert fault.kind == "differs" and "bt/1/-/1" in fault.reason and "meHoTen" in fault.reason
    (read,) = database.read_records("bt")
    assert next(one.value for one in read.fields if one.key == "meHoTen") == "Trần Thị Bười"


def test_what_people_decided_is_compared_and_stays(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    read_book(database)
    decision = Decision("bt/1/-/1", "meHoTen", "Trần Thị Bưởi", "thu", "2026-11-26T00:00:00Z")
    database.add_decision(decision)
    done = take(database, settings, sheet(tmp_path, birth(1)))
    assert faults(database, done) == []
    assert database.decisions("bt") == [decision]


def test_reading_a_book_anew_leaves_what_was_imported_into_it(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    book = read_book(database)
    told = {**line(5), "form": "birth_table", "place": book.place, "years": [1987, 1988]}
    take(database, settings, lines(tmp_path, [told | {"volume": "2"}]))
    imported = [one.accession for one in database.books()]
    accession = next(one for one in imported if one != "bt")
    before = database.imported_records(accession)
    with database.write() as connection:
        database.keep_records(connection, accession, [])
    assert database.records(accession) == before != []


def test_a_record_leads_to_its_scan_by_the_file_name_also_one_that_comes_later(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    read_book(database)
    told = [birth(1, tenTep="KS\\trang 1.jpg".replace("\\", "/")), birth(2, tenTep="sau.jpg")]
    done = take(database, settings, sheet(tmp_path, *told, birth(3)))
    assert done.run and (done.run.counts.scans, done.run.counts.linked) == (2, 1)
    by_row = {record.row: record for record in all_records(database) if not record.page}
    assert scan_of(database, by_row[2]) == ("bt", 1)
    assert scan_of(database, by_row[3]) is None
    assert scan_of(database, by_row[4]) is None
    page = scanned(database, "bt", "sau.jpg")
    assert scan_of(database, by_row[3]) == ("bt", page.number)
    database.add_book(Book("bt2", "birth_table", "Xã Khác", (1990, 1990), "1"))
    scanned(database, "bt2", "sau.jpg")
    assert scan_of(database, by_row[3]) is None  # two have that name: no guess


def test_provenance_says_file_row_person_and_time(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    file = sheet(tmp_path, birth(1, tenTep="a.pdf"))
    take(database, settings, file)
    (book,) = database.books()
    (origin,) = Imports(database).origins_in(book.accession)
    assert (origin.file, origin.row, origin.scan) == ("sổ.xlsx", 2, "a.pdf")
    assert origin.person == "thu" and origin.time.endswith("+00:00")
    assert origin.sha256 == sha256_of(file)
    assert Imports(database).origins([origin.record]) == {origin.record: origin}


def test_lines_of_a_package_come_into_another_archive_and_not_twice_into_their_own(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    book = read_book(database)
    file = tmp_path / "records.jsonl"
    file.write_bytes(json_lines(_with_card(database.records("bt"), book, [])))
    assert counts(take(database, settings, file)) == (0, 1, 0, 0)
    other = replace(settings, archive=tmp_path / "khác")
    second = open_archive(other, make=True)
    assert counts(take(second, other, file)) == (1, 0, 0, 0)
    (record,) = all_records(second)
    assert [(one.key, one.value) for one in record.fields] == [
        (one.key, one.value) for one in database.records("bt")[0].fields
    ]
    assert [one.years for one in second.books()] == [book.years]
    second.close()


def test_the_index_can_be_built_anew_with_what_was_imported(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    take(database, settings, sheet(tmp_path, birth(1), birth(2)))
    assert reindex(database, settings) == 2


def test_a_place_for_all_rows_and_a_form_may_be_told(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    file = sheet(tmp_path, birth(1, noiDangKy=""))
    take(database, settings, file, place="Xã Nọ", form="birth_table")
    (book,) = database.books()
    assert (book.place, book.form) == ("Xã Nọ", "birth_table")
    with pytest.raises(UsageError, match="zz"):
        import_typed(database, settings, file, Choices(form="zz"), nothing)


def test_a_full_disk_is_a_sentence_and_the_same_command_goes_on(
    tmp_path: Path, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "_PART", 20)
    file = lines(tmp_path, [line(number) for number in range(1, 400)])
    take(database, settings, lines(tmp_path, [line(900)], "một.jsonl"))  # all tables are there
    with database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    database.engine.dispose()

    def limit(raw: Any, _record: object) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages + 60}")

    sa.event.listen(database.engine, "connect", limit)
    with pytest.raises(StorageError, match="chỗ trống"):
        import_file(database, settings, file, Choices(), nothing)
    part = len(all_records(database))
    assert 1 < part < 400 and (part - 1) % 20 == 0
    sa.event.remove(database.engine, "connect", limit)
    database.engine.dispose()
    assert counts(take(database, settings, file)) == (399, 0, 0, 0)  # of the whole run
    assert len(all_records(database)) == 400


def test_an_archive_that_is_being_worked_on_is_left_alone(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    file = sheet(tmp_path, birth(1))
    with working(settings.archive), pytest.raises(BusyError):
        import_file(database, settings, file, Choices(), nothing)


def test_a_file_that_breaks_in_the_middle_keeps_what_came_before(
    tmp_path: Path, database: Database, settings: Settings
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("không phải bảng", encoding="utf-8")
    done = import_file(database, settings, text, Choices(), nothing)
    assert done.error is not None and done.exit_code == 3
    assert "JSON lines" in str(done.error)
    gone = import_file(database, settings, tmp_path / "gone.xlsx", Choices(), nothing)
    assert gone.run is None and gone.exit_code == 3


CHILD = """
import sys
from pathlib import Path
from pipeline.desk.archive import open_archive
from pipeline.extract.typed.entry import Choices
from pipeline.flow import typed
from pipeline.settings import Settings
typed._PART = 25
settings = Settings(Path(sys.argv[1]), "thu")
database = open_archive(settings, make=True)
print("ready", flush=True)
typed.import_file(database, settings, Path(sys.argv[2]), Choices(), lambda *_told: print("part", flush=True))
"""  # noqa: E501


@pytest.mark.parametrize("kind", ["jsonl", "xlsx"])
def test_killed_in_the_middle_it_goes_on_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, settings: Settings, kind: str
) -> None:
    told = [birth(number) for number in range(1, 501)]
    told[199] = birth(200, so="200")
    file = (
        sheet(tmp_path, *told)
        if kind == "xlsx"
        else lines(tmp_path, [line(i + 1, **one) for i, one in enumerate(told)])
    )
    for parts in (2, 5):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, settings.archive, file],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert child.stdout
        for _line in range(1 + parts):
            child.stdout.readline()
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    time.sleep(0.1)
    database = open_archive(settings)
    halfway = len(all_records(database))
    assert 0 < halfway < 499
    done = take(database, settings, file)
    whole = replace(settings, archive=tmp_path / "nguyên")
    other = open_archive(whole, make=True)
    undisturbed = take(other, whole, file)
    assert all_records(database) == all_records(other)
    assert faults(database, done) == faults(other, undisturbed)
    assert counts(done) == counts(undisturbed)
    for one in (database, other):
        with one.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        one.close()


@pytest.mark.parametrize("kind", ["birth", "death", "marriage", "recognition", "confirmation"])
def test_an_empty_table_can_be_filled_in_and_imported(
    tmp_path: Path, database: Database, settings: Settings, kind: str
) -> None:
    file = tmp_path / f"{kind}.xlsx"
    write_template(kind, file)
    book = load_workbook(file)
    table = book.worksheets[0]
    keys = [cell.value for cell in table[1]]
    told = {
        **{key: "Nguyễn Thị Thử" for key in keys if str(key).endswith("HoTen")},
        **{"so": "1/2017", "quyenSo": "01/2017", "ngayDangKy": "09.01.2017"},
        **{"noiDangKy": PLACE, "noiCap": PLACE},
    }
    table.append([told.get(str(key)) for key in keys])
    assert table.column_dimensions["D"].number_format == "@"
    book.save(file)
    assert counts(take(database, settings, file)) == (1, 0, 0, 0)
    assert [record.form for record in all_records(database)] == [f"{kind}_form"]
    with pytest.raises(UsageError, match="đã có"):
        write_template(kind, file)
    with pytest.raises(UsageError, match="birth"):
        write_template("zz", tmp_path / "z.xlsx")
