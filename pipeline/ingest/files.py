"""Foreign files from outside: looked at and decoded in a limited child, never in this process."""

import base64
import json
import logging
import os
import re
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.errors import (
    EncryptedFileError,
    HugeFileError,
    LowResolutionError,
    ProgramError,
    ScanError,
    UnreadableFileError,
)
from pipeline.programs import Conversation, failed, talk
from pipeline.settings import IngestSettings
from pipeline.store.durable import PART
from pipeline.values import PageImage, Quality, SheetCell, SheetRow, Turn
from pipeline.words import _

CLOCK = 3  # by the clock a child may take so many times its CPU time
IDLE_S = 300.0  # after that a child that waits for files ends: it holds 100 MB
START_S = 30.0  # a loaded machine may need so long to start a child
log = logging.getLogger("sohoa.ingest")
_JUNK = frozenset(("thumbs.db", "desktop.ini"))
_ERRORS: dict[str, type[ScanError | ProgramError]] = {
    error.__name__: error
    for error in (
        UnreadableFileError,
        EncryptedFileError,
        HugeFileError,
        LowResolutionError,
        ProgramError,
    )
}
_LIMITS = ("max_pixels", "max_frames", "max_seconds", "max_memory_mb", "render_dpi")
_TIME_SIGNALS = (getattr(signal, "SIGXCPU", 0), getattr(signal, "SIGALRM", 0))
_NUMBER = re.compile(r"(\d+)")
# -P: the folder we stand in must not lend modules; the threads would only eat address space.
_PYTHON = ("-P", "-W", "ignore", "-m", "pipeline.ingest.decode")
_QUIET = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "PYTHONIOENCODING": "utf-8",
}


@dataclass(frozen=True, slots=True)
class FrameSurvey:
    """What intake knows of one page image; see `values.Page` for the units.

    Attributes:
        codes: what its QR codes say.
        view: a small grey JPEG of it, made by us; empty when there is none.
    """

    width_px: int
    height_px: int
    dpi: float
    quality: Quality
    look: str
    codes: tuple[str, ...] = ()
    view: bytes = b""


@dataclass(frozen=True, slots=True)
class Survey:
    """What intake knows of a file that can be read to its end.

    Attributes:
        media_type: by content: `image/jpeg`, `image/png`, `image/tiff`, `image/jp2` or
            `application/pdf`.
        sha256: lower-case hex of the bytes that were surveyed.
        notes: sentences on what in a PDF would act by itself in a viewer.
    """

    media_type: str
    sha256: str
    size_bytes: int
    frames: tuple[FrameSurvey, ...]
    notes: tuple[str, ...] = ()


class Embedded(NamedTuple):
    """A page's own JPEG or JPEG 2000, byte for byte.

    Attributes:
        turn_deg: clockwise turn that makes it upright.
    """

    data: bytes
    media_type: str
    turn_deg: Turn


def survey(
    files: Sequence[Path], settings: IngestSettings
) -> Iterator[Survey | ScanError | ProgramError]:
    """Look at files one after the other; for each, in order, what it is or why it cannot be used.

    One child looks at many files; when one kills it, that file has its error and a new child goes
    on with the next. A `ProgramError` (poppler missing) is about one file too.
    """
    start = 0
    while start < len(files):
        refusal = _refuse_unfit(files[start])
        if refusal is not None:
            yield refusal
            start += 1
            continue
        end = start + 1
        while end < len(files) and _refuse_unfit(files[end]) is None:
            end += 1
        for outcome in _survey_in_one_child(files[start:end], settings):
            yield outcome
            start += 1


class Looker:
    """A child that waits for files to look at, so that a scan is judged as soon as it comes.

    It is started at the first file, and ends when it has had nothing to do for a while, when a
    file kills it, or with `close`. Threads may share it: they wait for one another.
    """

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._child: Conversation | None = None
        self._idle: threading.Timer | None = None

    def survey(self, files: Sequence[Path]) -> Iterator[Survey | ScanError | ProgramError]:
        """Look at files one after the other, as `survey` does."""
        for file in files:
            yield self._survey(file)

    def warm(self) -> None:
        """Start the child if none waits."""
        with self._lock:
            self._ready()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._hang_up()

    def _survey(self, file: Path) -> Survey | ScanError | ProgramError:
        refusal = _refuse_unfit(file)
        if refusal is not None:
            return refusal
        with self._lock:
            child = self._ready()
            child.ask(json.dumps(_survey_request([file], self._settings)))
            outcome, is_alive = _surveyed(child, 0, file, self._settings)
            if not is_alive:
                self._hang_up()
            return outcome

    def _ready(self) -> Conversation:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = threading.Timer(IDLE_S, self.close)
        self._idle.daemon = True
        self._idle.start()
        if self._child is None or not self._child.is_running():
            self._hang_up(stay=True)
            self._child = self._stack.enter_context(_child(None))
        return self._child

    def _hang_up(self, *, stay: bool = False) -> None:
        self._child = None
        self._stack.close()
        if self._idle is not None and not stay:
            self._idle.cancel()


