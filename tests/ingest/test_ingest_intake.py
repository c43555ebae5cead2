"""Intake: masters first, nothing lost, nothing twice, whatever stops it in the middle."""

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest_samples import save, vector_pdf, written_page
from PIL import Image

from pipeline.errors import UnreadableFileError
from pipeline.ingest import intake
from pipeline.ingest.intake import Intake, accession_for, take_in
from pipeline.quality.profiles import profile_called
from pipeline.settings import IngestSettings
from pipeline.store.database import Database, open_database
from pipeline.values import Book

PROFILE = profile_called("civil-status")
SIZE = (413, 585)  # A4 at 50 dpi: intake does not care
BOOK = Book("birth_table-van-trung-1987-02", "birth_table", "Vân Trung", (1987, 1987), "02", 4)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "archive").mkdir()
    with closing(open_database(tmp_path / "archive" / "sohoa.db")) as database:
        yield database


def take(database: Database, tmp_path: Path, *paths: Path, book: Book = BOOK) -> Intake:
    archive = tmp_path / "archive"
    return take_in(database, archive, book, paths, IngestSettings(), PROFILE, lambda *_told: None)


def scans(folder: Path, *seeds: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [save(folder / f"scan {n}.jpg", written_page(n, size=SIZE), dpi=50) for n in seeds]


def masters_of(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "books" / BOOK.accession / "data" / "masters"


def test_files_become_masters_byte_for_byte_in_the_order_of_the_folder(
    database: Database, tmp_path: Path
) -> None:
    files = scans(tmp_path / "in", 2, 10, 1)
    told: list[tuple[str, int, int]] = []
    take_in(
        database,
        tmp_path / "archive",
        BOOK,
        [tmp_path / "in"],
        IngestSettings(),
        PROFILE,
        lambda *step: told.append(step),
    )
    masters = database.masters(BOOK.accession)
    assert [master.name for master in masters] == ["scan 1.jpg", "scan 2.jpg", "scan 10.jpg"]
    assert [master.path for master in masters] == [f"data/masters/000{n}.jpg" for n in (1, 2, 3)]
    for master in masters:
        stored = masters_of(tmp_path) / Path(master.path).name
        assert stored.read_bytes() == (tmp_path / "in" / master.name).read_bytes()
        assert hashlib.sha256(stored.read_bytes()).hexdigest() == master.sha256
    assert [page.number for page in database.pages(BOOK.accession)] == [1, 2, 3]
    assert told == [("nạp", n, 3) for n in (1, 2, 3)]
    assert all(file.exists() for file in files)  # what came in stays where it was


def test_the_stored_name_follows_the_content_and_the_given_name_is_data(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "..%2f..;rm -rf.png"
    file.write_bytes(save(tmp_path / "a.tif", written_page(size=SIZE)).read_bytes())
    take(database, tmp_path, file)
    (master,) = database.masters(BOOK.accession)
    assert (master.path, master.name) == ("data/masters/0001.tif", "..%2f..;rm -rf.png")
    assert [path.name for path in masters_of(tmp_path).iterdir()] == ["0001.tif"]


def test_each_page_of_a_pdf_is_a_page_of_the_book(database: Database, tmp_path: Path) -> None:
    taken = take(database, tmp_path, vector_pdf(tmp_path / "a.pdf", pages=3))
    assert [(page.number, page.frame) for page in taken.taken] == [(1, 1), (2, 2), (3, 3)]
    (more,) = scans(tmp_path / "in", 1)
    assert [page.number for page in take(database, tmp_path, more).taken] == [4]


def test_the_same_bytes_are_said_not_stored_twice(database: Database, tmp_path: Path) -> None:
    first, second = scans(tmp_path / "in", 1, 2)
    copy = tmp_path / "in" / "copy of 1.jpg"
    copy.write_bytes(first.read_bytes())
    taken = take(database, tmp_path, first, copy, second)
    assert [tuple(each) for each in taken.already] == [(copy, BOOK.accession, 1)]
    assert len(taken.taken) == 2
    other = Book("book-other-1990-01", "", "Khác", (1990, 1990), "01")
    again = take(database, tmp_path, second, book=other)
    assert [tuple(each) for each in again.already] == [(second, BOOK.accession, 2)]
    assert not again.taken
    assert len(list(masters_of(tmp_path).iterdir())) == 2


def test_a_bad_file_is_listed_and_the_rest_goes_on(database: Database, tmp_path: Path) -> None:
    good = scans(tmp_path / "in", 1, 2)
    bad = tmp_path / "in" / "scan 1b.jpg"
    bad.write_bytes(good[0].read_bytes()[:500])
    taken = take(database, tmp_path, good[0], bad, good[1])
    assert [file for file, _error in taken.refused] == [bad]
    assert isinstance(taken.refused[0].error, UnreadableFileError)
    assert len(taken.taken) == 2
    assert bad.exists()
    assert len(list(masters_of(tmp_path).iterdir())) == 2


def test_pages_are_counted_against_the_card_and_flagged_never_dropped(
    database: Database, tmp_path: Path
) -> None:
    page = written_page(1)
    files = [
        save(tmp_path / "1.png", page),
        save(tmp_path / "2.jpg", page),  # the same page again
        save(tmp_path / "3.png", written_page(2, size=(827, 1169)), dpi=100),
    ]
    Image.new("L", (1654, 2339), 240).save(tmp_path / "4.png", dpi=(200, 200))
    taken = take(database, tmp_path, *files, tmp_path / "4.png")
    reasons = [{one.name for one in page.verdict.reasons} for page in taken.taken]
    assert reasons[:2] == [{"few_colours"}, {"few_colours", "duplicate"}]
    assert taken.taken[1].quality.double_of == 1
    assert "low_dpi" in reasons[2]
    assert reasons[3] == {"few_colours", "blank"}
    assert database.pages(taken.accession) == list(taken.taken)
    assert (taken.declared, taken.counted) == (4, 4)


def test_intake_goes_on_where_it_was_stopped(database: Database, tmp_path: Path) -> None:
    files = scans(tmp_path / "in", 1, 2, 3)
    take(database, tmp_path, files[0])
    taken = take(database, tmp_path, tmp_path / "in")
    assert [each.number for each in taken.already] == [1]
    assert [page.number for page in taken.taken] == [2, 3]


def test_a_copy_without_a_row_is_adopted_with_its_name(database: Database, tmp_path: Path) -> None:
    files = scans(tmp_path / "in", 1, 2)
    take(database, tmp_path, files[0])
    (masters_of(tmp_path) / "0002.jpg").write_bytes(files[1].read_bytes())
    (masters_of(tmp_path) / ".0003.jpg.77.part").write_bytes(b"half")
    taken = take(database, tmp_path, *files)
    assert taken.adopted == (2,)
    assert [(page.number, page.frame) for page in taken.taken] == [(2, 1)]
    assert [master.name for master in database.masters(BOOK.accession)] == [
        "scan 1.jpg",
        "scan 2.jpg",
    ]
    assert sorted(path.name for path in masters_of(tmp_path).iterdir()) == ["0001.jpg", "0002.jpg"]


def test_a_file_that_changes_while_it_is_taken_in_is_refused(
    database: Database, tmp_path: Path
) -> None:
    (file,) = scans(tmp_path / "in", 1)
    outcome = next(iter(intake.survey([file], IngestSettings())))
    file.write_bytes(file.read_bytes() + b"more")
    desk = intake._Desk(database, tmp_path / "archive", BOOK.accession, IngestSettings(), PROFILE)
    database.add_book(BOOK)
    desk.take(file, outcome)
    assert "thay đổi" in str(desk.report().refused[0].error)
    assert list(masters_of(tmp_path).iterdir()) == []
    assert database.masters(BOOK.accession) == []


KILLED = """
import os, sys
from pathlib import Path
from pipeline.ingest import intake
from pipeline.quality.profiles import profile_called
from pipeline.settings import IngestSettings
from pipeline.store.database import open_database
from pipeline.values import Book

root, moment, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
real = getattr(intake, moment) if hasattr(intake, moment) else None
count = 0
def die(*given):
    global count
    count += 1
    if count == at and moment == "durable_copy":
        os.kill(os.getpid(), 9)  # before the copy
    result = real(*given)
    if count == at:
        os.kill(os.getpid(), 9)  # after it, before the row
    return result
setattr(intake, moment, die)
profile = profile_called("civil-status")
book = Book({book!r}, "", "Vân Trung", (1987, 1987), "02")
database = open_database(root / "archive" / "sohoa.db")
intake.take_in(database, root / "archive", book, [root / "in"], IngestSettings(), profile, print)
"""


@pytest.mark.parametrize("moment", ["durable_copy", "_read_back"])
def test_intake_killed_at_any_file_loses_nothing_and_doubles_nothing(
    tmp_path: Path, moment: str
) -> None:
    files = scans(tmp_path / "in", 1, 2, 3)
    (tmp_path / "archive").mkdir()
    program = textwrap.dedent(KILLED).replace("{book!r}", repr(BOOK.accession))
    for at in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), moment, str(at)],
            capture_output=True,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with closing(open_database(tmp_path / "archive" / "sohoa.db")) as database:
        take(database, tmp_path, tmp_path / "in")
        masters = database.masters(BOOK.accession)
        assert [master.name for master in masters] == [file.name for file in files]
        assert [page.number for page in database.pages(BOOK.accession)] == [1, 2, 3]
    stored = sorted(masters_of(tmp_path).iterdir())
    assert [path.name for path in stored] == ["0001.jpg", "0002.jpg", "0003.jpg"]
    assert [path.read_bytes() for path in stored] == [file.read_bytes() for file in files]


@pytest.mark.parametrize(
    ("card", "accession"),
    [
        (("birth_table", "Vân Trung", (1987, 1987), "2"), "birth_table-van-trung-1987-02"),
        (("birth_table", "  VÂN  TRUNG ", (1987, 1987), "02"), "birth_table-van-trung-1987-02"),
        (("", "xã Đông Lỗ, huyện Hiệp Hòa", (1990, 1992), "3A"), None),
        (("parcel_table", "Phường 1", (2015, 2015), ""), "parcel_table-phuong-1-2015"),
    ],
)
def test_the_same_card_is_the_same_book(
    card: tuple[str, str, tuple[int, int], str], accession: str | None
) -> None:
    expected = accession or "book-xa-dong-lo-huyen-hiep-hoa-1990-1992-03a"
    assert accession_for(*card) == expected


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_card_gives_a_plain_folder_name(place: str, volume: str) -> None:
    name = accession_for("birth_form", place, (1987, 1987), volume)
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| .')
    assert name == accession_for("birth_form", place, (1987, 1987), volume)
