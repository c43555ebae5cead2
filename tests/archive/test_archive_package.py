"""A package is a bag that others' tools accept, and that no kill leaves beyond repair."""

import json
import os
import shutil
import signal
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pipeline.archive.fixity import verify
from pipeline.archive.json_lines import json_lines
from pipeline.archive.package import bag_info, card_of, is_pdfa, seal
from pipeline.archive.pdfa import PdfResult
from pipeline.values import Decision, Record
from tests.archive.conftest import InventedBook

with warnings.catch_warnings():  # bagit imports what setuptools wants to drop
    warnings.simplefilter("ignore")
    import bagit

Make = Callable[[], InventedBook]
DATE = "2026-11-25T10:00:00+00:00"
DECISION = Decision("ks-1962/1/-/1", "nksHoTen", "Nguyễn Thị Bưởi", "hoa", DATE, "đã xem giấy")


def sealed(
    invented: InventedBook,
    *,
    texts: int = 2,
    date: str = DATE,
    pdf: PdfResult | None = None,
    log_head: str = f"7:{'a' * 64}",
) -> InventedBook:
    card = card_of(
        invented.book,
        pages=2,
        records=len(invented.records),
        pdf=pdf or PdfResult(conforms=True),
        software="sohoa 0.1.0",
        date=date,
        log_head=log_head,
    )
    seal(invented.package, card, invented.masters, payload(invented, texts))
    return invented


def payload(invented: InventedBook, texts: int) -> Iterator[tuple[str, bytes | Path]]:
    for number in range(1, texts + 1):
        yield f"text/{number:04}.xml", f"<alto>{number}</alto>".encode()
    book = invented.package / "data" / "book.pdf"
    book.write_bytes(b"%PDF-1.7 invented")
    yield "book.pdf", book
    yield "records.jsonl", json_lines(invented.records)
    yield "decisions.jsonl", json_lines([DECISION])
    yield "provenance.jsonl", json_lines([])


def content(package: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(package)): file.read_bytes()
        for file in package.rglob("*")
        if file.is_file()
    }


