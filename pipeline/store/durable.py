"""Files that survive a power cut: the only door through which anything enters an archive.

Measured on ext4 (power cut right after the call): a plain write is gone, write and rename is gone,
rename after fsync leaves the temporary name; only fsync, rename, fsync of the folder is whole.
"""

import hashlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import StorageError
from pipeline.words import _

PART = ".part"  # a file with this ending was never acknowledged and may be swept
_CHUNK = 1 << 20
# SQLite's own advice: locks and fsync of these cannot be trusted.
_NETWORK = {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "lustre"}
_NETWORK |= {"glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.davfs", "davfs", "vboxsf", "prl_fs"}


def durable_write(target: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file so that after this call it is whole, even after a power cut.

    Args:
        target: the file's name.
        data: all its bytes, or their parts in order.

    Raises:
        StorageError: the disk is full, read-only or broken; nothing is left under the name.
    """
    with _replacing(target) as stream:
        stream.writelines([data] if isinstance(data, bytes) else data)


def durable_copy(source: Path, target: Path) -> str:
    """Copy a file durably and return the SHA-256 (lower-case hex) of the bytes that were read.

    Raises:
        StorageError: as `durable_write`; also when the source cannot be read.
    """
    digest = hashlib.sha256()
    try:
        reader = source.open("rb")
    except OSError as error:
        raise StorageError(
            _("không mở được {file} ({reason})").format(file=source, reason=error.strerror)
        ) from error
    with reader, _replacing(target) as stream:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()


def adopt_folder(part: Path, target: Path) -> None:
    """Give a folder, whose files were written durably, its final name.

    Raises:
        StorageError: it cannot be renamed; a folder that is there already stays.
    """
    try:
        part.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise StorageError(
            _("không ghi được {file} ({reason})").format(file=target, reason=error.strerror)
        ) from error


def sha256_of(file: Path) -> str:
    """Return the SHA-256 (lower-case hex) of a file's bytes, read anew."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sweep(folder: Path) -> list[Path]:
    """Remove what a killed program left half written in a folder; return those names."""
    left = sorted(folder.glob(f"*{PART}")) if folder.is_dir() else []
    for file in left:
        file.unlink(missing_ok=True)
    return left


def refuse_network_disk(folder: Path) -> None:
    """Refuse a folder on a network file system: locks and fsync cannot be trusted there.

    Raises:
        StorageError: it is on such a file system.
    """
    kind = _file_system(folder.resolve())
    if kind in _NETWORK:
        raise StorageError(
            _(
                "{folder} nằm trên ổ mạng ({kind}); hãy đặt kho trên ổ đĩa của máy này, "
                "rồi sao lưu sang ổ mạng"
            ).format(folder=folder, kind=kind)
        )


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    part = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}{PART}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise StorageError(
            _(
                "không ghi được {file} ({reason}); hãy giải phóng chỗ trên đĩa hoặc kiểm tra "
                "quyền ghi, rồi chạy lại lệnh này"
            ).format(file=target, reason=error.strerror)
        ) from error


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # folders cannot be synced there; NTFS journals the rename
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _file_system(folder: Path) -> str:
    if sys.platform == "win32":
        import ctypes

        remote = 4  # DRIVE_REMOTE
        return "smbfs" if ctypes.windll.kernel32.GetDriveTypeW(folder.anchor) == remote else ""
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return ""
    best, kind = Path(), ""
    for line in mounts.read_text(encoding="utf-8").splitlines():
        before, after = line.split(" - ", 1)
        point = Path(before.split()[4].replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= len(best.parts):
            best, kind = point, after.split()[0]
    return kind
