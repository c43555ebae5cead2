"""How scans come to the desk: broken lines, killed servers, phones, scanners, folders."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from desk_books import PASSWORD, birth_book, elsewhere, office, scan
from test_desk_scanning import Desk

from pipeline.desk import accounts, arriving
from pipeline.desk.arriving import Run, Sources
from pipeline.desk.seeing import seen_book
from pipeline.errors import ConflictError, MissingError, RightsError, StorageError, UsageError
from pipeline.programs import find
from pipeline.settings import ScanningSettings
from pipeline.store.phones import Phones
from pipeline.store.uploads import Upload, Uploads

FEEDER = "Automatic Document Feeder"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database, settings, lan = office(tmp_path / "archive")
    sources = Sources(database, settings)
    book = birth_book(database, settings, lan)
    yield Desk(database, settings, lan, book, sources, tmp_path / "in")
    sources.close()
    database.close()


def begun(desk: Desk, size: int, name: str = "a.jpg", **where: int) -> Upload:
    upload = Upload("", desk.book.accession, "", name, size, **where)  # type: ignore[arg-type]
    return arriving.begin_upload(desk.database, desk.settings, desk.lan, upload)


def sent(desk: Desk, upload: Upload, data: bytes) -> int:
    offset = arriving.upload_offset(desk.database, desk.settings, upload)
    return arriving.append_upload(desk.database, desk.settings, upload, offset, data)


def finished(desk: Desk, upload: Upload, data: bytes) -> dict[str, object]:
    sha256 = hashlib.sha256(data).hexdigest()
    return arriving.finish_upload(
        desk.database, desk.settings, desk.sources, desk.lan, upload.id, sha256
    )


def test_a_file_goes_on_where_the_line_broke_and_finishing_twice_is_once(desk: Desk) -> None:
    data = scan(desk.folder, 1).read_bytes()
    upload = begun(desk, len(data), "../../Sổ tháng 3/trang 1.jpg")
    assert sent(desk, upload, data[:1000]) == 1000
    with pytest.raises(ConflictError):  # a part that comes twice
        arriving.append_upload(desk.database, desk.settings, upload, 0, data[:1000])
    with pytest.raises(ConflictError):
        finished(desk, upload, data)
    assert sent(desk, upload, data[1000:]) == len(data)
    told = finished(desk, upload, data)
    assert [page["number"] for page in told["pages"]] == [1]  # type: ignore[attr-defined]
    assert finished(desk, upload, data) == told
    (master,) = desk.database.masters(desk.book.accession)
    assert (master.name, master.sha256) == ("trang 1.jpg", hashlib.sha256(data).hexdigest())
    assert not list((desk.settings.archive / "work" / "uploads").iterdir())


def test_what_arrives_otherwise_than_it_was_sent_must_be_sent_again(desk: Desk) -> None:
    data = scan(desk.folder, 1).read_bytes()
    upload = begun(desk, len(data))
    sent(desk, upload, data[:-1] + b"x")
    with pytest.raises(UsageError, match="SHA-256"):
        finished(desk, upload, data)
    assert arriving.upload_offset(desk.database, desk.settings, upload) == 0
    sent(desk, upload, data)
    assert finished(desk, upload, data)["pages"]


def test_uploads_have_limits(desk: Desk) -> None:
    for size in (0, (desk.settings.scanning.max_upload_mb << 20) + 1):
        with pytest.raises(UsageError):
            begun(desk, size)
    upload = begun(desk, 10)
    with pytest.raises(ConflictError):
        sent(desk, upload, b"x" * 11)
    few = replace(desk.settings, scanning=ScanningSettings(max_open_uploads=1))
    with pytest.raises(ConflictError):
        arriving.begin_upload(
            desk.database, few, desk.lan, Upload("", desk.book.accession, "", "b", 10)
        )
    for who in (replace(desk.lan, person="khac"), elsewhere(desk.lan)):
        with pytest.raises(MissingError):
            arriving.find_upload(desk.database, desk.settings, who, upload.id)
    arriving.drop_upload(desk.database, desk.settings, desk.lan, upload.id)
    with pytest.raises(MissingError):
        arriving.find_upload(desk.database, desk.settings, desk.lan, upload.id)
    begun(desk, 10)
    Uploads(desk.database, desk.settings.archive, timedelta(days=-1)).sweep()
    assert not arriving.open_uploads(desk.database, desk.settings, desk.lan, desk.book.accession)


def test_no_upload_begins_on_a_disk_that_is_nearly_full(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(desk.settings.archive)
    left = usage._replace(free=(1 << 30) + 19)
    monkeypatch.setattr(arriving.shutil, "disk_usage", lambda _path: left)
    begun(desk, 9)
    with pytest.raises(StorageError):
        begun(desk, 10)


def test_an_upload_may_stand_for_a_bad_scan(desk: Desk) -> None:
    desk.take(1, 2, 3)
    data = scan(desk.folder, 9).read_bytes()
    upload = begun(desk, len(data), instead_of=2)
    sent(desk, upload, data)
    (page,) = finished(desk, upload, data)["pages"]  # type: ignore[misc]
    assert (page["number"], page["place"]) == (4, 2)
    assert desk.order() == [1, 4, 3]


KILLED = """
import os, sys
from pathlib import Path
from pipeline.desk import arriving, books
from pipeline.desk.archive import open_archive
from pipeline.settings import Settings
from pipeline.values import Asker
from pipeline.store.uploads import Uploads

archive, upload, sha256, moment = sys.argv[1:]
settings = Settings(Path(archive))
database = open_archive(settings)
def die(*given, **told):
    os.kill(os.getpid(), 9)
