"""The worker beside the app: pages are read as they come, books finished once they are quiet."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.desk.archive import open_archive
from pipeline.desk.books import book_card, intake
from pipeline.errors import ProgramError
from pipeline.flow import book as book_flow
from pipeline.flow import worker
from pipeline.settings import Settings, WorkSettings
from pipeline.store.database import Database
from pipeline.store.jobs import Jobs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "archive", "thu", work=WorkSettings("serial", 1))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with closing(open_archive(settings, make=True)) as made:
        yield made


def scan(folder: Path, number: int) -> Path:
    """Make a page that is quickly read: a blank one with a mark."""
    pixels = np.full((1100, 800), 250, np.uint8)
    cv2.putText(pixels, str(number), (300, 500), 0, 4, 30, 8)
    file = folder / f"{number}.png"
    cv2.imwrite(str(file), pixels)
    return file


def take(database: Database, settings: Settings, file: Path) -> str:
    card = book_card("birth_table", "Xã Vân Trung", (1987, 1987), "01")
    intake(database, settings, card, [file], lambda *_told: None)
    return card.accession


def rounds(count: int) -> tuple[list[float], worker.Callable[[], bool]]:
    """Stop after so many pauses."""
    pauses: list[float] = []
    return pauses, lambda: len(pauses) >= count


def test_a_page_is_read_at_once_and_the_book_finished_when_no_more_come(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = take(database, settings, scan(tmp_path, 1))
    monkeypatch.setattr(worker, "QUIET", timedelta(hours=1))
    pauses, stop = rounds(1)
    worker.keep_on(database, lambda: settings, stop, pauses.append)
    assert [work.state for work in database.page_work(book)] == ["read"]
    assert not database.is_sealed(book)  # the next scan may come any moment
    monkeypatch.setattr(worker, "QUIET", timedelta(hours=-1))
    pauses, stop = rounds(1)
    worker.keep_on(database, lambda: settings, stop, pauses.append)
    assert database.is_sealed(book)
    assert database.unfinished() == []


def test_a_book_that_cannot_be_finished_waits_and_the_others_go_on(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = take(database, settings, scan(tmp_path, 1))
    calls: list[str] = []

    def broken(*_told: object) -> None:
        calls.append("finish")
        raise ProgramError("pdf", "hỏng", "cài lại")

    monkeypatch.setattr(book_flow, "_finish", broken)
    monkeypatch.setattr(worker, "QUIET", timedelta(hours=-1))
    pauses, stop = rounds(3)
    worker.keep_on(database, lambda: settings, stop, pauses.append)
    assert calls == ["finish"]
    [trouble] = Jobs(database).troubles().values()
    assert "hỏng" in trouble.sentence
    with database.write() as connection:  # somebody asks to try again
        Jobs(database).free(connection, book)
    pauses, stop = rounds(1)
    worker.keep_on(database, lambda: settings, stop, pauses.append)
    assert calls == ["finish", "finish"]


def test_what_is_under_way_is_told_and_forgotten_when_it_is_done(
    database: Database, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = take(database, settings, scan(tmp_path, 1))
    jobs, seen = Jobs(database), []
    told = jobs.begin

    def begin(_self: Jobs, *what: object) -> None:
        told(*what)  # type: ignore[arg-type]
        seen.append(jobs.at())
        assert worker.is_running(settings)

    monkeypatch.setattr(Jobs, "begin", begin)
    monkeypatch.setattr(worker, "QUIET", timedelta(hours=1))
    pauses, stop = rounds(1)
    worker.keep_on(database, lambda: settings, stop, pauses.append)
    assert [(one.accession, one.done, one.of) for one in seen if one] == [
        (book, 0, 1),
        (book, 1, 1),
    ]
    assert jobs.at() is None and not worker.is_running(settings)


def test_the_worker_ends_with_the_program_that_opened_it(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    book = take(database, settings, scan(tmp_path, 1))
    command = [sys.executable, "-m", "pipeline", "process", "--keep-on", "--attached"]
    with subprocess.Popen(
        [*command, "--archive", str(settings.archive)], stdin=subprocess.PIPE
    ) as process:
        end = time.monotonic() + 300
        while time.monotonic() < end and database.page_work(book)[0].state == "waiting":
            time.sleep(0.2)
        assert database.page_work(book)[0].state == "read"
        assert process.stdin
        process.stdin.close()
        assert process.wait(20) == 0
