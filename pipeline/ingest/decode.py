"""The only code that opens foreign files: a child process with limits of memory and time.

Started by `files.py` as `python -m pipeline.ingest.decode`; JSON requests on stdin, one a line,
JSON lines on stdout; pixels go through a raw file in a private folder of the parent. When a file
kills this process, only that file is lost.

Imports are late: a child is started for each page that is read.
"""

import base64
import hashlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pipeline.errors import HugeFileError, ProgramError, ScanError, UnreadableFileError
from pipeline.words import _

if TYPE_CHECKING:
    from pipeline.ingest.pdf_pages import PdfFile
    from pipeline.ingest.pictures import Limits, PictureFile

HEAD_BYTES = 1024  # readers look for %PDF- so far
WHOLE_FILE = 30  # a file of many pages gets this many times the time of one page
HEAD_ROWS = 30  # of a sheet: its headings stand there
_PASSED = 1000  # rows of a workbook that were told before; then we say that we are alive
_ROWS, _ROWS_LETTERS = 50, 50_000  # of a workbook, in one answer; whichever is reached first
SHOWN_QUALITY = 88  # of JPEG: parts are cut from it
_DISK_BYTES = 4  # per pixel: what may be written for one page


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        clock = _Clock(request["limits"]["max_seconds"])
        _limit_memory(request["limits"])
        try:
            _ANSWERS[request["action"]](request, answers, clock)
        except BrokenPipeError:  # nobody listens any more
            os._exit(1)


def _survey(request: dict[str, Any], answers: BinaryIO, clock: "_Clock") -> None:
    from pipeline.ingest.pictures import Limits

    limits = Limits(**request["limits"])
    for index, name in enumerate(request["files"]):
        clock.start_file()
        try:
            for answer in _survey_file(Path(name), limits, clock):
                _say(answers, {"file": index, **answer})
        except MemoryError:
            _say(answers, {"file": index, **_told(_too_much_memory(name, limits))})
            return  # what is left of this process is not to be trusted; the parent starts another
        except (ScanError, ProgramError) as error:
            _say(answers, {"file": index, **_told(error)})
        except OSError as error:  # gone, or on a share that broke off
            reason = UnreadableFileError(name, error.strerror or str(error))
            _say(answers, {"file": index, **_told(reason)})


def _survey_file(file: Path, limits: "Limits", clock: "_Clock") -> Any:
    import numpy as np

    from pipeline.ingest.codes import read_codes
    from pipeline.ingest.torn import is_torn
    from pipeline.ingest.views import VIEW_PX, shrunk, view_of
    from pipeline.quality.measures import measure

    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    size_bytes = file.stat().st_size
    with _open(file, limits) as document:
        for number in range(1, document.count() + 1):
            clock.start_page()
            frame = document.frame(number)
            if any(map(is_torn, document.jpegs(number))):
                raise UnreadableFileError(str(file), _("ảnh JPEG bị cắt cụt"))
            pixels = np.asarray(frame.image)
            dpi = frame.dpi * frame.image.width / frame.width_px
            small = shrunk(pixels, VIEW_PX)
            quality, look = measure(pixels, dpi, bits=frame.bits, dpi_assumed=frame.is_assumed)
            yield {
                "frame": {
                    "width_px": frame.width_px,
                    "height_px": frame.height_px,
                    "dpi": frame.dpi,
                    "quality": asdict(quality),
                    "look": look,
                    "codes": read_codes(small),
                    "view": base64.b64encode(view_of(small)).decode("ascii"),
                }
            }
        yield {
            "done": {
                "media_type": document.media_type,
                "sha256": sha256,
                "size_bytes": size_bytes,
                "notes": document.notes,
            }
        }


def _frame(document: "PictureFile | PdfFile", number: int, target: Path, answers: BinaryIO) -> None:
    frame = document.frame(number, inks=True)
    with target.open("wb") as file:
        file.write(frame.image.tobytes())
        if frame.red is not None:
            file.write(frame.red.tobytes())
    width, height = frame.image.size
    scan = {"width_px": frame.width_px, "height_px": frame.height_px, "dpi": frame.dpi}
    _say(answers, {"width_px": width, "height_px": height, "scan": scan})


def _shown(document: "PictureFile | PdfFile", number: int, target: Path, answers: BinaryIO) -> None:
    frame = document.frame(number, colour=True)
    frame.image.save(target, "JPEG", quality=SHOWN_QUALITY)
    _say(answers, {"shown": True})


def _embedded(
    document: "PictureFile | PdfFile", number: int, target: Path, answers: BinaryIO
) -> None:
    found = document.embedded(number)
    if found is None:
        _say(answers, {"media_type": None})
        return
    data, media_type, turn_deg = found
    target.write_bytes(data)
    _say(answers, {"media_type": media_type, "turn_deg": turn_deg})