def open_frame(file: Path, frame: int, name: str, settings: IngestSettings) -> PageImage:
    """Return one page image of a file, upright and grey, at most 300 dpi; its red ink apart.

    Args:
        frame: counted from 1.
        name: of the file, for the sentence of an error.

    Raises:
        ScanError: it cannot be decoded within the limits.
        ProgramError: it must be rendered, and poppler is missing.
    """
    with _one_answer("frame", file, frame, name, settings) as (answer, raw):
        width, height, scan = answer["width_px"], answer["height_px"], answer["scan"]
        samples = np.fromfile(raw, dtype=np.uint8)
    count = width * height
    if not count or samples.size not in (count, 2 * count):
        raise UnreadableFileError(name, _("bộ giải mã trả về ảnh không trọn vẹn"))
    across, down = scan["width_px"] / width, scan["height_px"] / height
    grey, *red = (
        PageImage(part.reshape(height, width), scan["dpi"] / across, np.diag([across, down, 1.0]))
        for part in np.split(samples, samples.size // count)
    )
    return replace(grey, red=red[0]) if red else grey


def shown_frame(file: Path, frame: int, name: str, settings: IngestSettings) -> bytes:
    """Return one page image of a file as people see it: a JPEG in its colours, made by us.

    It is upright and as large as what `open_frame` returns. Args and errors are the same.
    """
    with _one_answer("shown", file, frame, name, settings) as (_told, raw):
        return raw.read_bytes()


def embedded_bytes(file: Path, frame: int, settings: IngestSettings) -> Embedded | None:
    """Return the JPEG or JPEG 2000 that a page is, unchanged; None when it is no such picture.

    Raises:
        ScanError: the file cannot be read.
    """
    with _one_answer("embedded", file, frame, file.name, settings) as (answer, raw):
        if answer["media_type"] is None:
            return None
        return Embedded(raw.read_bytes(), answer["media_type"], answer["turn_deg"])


def sheet_rows(file: Path, start: tuple[int, int], settings: IngestSettings) -> Iterator[SheetRow]:
    """Yield the rows of a workbook that hold anything, sheet by sheet, as the child reads them.

    Args:
        start: (sheet, row) after which to go on; the first thirty rows of that sheet are told
            again. (0, 0) for all.

    Raises:
        ScanError: it is no workbook, damaged, or beyond the limits.
    """
    refusal = _refuse_unfit(file)
    if refusal is not None:
        raise refusal
    request = {
        "action": "rows",
        "file": str(file.absolute()),
        "start": start,
        "limits": _limits(settings),
    }
    with _child(request) as child:
        while True:
            answer = _answer(child, file.name, settings)
            if isinstance(answer, ScanError):
                raise answer
            error = _error(answer, file.name)
            if error is not None:
                raise error
            if "done" in answer:
                return
            for told in answer["rows"]:
                cells = tuple(SheetCell(*cell) for cell in told["cells"])
                yield SheetRow(told["sheet"], told["name"], told["row"], cells)


def expand(paths: Iterable[Path]) -> list[Path]:
    """Return the files that paths name, each once; folders give theirs in natural order, 2 < 10.

    Inside folders, symbolic links, hidden files and half-written ones are passed over. A path that
    does not exist stays in the list, so that its error is told like any other.
    """
    found: list[Path] = []
    for path in paths:
        found += _walk(path) if path.is_dir() else [path]
    return list(dict.fromkeys(path.absolute() for path in found))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=lambda path: _natural(path.name)):
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix.lower() != PART and path.name.lower() not in _JUNK:
            yield path


