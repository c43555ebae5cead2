"""The whole line on the invented books of samples/: from scans to a search hit, and back."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.archive.json_lines import json_lines
from pipeline.desk.archive import chosen_books, open_archive, verify_books
from pipeline.desk.books import intake
from pipeline.desk.demo import Sample, samples
from pipeline.desk.finding import row_picture, search
from pipeline.errors import BusyError, FixityError
from pipeline.flow import page as page_flow
from pipeline.flow.book import (
    book_said,
    judged_pages,
    package_of,
    process,
    reindex,
    scan_jobs,
    working,
)
from pipeline.flow.many import read_scans
from pipeline.flow.page import ScanJob, read_scan
from pipeline.quality.profiles import profile_called
from pipeline.settings import Settings, WorkSettings, load_settings
from pipeline.store.database import Database, open_database
from pipeline.values import Asker, Decision, Page, PageImage, Quality

ROOT = Path(__file__).parent.parent
ASKER = Asker("thu", "cấp bản sao")
SOHOA = [sys.executable, "-m", "pipeline"]


def nothing(*_args: object) -> None:
    """Show no progress."""


def settings_for(archive: Path) -> Settings:
    return replace(load_settings(archive, "thu"), work=WorkSettings(executor="serial"))


def sample(form: str) -> Sample:
    return next(one for one in samples() if one.book.form == form)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with all samples, read and packed."""
    folder = tmp_path_factory.mktemp("archive")
    settings = settings_for(folder)
    database = open_archive(settings, make=True)
    for one in samples():
        intake(database, settings, one.book, one.scans, nothing)
    process(database, settings, chosen_books(database, ()), nothing)
    database.close()
    return folder


@pytest.fixture
def database(archive: Path) -> Database:
    return open_database(archive / "sohoa.db")


def test_every_page_was_read(archive: Path, database: Database) -> None:
    for book in database.books():
        states = Counter(work.state for work in database.page_work(book.accession))
        assert set(states) == {"read"}, (book.accession, states)


def test_verdicts_on_the_scans_are_kept_and_packed(archive: Path, database: Database) -> None:
    profile = profile_called("civil-status")
    for book in database.books():
        pages = database.pages(book.accession)
        assert {page.verdict.profile for page in pages} == {profile.name}
        packed = package_of(archive, book.accession) / "data" / "pages.jsonl"
        lines = packed.read_text(encoding="utf-8").splitlines()
        assert lines == json_lines(pages).decode().splitlines()
        readings = {page.number: database.readings(book.accession, page.number) for page in pages}
        other = replace(book, years=(1901, 1901), volume="99")
        doubted = {
            reason.name
            for page in judged_pages(other, pages, readings, profile)
            for reason in page.verdict.reasons
        }
        if book.form == "birth_form":
            assert doubted >= {"wrong_volume", "wrong_year"}
        kept = {reason.name for page in pages for reason in page.verdict.reasons}
        assert not {name for name in kept if name.startswith("wrong_")}


def test_a_person_is_found_without_marks(archive: Path, database: Database) -> None:
    hits = search(database, settings_for(archive), ASKER, "nguyen thi lan 1987", 5).hits
    assert hits
    name = next(field for field in hits[0].record.fields if field.key == "nksHoTen")
    assert name.value == "Nguyễn Thị Lan"
    assert hits[0].why


def test_what_people_decided_and_sure_fields_said_is_told_to_the_next_reading(
    archive: Path, database: Database
) -> None:
    book = next(book for book in database.books() if book.form == "birth_table")
    records = database.records(book.accession)
    field = next(one for one in records[0].fields if one.key == "nksHoTen")
    decision = Decision(records[0].id, field.key, "Ksor H'Bhang", "thu", "2026-11-26T00:00:00Z")
    said = book_said(book, records, [decision])
    assert said["place_text"][0] == book.place
    assert "Ksor H'Bhang" in said["person_name"]
    assert len(said["person_name"]) > 5
    assert field.raw not in said["person_name"]
    assert book_said(book, [], []) == {"place_text": (book.place,)}
    jobs = scan_jobs(database, settings_for(archive), book, database.pages(book.accession))
    assert set(said) == set(jobs[0].said)


def test_a_look_is_logged_without_the_query(archive: Path, database: Database) -> None:
    before = len(database.looks())
    hits = search(database, settings_for(archive), ASKER, "nguyen thi lan 1987", 5).hits
    [look] = database.looks()[before:]
    assert (look.person, look.action, look.purpose) == ("thu", "search", "cấp bản sao")
    assert look.records == [hit.record.id for hit in hits]


def test_the_row_on_the_paper_can_be_seen(archive: Path, database: Database) -> None:
    hit = search(database, settings_for(archive), ASKER, "nguyen thi lan 1987", 1).hits[0]
    picture = row_picture(database, settings_for(archive), ASKER, hit)
    assert picture.read_bytes().startswith(b"\xff\xd8")
    assert picture.stat().st_size > 2000


