"""What was acknowledged is there after a power cut, on a real file system.

An ext4 image is mounted through a loop device and shut down by the kernel without flushing its
log: all that was not synced is gone, as when the plug is pulled. A control that does not sync
must lose its file, or this test proves nothing.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.store.database import open_database

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2
CUTS = 4


def can_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return False
    return Path("/dev/loop-control").exists()


pytestmark = pytest.mark.skipif(
    not can_mount(), reason="NOT RUN: needs root, mkfs.ext4 and a loop device"
)


class Disk:
    """A disk whose plug can be pulled."""

    def __init__(self, folder: Path) -> None:
        self.image, self.folder = folder / "disk.img", folder / "disk"
        self.folder.mkdir()
        with self.image.open("wb") as stream:
            stream.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        self.plug_in()

    def plug_in(self) -> None:
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)

    def pull_the_plug(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(handle)
        self.unmount()
        self.plug_in()

    def unmount(self) -> None:
        subprocess.run(["umount", self.folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    yield made
    made.unmount()


@contextmanager
def worker(code: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run code that says on stdout what it acknowledges; the power goes while it works."""
    head = "import sys\nfrom pathlib import Path\nfolder = Path(sys.argv[1])\n"
    with subprocess.Popen(
        [sys.executable, "-c", head + code, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def acknowledged(child: "subprocess.Popen[str]", count: int) -> list[str]:
    assert child.stdout
    return [child.stdout.readline().strip() for _number in range(count)]


def cut(disk: Disk, code: str, count: int) -> list[str]:
    with worker(code, disk.folder) as child:
        told = acknowledged(child, count)
        child.kill()
        child.wait()
        disk.pull_the_plug()
    return told


def test_a_plain_write_is_lost_so_this_test_can_fail(disk: Disk) -> None:
    code = (
        "for number in range(10):\n"
        "    (folder / f'{number}.tif').write_bytes(b'x' * 50_000)\n"
        "    print(number, flush=True)\n"
    )
    told = cut(disk, code, 10)
    whole = [name for name in told if holds(disk.folder / f"{name}.tif", 50_000)]
    assert len(whole) < len(told)


def test_durable_files_are_whole_after_the_cut(disk: Disk) -> None:
    code = (
        "from pipeline.store.durable import durable_write\n"
        "for number in range(10_000):\n"
        "    durable_write(folder / f'{number}.tif', b'x' * 50_000)\n"
        "    print(number, flush=True)\n"
    )
    for round_number in range(CUTS):
        told = cut(disk, code, 5 + 7 * round_number)
        for name in told:
            assert holds(disk.folder / f"{name}.tif", 50_000), name
        for file in disk.folder.glob("*.tif"):
            file.unlink()


def test_acknowledged_rows_are_there_after_the_cut(disk: Disk) -> None:
    code = (
        "from pipeline.store.database import open_database\n"
        "database = open_database(folder / 'sohoa.db')\n"
        "for number in range(10_000):\n"
        "    database.log_look('thu', 'search', [str(number)])\n"
        "    print(number, flush=True)\n"
    )
    told = 0
    for round_number in range(CUTS):
        told += len(cut(disk, code, 5 + 7 * round_number))
        database = open_database(disk.folder / "sohoa.db")
        assert len(database.looks()) >= told
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        database.close()


def holds(file: Path, size_bytes: int) -> bool:
    return file.exists() and file.read_bytes() == b"x" * size_bytes
