"""Watch a folder and hand over files once they are whole; nothing that arrives stops it."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import watchfiles

from pipeline.errors import SohoaError, UsageError
from pipeline.ingest.files import expand
from pipeline.words import _

SETTLE_S = 2.0  # a scanner or a copy may pause between two writes
LOOK_MS = 500  # how often the folder is looked at even when no event comes
RETRY_S = 30.0
POLL_MS = 2000  # between two looks at a network share

log = logging.getLogger("sohoa.watch")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it last changed, and since when (monotonic seconds)."""

    size_bytes: int
    changed_ns: int
    since_s: float


def watch(
    folder: Path,
    on_files: Callable[[list[Path]], None],
    *,
    stop: Callable[[], bool],
    poll: bool = False,
    settle_s: float = SETTLE_S,
    output: Path | None = None,
) -> None:
    """Hand over the files of a folder as they become whole, also those that stand there already.

    A file is whole when its size and time have not changed for `settle_s` and nobody has it open
    for writing (where the system tells). Each is handed over once; again when it changes. When
    `on_files` raises one of our errors, it is logged, watching goes on, and the same files are
    handed over again half a minute later.

    Args:
        stop: asked about twice a second.
        poll: look instead of waiting for events: network shares send none.
        output: where results are written; it must not be inside `folder`.

    Raises:
        UsageError: it is, or there is no such folder.
    """
    _check_apart(folder, output)
    seen: dict[Path, _Seen] = {}
    handed: dict[Path, tuple[int, int]] = {}
    over = threading.Event()
    wakes = watchfiles.watch(
        folder,
        watch_filter=None,
        stop_event=over,
        force_polling=poll,
        poll_delay_ms=POLL_MS,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    try:
        while not stop():
            whole = _whole_files(folder, seen, handed, settle_s)
            if whole and not _hand_over(whole, on_files):
                for file in whole:  # a full disk may have room again
                    del handed[file]
                    seen[file] = replace(seen[file], since_s=time.monotonic() + RETRY_S)
            next(wakes, None)  # any event, or LOOK_MS
    finally:
        over.set()
        wakes.close()


def _check_apart(folder: Path, output: Path | None) -> None:
    if not folder.is_dir():
        raise UsageError(_("không có thư mục {folder}").format(folder=folder))
    if output is not None and output.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            _(
                "kết quả ({output}) nằm trong thư mục được theo dõi ({folder}); "
                "hãy chọn hai thư mục rời nhau"
            ).format(output=output, folder=folder)
        )


def _whole_files(
    folder: Path, seen: dict[Path, _Seen], handed: dict[Path, tuple[int, int]], settle_s: float
) -> list[Path]:
    now = time.monotonic()
    whole: list[Path] = []
    try:
        files = expand([folder])
    except OSError as error:  # a share that broke off may come back
        log.warning("%s", error)
        return []
    for gone in seen.keys() - set(files):
        del seen[gone]
    for file in files:
        try:
            told = file.stat(follow_symlinks=False)
        except OSError:
            continue
        state = (told.st_size, told.st_mtime_ns)
        before = seen.get(file)
        if before is None or (before.size_bytes, before.changed_ns) != state:
            seen[file] = _Seen(*state, now)
        elif (
            now - before.since_s >= settle_s
            and handed.get(file) != state
            and not _is_being_written(file)
        ):
            handed[file] = state
            whole.append(file)
    return whole


def _hand_over(files: list[Path], on_files: Callable[[list[Path]], None]) -> bool:
    try:
        on_files(files)
    except SohoaError as error:
        log.warning("%s", error)
        return False
    return True


def _is_being_written(file: Path) -> bool:
    """Say whether some program has the file open for writing; False where nobody can tell."""
    if sys.platform != "linux":
        return False
    import fcntl
    import signal

    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # A read lease is refused while a writer is there. Were it broken in the instant that we
        # hold it, the kernel would send SIGIO, which kills; SIGURG is ignored.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # not our file, or a file system without leases
        return False
    finally:
        os.close(handle)
    return False