if moment == "before":
    arriving.Sources.take = die
else:
    Uploads.end = die
sources = arriving.Sources(database, settings)
arriving.finish_upload(database, settings, sources, Asker("lan"), upload, sha256)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: kill -9 is for POSIX")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_server_killed_while_it_takes_an_upload_in_loses_and_doubles_nothing(
    desk: Desk, moment: str
) -> None:
    data = scan(desk.folder, 1).read_bytes()
    upload = begun(desk, len(data))
    sent(desk, upload, data)
    sha256 = hashlib.sha256(data).hexdigest()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            textwrap.dedent(KILLED),
            str(desk.settings.archive),
            upload.id,
            sha256,
            moment,
        ],
        capture_output=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len(desk.order()) == (0 if moment == "before" else 1)
    told = finished(desk, upload, data)
    assert told["pages"] or told["already"]
    assert desk.order() == [1]
    assert finished(desk, upload, data) == told


def test_two_files_that_arrive_together_both_come_in(desk: Desk) -> None:
    files = [scan(desk.folder, seed) for seed in range(4)]
    threads = [
        threading.Thread(target=desk.sources.take, args=(desk.lan, desk.book, [file]))
        for file in files
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(desk.order()) == [1, 2, 3, 4]
    assert {one.name for one in desk.database.masters(desk.book.accession)} == {
        file.name for file in files
    }


def test_a_phone_shows_its_pass_once_and_sends_until_its_time_ends(desk: Desk) -> None:
    accession = desk.book.accession
    secret = arriving.lend_phone(desk.database, desk.settings, desk.lan, accession)
    session = arriving.take_phone(desk.database, secret)
    with pytest.raises(RightsError):
        arriving.take_phone(desk.database, secret)
    phone, who = arriving.find_phone(desk.database, desk.settings, session)
    assert (phone.accession, who.person) == (accession, "lan")
    assert seen_book(desk.database, who, accession) == desk.book
    for wrong in ("", secret, session + "x"):
        with pytest.raises(RightsError):
            arriving.find_phone(desk.database, desk.settings, wrong)
    arriving.end_phone(desk.database, desk.lan, accession, phone.number)
    with pytest.raises(RightsError):
        arriving.find_phone(desk.database, desk.settings, session)
    with pytest.raises(MissingError):
        arriving.end_phone(desk.database, desk.lan, accession, phone.number)
    late = Phones(desk.database).lend(accession, "lan", timedelta(seconds=-1))
    with pytest.raises(RightsError):
        arriving.take_phone(desk.database, late)


def test_a_phone_ends_with_the_rights_of_who_lent_it(desk: Desk) -> None:
    secret = arriving.lend_phone(desk.database, desk.settings, desk.lan, desk.book.accession)
    session = arriving.take_phone(desk.database, secret)
    admin = accounts.Person("quan", "", (accounts.Grant("administrator"),))
    accounts.change_account(desk.database, admin, "lan", shown="Lan", grants=[], active=True)
    with pytest.raises(RightsError):
        arriving.find_phone(desk.database, desk.settings, session)
    assert PASSWORD  # the account itself is still there


def waited(run: Run, seconds: float = 60) -> Run:
    end = time.monotonic() + seconds
    while not run.is_over and time.monotonic() < end:
        time.sleep(0.05)
    assert run.is_over
    return run


@pytest.fixture
def sane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "sane"
    config.mkdir()
    (config / "dll.conf").write_text("test\n", encoding="ascii")
    (config / "test.conf").write_text("number_of_devices 1\n", encoding="ascii")
    monkeypatch.setenv("SANE_CONFIG_DIR", str(config))


@pytest.mark.skipif(find("scanimage") is None, reason="NOT RUN: no scanimage")
@pytest.mark.usefixtures("sane")
def test_a_scanner_fills_the_book_sheet_by_sheet(desk: Desk) -> None:
    accession = desk.book.accession
    run = desk.sources.scan(
        desk.lan, accession, source=FEEDER, dpi=50, options=["--test-picture=Color pattern"]
    )
    with pytest.raises(ConflictError):
        desk.sources.scan(desk.lan, accession)
    assert waited(run).error == ""
    # The test device feeds the same sheet ten times: byte for byte the same is one master.
    assert desk.order() == [1]
    folder = desk.settings.archive / "work" / "scanner" / accession
    assert not list(folder.iterdir())
    broken = waited(desk.sources.scan(desk.lan, accession, device="test:7"))
    assert "máy quét" in broken.error


def test_what_comes_into_the_watched_folder_comes_into_the_book_until_stopped(
    desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        desk.sources.watch(desk.lan, desk.book.accession)
    watched = tmp_path / "watched"
    watched.mkdir()
    settings = replace(desk.settings, scanning=ScanningSettings(watched=str(watched)))
    sources = Sources(desk.database, settings)
    run = sources.watch(desk.lan, desk.book.accession)
    other = birth_book(desk.database, settings, desk.lan, "05")
    with pytest.raises(ConflictError):
        sources.watch(desk.lan, other.accession)
    scan(watched, 1)
    (watched / "bad.jpg").write_bytes(b"\xff\xd8\xff no picture")
    end = time.monotonic() + 60
    while (run.counted, len(run.refused)) != (1, 1) and time.monotonic() < end:
        time.sleep(0.05)
    sources.stop(desk.lan, desk.book.accession)
    waited(run)
    assert desk.order() == [1]
    assert "bad.jpg" in run.refused[0]
    sources.close()
