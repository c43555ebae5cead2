"""Whatever differs in a package is found, and all of it is told."""

import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.archive.fixity import Difference, verify
from tests.archive.conftest import InventedBook
from tests.archive.test_archive_package import content, sealed

Make = Callable[[], InventedBook]


def paths(book: InventedBook) -> dict[str, str]:
    return {one.path: one.kind for one in verify(book.package, book.masters)}


@pytest.fixture
def book(invented: Make) -> InventedBook:
    return sealed(invented())


def test_a_package_as_it_was_sealed_has_no_difference(book: InventedBook) -> None:
    assert verify(book.package, book.masters) == ()


def test_any_flipped_bit_is_found(book: InventedBook) -> None:
    chance = random.Random(20261125)
    files = sorted(content(book.package))
    # Small files as often as large ones: the lists of sums are what guards the rest.
    for trial in range(200):
        name = files[trial % len(files)]
        file = book.package / name
        whole = file.read_bytes()
        if not whole:  # no bit to flip
            continue
        bit = chance.randrange(len(whole) * 8)
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        found = paths(book)
        if name != "tagmanifest-sha256.txt":  # no sum says which of the two is right there
            assert name in found, f"bit {bit} of {name}"
        assert found, f"bit {bit} of {name}"
        file.write_bytes(whole)
    assert verify(book.package, book.masters) == ()


def test_flipped_bits_of_the_list_that_no_sum_guards_are_found(book: InventedBook) -> None:
    file = book.package / "tagmanifest-sha256.txt"
    whole = file.read_bytes()
    for bit in range(0, len(whole) * 8, 7):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        assert verify(book.package, book.masters), bit


def test_all_that_differs_is_told_not_only_the_first(book: InventedBook) -> None:
    (book.package / "data" / "masters" / "0001.jpg").write_bytes(b"other")
    (book.package / "data" / "masters" / "0002.jpg").unlink()
    (book.package / "data" / "text" / "0001.xml").unlink()
    (book.package / "data" / "text" / "9999.xml").write_bytes(b"who put this here?")
    (book.package / "note.txt").write_bytes(b"")
    assert paths(book) == {
        "data/masters/0001.jpg": "changed",
        "data/masters/0002.jpg": "missing",
        "data/text/0001.xml": "missing",
        "data/text/9999.xml": "extra",
        "note.txt": "extra",
    }
    changed = verify(book.package, book.masters)[0]
    assert (changed.expected, len(changed.found)) == (book.masters[0].sha256, 64)


def test_a_list_that_was_edited_to_fit_a_changed_master_is_found(book: InventedBook) -> None:
    import hashlib

    master = book.masters[0]
    (book.package / master.path).write_bytes(b"forged")
    forged = hashlib.sha256(b"forged").hexdigest()
    tags = book.package / "tagmanifest-sha256.txt"
    manifest = book.package / "manifest-sha256.txt"
    before = hashlib.sha256(manifest.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace(master.sha256, forged))
    after = hashlib.sha256(manifest.read_bytes()).hexdigest()
    tags.write_text(tags.read_text().replace(before, after))  # all lists fit again
    assert verify(book.package, book.masters) == (
        Difference("changed", master.path, master.sha256, forged),
        Difference("unlisted", master.path, master.sha256, forged),
    )


def test_a_master_that_a_list_leaves_out_or_makes_up_is_found(book: InventedBook) -> None:
    manifest = book.package / "manifest-sha256.txt"
    lines = [line for line in manifest.read_text().splitlines() if "0001.jpg" not in line]
    made_up = f"{'0' * 64}  data/masters/0009.jpg"
    manifest.write_text("\n".join([*lines, made_up]) + "\n")
    assert paths(book) == {
        "data/masters/0001.jpg": "unlisted",
        "data/masters/0009.jpg": "unlisted",
        "manifest-sha256.txt": "changed",
    }


@pytest.mark.parametrize("name", ["manifest-sha256.txt", "tagmanifest-sha256.txt", "bagit.txt"])
def test_a_lost_list_is_found(book: InventedBook, name: str) -> None:
    (book.package / name).unlink()
    assert paths(book)[name] == "missing"


def test_an_empty_list_is_found(book: InventedBook) -> None:
    (book.package / "tagmanifest-sha256.txt").write_bytes(b"")
    assert verify(book.package, book.masters)


def test_a_link_is_not_a_file_of_the_package(book: InventedBook, tmp_path: Path) -> None:
    file = book.package / "data" / "records.jsonl"
    (tmp_path / "elsewhere").write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    assert paths(book)["data/records.jsonl"] == "missing"


# Nothing is closed to root: the child lays its rights down, once all is imported.
AS_NOBODY = """
import json, os, pickle, sys
from pipeline.archive.fixity import verify
package, masters = pickle.load(sys.stdin.buffer)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(json.dumps({one.path: one.kind for one in verify(package, masters)}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Windows has no such rights")
def test_a_file_that_cannot_be_read_is_told(book: InventedBook) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        Path(name).chmod(0o755)
        package = Path(name) / "package"
        shutil.copytree(book.package, package)
        (package / "data" / "records.jsonl").chmod(0)
        child = subprocess.run(
            [sys.executable, "-c", AS_NOBODY],
            input=pickle.dumps((package, book.masters)),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
        )
    assert json.loads(child.stdout) == {"data/records.jsonl": "unreadable"}


def test_before_a_book_is_sealed_only_its_masters_are_looked_at(invented: Make) -> None:
    book = invented()
    assert verify(book.package, book.masters, sealed=False) == ()
    (book.package / book.masters[1].path).unlink()
    (found,) = verify(book.package, book.masters, sealed=False)
    assert (found.kind, found.path) == ("missing", "data/masters/0002.jpg")
    assert len(verify(book.package, book.masters)) > 1


def test_a_package_that_is_gone_is_told(invented: Make, tmp_path: Path) -> None:
    kinds = {one.kind for one in verify(tmp_path / "nowhere", invented().masters)}
    assert kinds == {"missing", "unlisted"}