def _natural(name: str) -> list[tuple[int, str]]:
    parts = _NUMBER.split(name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _refuse_unfit(file: Path) -> UnreadableFileError | None:
    """Refuse what is no regular file: opening a pipe or a device could wait for ever."""
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return UnreadableFileError(str(file), error.strerror or str(error))
    if stat.S_ISDIR(mode):
        return UnreadableFileError(str(file), _("là thư mục, không phải tệp"))
    if not stat.S_ISREG(mode):
        return UnreadableFileError(str(file), _("không phải tệp thường"))
    if not os.access(file, os.R_OK):
        return UnreadableFileError(str(file), _("không có quyền đọc"))
    return None


def _survey_in_one_child(
    files: Sequence[Path], settings: IngestSettings
) -> Iterator[Survey | ScanError | ProgramError]:
    """Survey until the child dies or all is done; there is an outcome for at least one file."""
    with _child(_survey_request(files, settings)) as child:
        for index, file in enumerate(files):
            outcome, is_alive = _surveyed(child, index, file, settings)
            yield outcome
            if not is_alive:
                return


def _survey_request(files: Sequence[Path], settings: IngestSettings) -> dict[str, Any]:
    return {
        "action": "survey",
        "files": [str(file.absolute()) for file in files],
        "limits": _limits(settings),
    }


def _surveyed(
    child: Conversation, index: int, file: Path, settings: IngestSettings
) -> tuple[Survey | ScanError | ProgramError, bool]:
    """Return what a child says of one of its files, and whether it can look at more."""
    frames: list[FrameSurvey] = []
    while True:
        answer = _answer(child, str(file), settings)
        if isinstance(answer, ScanError):  # the child is dead
            return answer, False
        if answer["file"] != index:
            return UnreadableFileError(str(file), _("bộ giải mã trả lời lạc tệp")), False
        if "frame" in answer:
            frames.append(_frame_survey(answer["frame"]))
            continue
        outcome = _error(answer, str(file)) or _survey_of(answer["done"], frames)
        # A child that met its limits has had its day.
        return outcome, not isinstance(outcome, HugeFileError)


def _survey_of(done: dict[str, Any], frames: Sequence[FrameSurvey]) -> Survey:
    return Survey(
        media_type=done["media_type"],
        sha256=done["sha256"],
        size_bytes=done["size_bytes"],
        frames=tuple(frames),
        notes=tuple(done["notes"]),
    )


def _frame_survey(told: dict[str, Any]) -> FrameSurvey:
    return FrameSurvey(
        width_px=told["width_px"],
        height_px=told["height_px"],
        dpi=told["dpi"],
        quality=Quality(**{**told["quality"], "cut": tuple(told["quality"]["cut"])}),
        look=told["look"],
        codes=tuple(told["codes"]),
        view=base64.b64decode(told["view"]),
    )


@contextmanager
def _one_answer(
    action: str, file: Path, frame: int, name: str, settings: IngestSettings
) -> Iterator[tuple[dict[str, Any], Path]]:
    """Ask a child about one page; give its answer and where it laid the raw bytes."""
    refusal = _refuse_unfit(file)
    if refusal is not None:
        raise UnreadableFileError(name, refusal.reason)
    with tempfile.TemporaryDirectory(prefix="sohoa-") as folder:
        raw = Path(folder) / "raw"
        request = {
            "action": action,
            "file": str(file.absolute()),
            "frame": frame,
            "target": str(raw),
            "limits": _limits(settings),
        }
        with _child(request) as child:
            answer = _answer(child, name, settings)
        if isinstance(answer, ScanError):
            raise answer
        error = _error(answer, name)
        if error is not None:
            raise error
        yield answer, raw


def _child(request: dict[str, Any] | None) -> AbstractContextManager[Conversation]:
    """Start a child on a request; None: it waits for requests."""
    question = None if request is None else json.dumps(request)
    return talk(Path(sys.executable), _PYTHON, question=question, environment=_QUIET)


def _limits(settings: IngestSettings) -> dict[str, int]:
    return {name: getattr(settings, name) for name in _LIMITS}


def _answer(child: Conversation, name: str, settings: IngestSettings) -> dict[str, Any] | ScanError:
    """Return the child's next answer, or what its death says about the file."""
    try:
        line = child.line(settings.max_seconds * CLOCK + START_S)
    except TimeoutError:
        return _too_slow(name, settings)
    if line is not None:
        told: dict[str, Any] = json.loads(line)
        return told
    code, words = child.end(), child.stderr()
    if "ImportError" in words or "ModuleNotFoundError" in words:  # not the file's fault
        raise failed("python", code, words)
    if -code in _TIME_SIGNALS:
        return _too_slow(name, settings)
    if -code == signal.SIGKILL or "MemoryError" in words:
        most = settings.max_memory_mb
        return HugeFileError(name, _("cần hơn {most} MB bộ nhớ").format(most=most))
    log.warning("%s: decoder ended with %s: %s", name, code, words[-500:])
    return UnreadableFileError(name, _("làm bộ giải mã đổ vỡ, mã {code}").format(code=code))


def _too_slow(name: str, settings: IngestSettings) -> HugeFileError:
    return HugeFileError(name, _("cần hơn {most} giây").format(most=settings.max_seconds))


def _error(answer: dict[str, Any], name: str) -> ScanError | ProgramError | None:
    """Return the error that an answer tells, with the name that the caller knows the file by."""
    if "error" not in answer:
        return None
    kind, facts = _ERRORS[answer["error"]], answer["facts"]
    return kind(*facts) if kind is ProgramError else kind(name, *facts[1:])
