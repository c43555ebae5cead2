import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import StorageError
from pipeline.store import durable


def test_a_written_file_is_whole_and_alone(tmp_path: Path) -> None:
    durable.durable_write(tmp_path / "deep" / "a.bin", b"abc")
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"abc"
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["a.bin"]


def test_a_copy_tells_the_sum_of_what_was_read(tmp_path: Path) -> None:
    source = tmp_path / "scan.tif"
    source.write_bytes(os.urandom(3_000_000))
    told = durable.durable_copy(source, tmp_path / "master.tif")
    assert told == hashlib.sha256(source.read_bytes()).hexdigest()
    assert durable.sha256_of(tmp_path / "master.tif") == told


def test_a_source_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"gone\.tif"):
        durable.durable_copy(tmp_path / "gone.tif", tmp_path / "master.tif")
    assert list(tmp_path.iterdir()) == []


def test_an_old_file_stays_when_the_new_one_fails(tmp_path: Path) -> None:
    target = tmp_path / "records.jsonl"
    durable.durable_write(target, b"old")
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from pipeline.store.durable import durable_write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "durable_write(Path(sys.argv[1]), b'x' * 1_000_000)\n"
    )
    if sys.platform == "win32":
        pytest.skip("NOT RUN: file size limits are for POSIX")
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=False
    )
    assert "StorageError" in done.stderr
    assert target.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["records.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: kill -9 is for POSIX")
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "page.xml"
    code = (
        "import sys\nfrom pathlib import Path\nfrom pipeline.store.durable import durable_write\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for letter in b'ab':\n"
        "        durable_write(Path(sys.argv[1]), bytes([letter]) * 300_000)\n"
    )
    for attempt in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            writer.stdout.readline()
            time.sleep(0.02 + attempt * 0.007)
            writer.send_signal(signal.SIGKILL)
        if target.exists():
            assert target.read_bytes() in (b"a" * 300_000, b"b" * 300_000)
    durable.sweep(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] in ([], ["page.xml"])


def test_a_network_disk_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    durable.refuse_network_disk(tmp_path)
    monkeypatch.setattr(durable, "_file_system", lambda folder: "nfs4")
    with pytest.raises(StorageError, match="nfs4"):
        durable.refuse_network_disk(tmp_path)


def test_a_folder_gets_its_name_whole_and_never_takes_anothers(tmp_path: Path) -> None:
    for name, text in ((".a.part", b"first"), (".b.part", b"second")):
        durable.durable_write(tmp_path / name / "file", text)
    durable.adopt_folder(tmp_path / ".a.part", tmp_path / "a")
    with pytest.raises(StorageError, match="a "):
        durable.adopt_folder(tmp_path / ".b.part", tmp_path / "a")
    assert (tmp_path / "a" / "file").read_bytes() == b"first"
    assert not (tmp_path / ".a.part").exists()