def test_nothing_differs_until_a_bit_is_flipped(archive: Path, database: Database) -> None:
    settings = settings_for(archive)
    assert not any(verify_books(database, settings, ()).values())
    book = database.books()[0]
    master = database.masters(book.accession)[0]
    file = package_of(archive, book.accession) / master.path
    good = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(good[:500] + bytes([good[500] ^ 1]) + good[501:])
    try:
        [difference] = {
            one.path for one in verify_books(database, settings, [book.accession])[book.accession]
        }
        assert difference == master.path
        job = scan_jobs(database, settings, book, database.pages(book.accession))[0]
        with pytest.raises(FixityError):
            read_scan(job)
    finally:
        file.write_bytes(good)


def test_the_index_can_be_built_anew(archive: Path, database: Database) -> None:
    settings = settings_for(archive)
    before = search(database, settings, ASKER, "nguyen thi lan 1987", 5)
    count = reindex(database, settings)
    assert count == sum(len(database.records(book.accession)) for book in database.books())
    assert search(database, settings, ASKER, "nguyen thi lan 1987", 5) == before


def test_the_same_scans_again_are_said_and_not_stored(archive: Path, database: Database) -> None:
    one = sample("birth_form")
    taken = intake(database, settings_for(archive), one.book, one.scans, nothing)
    assert not taken.taken
    assert len(taken.already) == len(database.masters(one.book.accession))


def test_two_writers_on_one_archive_are_kept_apart(archive: Path) -> None:
    with working(archive), pytest.raises(BusyError), working(archive):
        pass


def test_a_page_that_breaks_a_stage_does_not_stop_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = sample("birth_form")
    settings = settings_for(tmp_path)
    database = open_archive(settings, make=True)
    intake(database, settings, one.book, one.scans, nothing)
    real = page_flow.find_rules
    calls = iter(range(100))

    def breaks_once(image: PageImage) -> object:
        if next(calls) == 0:
            raise ZeroDivisionError("broken")
        return real(image)

    monkeypatch.setattr(page_flow, "find_rules", breaks_once)
    [outcome] = process(database, settings, [one.book.accession], nothing)
    assert list(outcome.errors) == [1]
    assert "ZeroDivisionError" in outcome.errors[1][1]
    assert outcome.exit_codes == [8]
    assert outcome.records >= 1
    [outcome] = process(database, settings, [one.book.accession], nothing, retry=True)
    assert not outcome.errors
    database.close()


def test_a_page_that_kills_its_process_is_the_only_one_lost(tmp_path: Path) -> None:
    page = Page("x", 1, "", 1, 10, 10, 300.0, Quality(3.0))
    settings = replace(settings_for(tmp_path), work=WorkSettings(workers=2))
    jobs = [
        ScanJob(
            tmp_path / f"{n}.jpg", f"{n}.jpg", "", replace(page, number=n), "", (0, 0), settings
        )
        for n in range(1, 6)
    ]
    jobs[2] = DeadlyJob(*[getattr(jobs[2], name) for name in ScanJob.__slots__])
    outcomes = {one.page.number: one for one in read_scans(jobs, settings.work)}
    assert sorted(outcomes) == [1, 2, 3, 4, 5]
    killed = [n for n, one in outcomes.items() if one.error and one.error[0] == "ReadingError"]
    assert killed == [3]


class DeadlyJob(ScanJob):
    """A job whose page takes its whole process down when it is unpickled to be read."""

    def __reduce__(self) -> tuple[object, ...]:
        return (_die, (os.getpid(),))


def _die(parent: int) -> None:
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: kill -9 is for POSIX")
def test_reading_goes_on_after_kill_9_with_no_page_lost_and_none_done_twice(
    tmp_path: Path,
) -> None:
    one = sample("birth_form")
    settings = settings_for(tmp_path)
    database = open_archive(settings, make=True)
    intake(database, settings, one.book, one.scans, nothing)
    pages = len(database.pages(one.book.accession))
    command = [*SOHOA, "process", "--executor", "serial", "--archive", str(tmp_path)]
    chance = random.Random(7)
    read: list[int] = []
    for _attempt in range(6):
        child = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(chance.uniform(1.5, 6.0))
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        states = [work.state for work in database.page_work(one.book.accession)]
        read.append(states.count("read"))
    assert read == sorted(read)  # what was read once stays read
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    work = database.page_work(one.book.accession)
    assert [one.state for one in work] == ["read"] * pages
    steps = Counter((step.page, step.stage) for step in database.steps(one.book.accession))
    assert set(steps.values()) == {1}
    ids = [record.id for record in database.records(one.book.accession)]
    assert len(ids) == len(set(ids)) > 0
    assert not any(verify_books(database, settings, ()).values())
    package = package_of(tmp_path, one.book.accession)
    lines = (package / "data" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids
    database.close()
