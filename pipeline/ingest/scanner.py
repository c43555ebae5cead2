"""Drive a scanner through SANE: `scanimage --batch`, a sheet at a time, no shell."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import ScannerError
from pipeline.programs import Conversation, run, talk
from pipeline.words import _

ENDING = ".tif"
FIND_S = 60.0  # scanners on the network are asked, and may be asleep
SHEET_S = 180.0  # a slow flatbed at 600 dpi, and a lamp that warms up first
_NO_DOCS = 7  # SANE_STATUS_NO_DOCS: the feeder is empty, which is how a batch ends
_SOURCE = re.compile(r"^\s*--source\s.*\[([^\]]+)\]\s*$", re.MULTILINE)
_FEEDER_EMPTY = "out of documents"


def devices() -> list[tuple[str, str]]:
    """Return the scanners that SANE finds: name, and what it is called; may take some seconds.

    Raises:
        ProgramError: scanimage is not installed.
    """
    told = run("scanimage", ["--formatted-device-list=%d\t%v %m%n"], timeout_s=FIND_S)
    lines = told.stdout.decode("utf-8", "replace").splitlines()
    found = (line.partition("\t") for line in lines if "\t" in line)
    return [(name, title) for name, _tab, title in found]


def scan(
    folder: Path,
    device: str | None = None,
    source: str | None = None,
    dpi: int = 300,
    mode: str = "Color",
    options: Sequence[str] = (),
) -> Iterator[Path]:
    """Scan sheet after sheet into `folder` until the feeder is empty; yield each when it is whole.

    Earlier scans in the folder are never overwritten. A flatbed gives one sheet.

    Args:
        device: as `scanimage -L` names it; None takes the first.
        source: as the device names its feeder ("ADF"); None takes what the device would take.
        options: more of scanimage's own, for one device ("--page-height=297").

    Raises:
        ProgramError: scanimage is not installed.
        ScannerError: there is no scanner, it has no paper, or it failed; what was scanned before
            has been yielded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [f"--device-name={device}"] if device else []
    source = source or _own_source(chosen)
    chosen += [f"--source={source}"] if source else []
    arguments = [
        *chosen,
        f"--mode={mode}",
        f"--resolution={dpi}",
        "--format=tiff",
        f"--batch=sheet-%04d{ENDING}",  # relative: a % in the folder's name would be a place
        f"--batch-start={_first_free(folder)}",
        "--batch-print",  # the name, once the sheet is written and renamed
        *options,
    ]
    if not _is_feeder(source):
        arguments.append("--batch-count=1")  # else a flatbed scans the same sheet for ever
    sheets = 0
    with talk("scanimage", arguments, folder=folder) as scanner:
        for name in _names(scanner):
            sheets += 1
            yield folder / name
        code, words = scanner.end(), scanner.stderr()
    is_done = sheets and (code in (0, _NO_DOCS) or _FEEDER_EMPTY in words)
    if not is_done:
        raise ScannerError(_reason(words, code))


def _own_source(chosen: Sequence[str]) -> str:
    """Return the source that the device takes when it is told none; empty when it has no choice."""
    told = run("scanimage", [*chosen, "--help"], timeout_s=SHEET_S, codes=range(256))
    found = _SOURCE.search(told.stdout.decode("utf-8", "replace"))
    return found.group(1) if found and found.group(1) != "inactive" else ""


def _names(scanner: Conversation) -> Iterator[str]:
    while True:
        try:
            line = scanner.line(SHEET_S)
        except TimeoutError:
            reason = _("không trả lời sau {seconds:.0f} giây").format(seconds=SHEET_S)
            raise ScannerError(reason) from None
        if line is None:
            return
        if line.endswith(ENDING):
            yield Path(line).name


def _is_feeder(source: str | None) -> bool:
    told = (source or "").casefold()
    return any(word in told for word in ("adf", "feeder", "duplex"))


def _first_free(folder: Path) -> int:
    numbers = [
        int(file.stem.removeprefix("sheet-"))
        for file in folder.glob(f"sheet-*{ENDING}*")
        if file.stem.removeprefix("sheet-").isdecimal()
    ]
    return max(numbers, default=0) + 1


def _reason(words: str, code: int) -> str:
    """Return for the officer what SANE said."""
    known = {
        "no sane devices found": _("không tìm thấy máy quét nào"),
        "device busy": _("máy quét đang bận"),
        "jammed": _("kẹt giấy"),
        "cover": _("nắp máy đang mở"),
        _FEEDER_EMPTY: _("khay giấy trống"),
        "invalid argument": _("máy quét không nhận tên máy, khay hay độ phân giải này"),
    }
    told = words.casefold()
    for said, reason in known.items():
        if said in told:
            return reason
    last = [line for line in words.splitlines() if line.strip()]
    return last[-1].strip() if last else _("mã lỗi {code}").format(code=code)