def is_valid(package: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(bagit.Bag(str(package)).is_valid())


def test_bagit_accepts_the_package(invented: Make) -> None:
    package = sealed(invented()).package
    assert is_valid(package)
    assert verify(package, invented().masters) == ()
    names = set(content(package))
    assert {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"} <= names
    assert {"data/masters/0001.jpg", "data/text/0001.xml", "data/records.jsonl"} <= names


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="NOT RUN: sha256sum is missing")
def test_a_plain_tool_can_check_it(invented: Make) -> None:
    package = sealed(invented()).package
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--strict", "-c", name], cwd=package, check=True)


def test_the_card_says_what_the_book_is(invented: Make) -> None:
    package = sealed(invented()).package
    info = bag_info(package)
    assert info["External-Identifier"] == "ks-1962"
    assert info["Place"] == "xã Đông La, huyện Hoài Đức"  # on one line
    assert (info["Years"], info["Volume"], info["Scans"]) == ("1962-1964", "2A", "2")
    files = [data for name, data in content(package).items() if name.startswith("data/")]
    assert info["Payload-Oxum"] == f"{sum(map(len, files))}.{len(files)}"
    assert info["Bagging-Date"] == "2026-11-25"
    assert info["Bag-Software-Agent"] == "sohoa 0.1.0"


def test_pdfa_is_claimed_only_when_it_was_found(invented: Make) -> None:
    assert not is_pdfa(invented().package)
    assert is_pdfa(sealed(invented()).package)
    doubtful = PdfResult(conforms=False, findings=("6.2.4.3: DeviceCMYK",), missing=(2, 3))
    package = sealed(invented(), pdf=doubtful).package
    assert not is_pdfa(package)
    assert bag_info(package)["PDF-A"].startswith("not PDF/A (1 findings, first: 6.2.4.3")
    assert bag_info(package)["PDF-Pages-Without-Picture"] == "2, 3"
    assert is_valid(package)


def test_sealing_twice_changes_no_byte(invented: Make) -> None:
    book = sealed(invented())
    before = content(book.package)
    sealed(book, date="2031-01-01T00:00:00+00:00", log_head=f"9:{'b' * 64}")
    assert content(book.package) == before


def test_the_same_book_gives_the_same_bytes_anywhere(invented: Make) -> None:
    assert content(sealed(invented()).package) == content(sealed(invented()).package)


def test_what_is_new_is_sealed_and_what_is_gone_is_removed(invented: Make) -> None:
    book = sealed(invented(), texts=3)
    sealed(book, texts=1, date="2027-01-01")
    assert is_valid(book.package)
    assert [file.name for file in (book.package / "data" / "text").iterdir()] == ["0001.xml"]
    assert bag_info(book.package)["Bagging-Date"] == "2027-01-01"


def test_masters_are_never_written_or_removed(invented: Make) -> None:
    book = invented()
    files = [book.package / master.path for master in book.masters]
    stray = book.package / "data" / "masters" / "0003.jpg"  # whole, but not in the database yet
    stray.write_bytes(b"a scan")
    before = [(file.stat().st_mtime_ns, file.stat().st_ino) for file in [*files, stray]]
    sealed(sealed(book), texts=1)
    assert [(file.stat().st_mtime_ns, file.stat().st_ino) for file in [*files, stray]] == before


def test_a_damaged_master_is_not_sealed_as_if_it_were_right(invented: Make) -> None:
    book = invented()
    (book.package / book.masters[0].path).write_bytes(b"damaged")
    sealed(book)
    assert not is_valid(book.package)
    assert [one.path for one in verify(book.package, book.masters)] == [book.masters[0].path]


def test_a_record_comes_back_from_its_line_as_it_was(invented: Make) -> None:
    (record,) = invented().records
    (packed,) = json_lines([record]).decode("utf-8").splitlines()
    assert TypeAdapter(Record).validate_json(packed) == record
    told = json.loads(packed)
    assert list(told) == sorted(told)
    assert "Nguyễn Thị Bưởi" in packed
    assert told["fields"][0]["alternatives"] == [{"text": "Nguyễn Thị Bười", "confidence": 0.04}]


def test_lines_are_nfc_whatever_the_engine_gave() -> None:
    loose = unicodedata.normalize("NFD", "Đặng Thị Hường")
    packed = json_lines([Decision("r", "k", loose, "hoa", DATE)])
    assert "Đặng Thị Hường".encode() in packed


SEAL = """
import hashlib, sys
from pathlib import Path
from pipeline.archive.package import seal
from pipeline.values import Master
package, masters = Path(sys.argv[1]), []
for number, file in enumerate(sorted((package / "data" / "masters").iterdir()), 1):
    data = file.read_bytes()
    digest, path = hashlib.sha256(data).hexdigest(), f"data/masters/{file.name}"
    masters.append(Master(digest, number, path, file.name, "image/jpeg", len(data), 1))
payload = [(f"text/{number:04}.xml", b"<alto/>") for number in range(1, 4)]
seal(package, {"Form": "birth_table"}, masters, [*payload, ("records.jsonl", b"{}")])
"""


@pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("strace") is None,
    reason="NOT RUN: strace is missing; a kill at every rename is not tried",
)
def test_a_kill_at_any_rename_leaves_what_the_next_seal_completes(invented: Make) -> None:
    ended = False
    for at in range(1, 40):
        book = invented()
        done = subprocess.run(
            [
                *("strace", "-f", "-qq", "-e", "trace=/^rename", "-o", os.devnull),
                *("-e", f"inject=/^rename:signal=KILL:when={at}"),
                *(sys.executable, "-c", SEAL, str(book.package)),
            ],
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            ended = True
            break
        assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), done.stderr
        assert verify(book.package, book.masters, sealed=False) == ()
        sealed(book)
        assert is_valid(book.package), at
        assert verify(book.package, book.masters) == ()
    assert ended
    assert at == 10  # every file that a seal writes was a point
