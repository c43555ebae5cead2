"""The one door to external programs: no shell, a time limit, nothing left running.

Arguments that are `Path` become absolute, so that no file name reads as an option. A program runs
in a process group of its own, and the whole group dies with it: a helper that it started, too.
"""

import contextlib
import logging
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.errors import ProgramError
from pipeline.words import _

PACKAGES = {  # program → package of Debian and Ubuntu
    "tesseract": "tesseract-ocr tesseract-ocr-vie",
    "pdftoppm": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "scanimage": "sane-utils",
}
_STDERR_BYTES = 20_000  # the end of it; a program in a loop can write gigabytes
_LINE_BYTES = 1_000_000
_WAITING_LINES = 64  # a program that writes faster than it is read waits; memory stays bounded
_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program left behind.

    Attributes:
        code: its exit code; negative when a signal ended it.
        stderr: the last 20,000 bytes of it.
    """

    code: int
    stdout: bytes
    stderr: str


class Conversation:
    """A running program that answers in lines; made by `talk`."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._process, self._errors = process, errors
        self._lines: queue.Queue[bytes | None] = queue.Queue(_WAITING_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def line(self, timeout_s: float) -> str | None:
        """Return the next line that it writes, without its end; None when it says no more.

        Raises:
            TimeoutError: it said nothing for so long.
        """
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(timeout_s) from None
        return None if line is None else line.decode("utf-8", "replace").rstrip("\r\n")

    def ask(self, question: str) -> None:
        """Hand it one more line, of a program that was started without a question."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is dead, which its answer will say
            self._process.stdin.write(question.encode("utf-8") + b"\n")
            self._process.stdin.flush()

    def is_running(self) -> bool:
        """Say whether it has not ended."""
        return self._process.poll() is None

    def end(self) -> int:
        """Wait until it has ended, a few seconds at most; return the exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        _kill_group(self._process)
        return self._process.wait()

    def stderr(self) -> str:
        """Return the end of what it wrote to stderr so far."""
        return _tail(self._errors)

    def hang_up(self) -> None:
        """Let the listener end; the program must be dead by now."""
        end = time.monotonic() + _GRACE_S
        while self._listener.is_alive() and time.monotonic() < end:
            with contextlib.suppress(queue.Empty):  # it may wait for room for what nobody reads
                self._lines.get(timeout=0.05)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            while line := stdout.readline(_LINE_BYTES):
                self._lines.put(line)
        self._lines.put(None)


def find(program: str) -> Path | None:
    """Return where a program is installed, None when it is not."""
    found = shutil.which(program)
    return Path(found).absolute() if found else None


def require(program: str) -> Path:
    """Return where a program is installed.

    Raises:
        ProgramError: it is not; the sentence names the package to install.
    """
    found = find(program)
    if found is None:
        raise missing(program)
    return found


def missing(program: str) -> ProgramError:
    """Return the error that says how to install a program."""
    package = PACKAGES.get(program)
    if package is None:
        return ProgramError(program, _("chưa được cài"), _("hãy cài chương trình này"))
    remedy = _("hãy cài: sudo apt-get install {package}").format(package=package)
    return ProgramError(program, _("chưa được cài"), remedy)


def run(
    program: str | Path,
    arguments: Sequence[str | Path],
    *,
    timeout_s: float,
    codes: Sequence[int] = (0,),
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run a program to its end and return what it left.

    Args:
        program: a name to be looked up, or an absolute path.
        timeout_s: by the clock; then it is killed with all that it started.
        codes: exit codes that are not a failure.
        folder: where it runs.
        environment: variables added to ours.

    Raises:
        ProgramError: it is missing, failed, or took too long.
    """
    name = Path(program).name
    with _started(program, arguments, folder, environment) as (process, errors):
        try:
            stdout, _nothing = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _kill_group(process)
            process.communicate()  # reaps it and closes the pipe
            raise _too_long(name, timeout_s) from None
        finished = Finished(process.returncode, stdout, _tail(errors))
    _log(name, finished.stderr)
    if finished.code not in codes:
        raise failed(name, finished.code, finished.stderr)
    return finished


@contextlib.contextmanager
def talk(
    program: str | Path,
    arguments: Sequence[str | Path],
    *,
    question: str | None = "",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Conversation]:
    """Start a program, hand it `question` on stdin, and read its answers line by line.

    Without a question (None) it waits for what `Conversation.ask` hands it.

    On leaving the block, however that happens, the program and all that it started are gone.

    Raises:
        ProgramError: it is missing.
    """
    with tempfile.TemporaryFile() as asked:  # a file, not a pipe: neither side blocks the other
        asked.write((question or "").encode("utf-8"))
        asked.seek(0)
        stdin = subprocess.PIPE if question is None else asked
        with _started(program, arguments, folder, environment, stdin) as (process, errors):
            conversation = Conversation(process, errors)
            try:
                yield conversation
            finally:
                if process.stdin is not None:
                    with contextlib.suppress(BrokenPipeError):
                        process.stdin.close()
                _kill_group(process)
                conversation.hang_up()
                _log(Path(program).name, conversation.stderr())


def failed(name: str, code: int, stderr: str) -> ProgramError:
    """Return the error of a program that ended badly: its own last words are the reason."""
    words = [line for line in stderr.splitlines() if line.strip()]
    reason = words[-1].strip()[:300] if words else _("mã lỗi {code}").format(code=code)
    return ProgramError(name, reason, _("hãy xem nhật ký rồi chạy lại"))


def _too_long(name: str, timeout_s: float) -> ProgramError:
    reason = _("không xong sau {seconds:.0f} giây").format(seconds=timeout_s)
    return ProgramError(name, reason, _("hãy chạy lại khi máy rảnh hơn"))


@contextlib.contextmanager
def _started(
    program: str | Path,
    arguments: Sequence[str | Path],
    folder: Path | None,
    environment: Mapping[str, str] | None,
    stdin: IO[bytes] | int | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    where = program if isinstance(program, Path) else require(program)
    command = [str(where), *(_plain(argument) for argument in arguments)]
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ProgramError(where.name, reason, missing(where.name).remedy) from error
        try:
            yield process, errors
        finally:
            _kill_group(process)
            process.wait()


def _plain(argument: str | Path) -> str:
    return str(argument.absolute()) if isinstance(argument, Path) else argument


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        if process.poll() is None:  # the tree, as there are no process groups to kill
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True)
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of it has ended
        os.killpg(process.pid, signal.SIGKILL)


def _tail(errors: IO[bytes]) -> str:
    # Positional read: the child writes through the same file offset.
    size = os.fstat(errors.fileno()).st_size
    start = max(0, size - _STDERR_BYTES)
    if sys.platform == "win32":  # no pread there; the child is gone when we ask
        errors.seek(start)
        return errors.read().decode("utf-8", "replace")
    return os.pread(errors.fileno(), _STDERR_BYTES, start).decode("utf-8", "replace")


def _log(name: str, stderr: str) -> None:
    logger = logging.getLogger(f"sohoa.programs.{name}")
    for line in stderr.splitlines():
        logger.debug("%s", line)