def _about_one_frame(
    tell: "Callable[[PictureFile | PdfFile, int, Path, BinaryIO], None]",
    request: dict[str, Any],
    answers: BinaryIO,
    clock: "_Clock",
) -> None:
    from pipeline.ingest.pictures import Limits

    limits = Limits(**request["limits"])
    file = Path(request["file"])
    clock.start_file()
    try:
        with _open(file, limits) as document:
            _check_number(document, request["frame"], file)
            tell(document, request["frame"], Path(request["target"]), answers)
    except MemoryError:
        _say(answers, _told(_too_much_memory(str(file), limits)))
    except (ScanError, ProgramError) as error:
        _say(answers, _told(error))


def _rows(request: dict[str, Any], answers: BinaryIO, clock: "_Clock") -> None:
    """Tell the rows of a workbook, many in one answer, and at last that it is done.

    Where it goes on, the rows that were told before are passed over, but for the sheet's head.
    """
    from pipeline.ingest.workbooks import workbook_rows

    sheet, row = request["start"]
    clock.start_file()
    try:
        rows: list[Any] = []
        size = passed = 0
        for told in workbook_rows(Path(request["file"]), sheet):
            if told["sheet"] == sheet and HEAD_ROWS < told["row"] <= row:
                passed += 1
            else:
                rows.append(told)
                size += sum(len(text) for text, _kind in told["cells"])
            if len(rows) >= _ROWS or size >= _ROWS_LETTERS or passed >= _PASSED:
                _say(answers, {"rows": rows})
                rows, size, passed = [], 0, 0
                clock.start_page()
        _say(answers, {"rows": rows})
        _say(answers, {"done": True})
    except MemoryError:
        most = request["limits"]["max_memory_mb"]
        reason = HugeFileError(request["file"], _("cần hơn {most} MB bộ nhớ").format(most=most))
        _say(answers, _told(reason))
    except ScanError as error:
        _say(answers, _told(error))


_ANSWERS: dict[str, Callable[[dict[str, Any], BinaryIO, "_Clock"], None]] = {
    "survey": _survey,
    "frame": partial(_about_one_frame, _frame),
    "shown": partial(_about_one_frame, _shown),
    "embedded": partial(_about_one_frame, _embedded),
    "rows": _rows,
}


def _open(file: Path, limits: "Limits") -> "PictureFile | PdfFile":
    """Open a file as what its content says it is.

    Raises:
        ScanError: it is of no kind that an archive takes.
    """
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise UnreadableFileError(str(file), _("tệp rỗng"))
    if b"%PDF-" in head and not head.startswith((b"\xff\xd8", b"\x89PNG", b"II", b"MM")):
        from pipeline.ingest.pdf_pages import PdfFile

        return PdfFile(file, limits)
    if not _is_picture(head):
        reason = _("không phải ảnh JPEG, PNG, TIFF, JPEG 2000 hay PDF")
        raise UnreadableFileError(str(file), reason)
    from pipeline.ingest.pictures import PictureFile

    return PictureFile(file, limits)


def _is_picture(head: bytes) -> bool:
    return head.startswith(
        (
            b"\xff\xd8\xff",  # JPEG
            b"\x89PNG\r\n\x1a\n",
            b"II*\0",  # TIFF, and BigTIFF below
            b"MM\0*",
            b"II+\0",
            b"MM\0+",
            b"\0\0\0\x0cjP  \r\n\x87\n",  # JPEG 2000, and its bare codestream
            b"\xff\x4f\xff\x51",
        )
    )


def _check_number(document: "PictureFile | PdfFile", number: int, file: Path) -> None:
    if not 1 <= number <= document.count():
        reason = _("không có trang {number} trong tệp").format(number=number)
        raise UnreadableFileError(str(file), reason)


def _told(error: ScanError | ProgramError) -> dict[str, Any]:
    return {"error": type(error).__name__, "facts": list(error.args)}


def _too_much_memory(name: str, limits: "Limits") -> HugeFileError:
    return HugeFileError(name, _("cần hơn {most} MB bộ nhớ").format(most=limits.max_memory_mb))


def _say(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    answers.flush()


class _Clock:
    """CPU time: so much for each page, and a cap for the whole file.

    The kernel ends the process when a limit is passed. Windows has no such limits: there the
    parent's clock alone ends a child that takes too long.
    """

    def __init__(self, max_seconds: int) -> None:
        self.max_seconds, self.file_end = max_seconds, 0.0

    def start_file(self) -> None:
        self.file_end = self._used() + self.max_seconds * WHOLE_FILE
        self.start_page()

    def start_page(self) -> None:
        if sys.platform == "win32":
            return
        import resource

        end = int(min(self._used() + self.max_seconds, self.file_end)) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (end, resource.getrlimit(resource.RLIMIT_CPU)[1]))

    def _used(self) -> float:
        times = os.times()
        return times.user + times.system


def _limit_memory(limits: dict[str, int]) -> None:
    """Bound this process and the renderers that it starts; Windows has no `resource`."""
    if sys.platform == "win32":
        return
    import resource

    memory = limits["max_memory_mb"] << 20
    disk = max(limits["max_pixels"] * _DISK_BYTES, 1 << 30)
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, disk),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        top = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (top, top))


if __name__ == "__main__":
    main()
