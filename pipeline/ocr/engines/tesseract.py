"""Reads with Tesseract, language vie: all lines of a page in one call.

The crops go to Tesseract as a list of files, each a page of one line (page segmentation mode 7):
a process a line would spend nine tenths of its time on loading the language.
"""

import csv
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pytesseract

from pipeline.errors import ProgramError, ReadingError
from pipeline.letters import nfc
from pipeline.ocr.crops import Ink, find_ink
from pipeline.ocr.engines import too_slow
from pipeline.ocr.language import letters_of
from pipeline.settings import OcrSettings
from pipeline.values import Letter, Line, Pixels
from pipeline.words import _

NAME = "tesseract"
LANGUAGE = "vie"
PACKAGES = "sudo apt-get install tesseract-ocr tesseract-ocr-vie"
MIN_INK_PX = 36  # height of the ink below which a crop is enlarged; Tesseract likes 30 to 50
MARGIN_PX = 10  # without some paper around it Tesseract drops the first and last letter
DPI = 300  # only so that Tesseract does not guess
SINGLE_LINE = "--psm 7 --oem 1"
WORD_LEVEL = "5"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as Tesseract tells it: left and right in px of the file, confidence 0 to 1."""

    text: str
    left: int
    right: int
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """The picture of one line as Tesseract gets it.

    Attributes:
        pixels: with a margin of paper.
        left: px of the crop at the first column of `pixels`; may be negative.
        scale: px of `pixels` for one of the crop.
        width_px: of the crop.
    """

    pixels: Pixels
    left: float
    scale: float
    width_px: int

    def place(self, x: float) -> float:
        """Return where a column of `pixels` stands in the crop, as a fraction of its width."""
        return min(1.0, max(0.0, (x / self.scale + self.left) / self.width_px))


class TesseractEngine:
    """Reads lines of print and typing with the installed Tesseract."""

    name = NAME
    reader = NAME

    def __init__(self, page_seconds: float, version: str) -> None:
        self.page_seconds = page_seconds
        self.version = version

    def read(self, lines: Sequence[Line], inks: Sequence[Ink | None], kind: str = "") -> list[Line]:
        """Return the lines with what stands in them."""
        strips = [to_strip(ink) for ink in inks]
        found = iter(
            self._words([strip for strip in strips if strip is not None], letters_of(kind))
        )
        return [
            _blank(line) if strip is None else _fill(line, strip, next(found))
            for line, strip in zip(lines, strips, strict=True)
        ]

    def reread(
        self, line: Line, part: tuple[float, float], kind: str, said: tuple[str, ...]
    ) -> Line | None:
        """Return nothing: Tesseract tells only what it decided."""
        return None

    def legibility(self, crops: Sequence[Pixels]) -> float:
        """Return the mean confidence of the words read in the crops, by their length."""
        strips = [strip for strip in map(to_strip, map(find_ink, crops)) if strip is not None]
        likely = [
            sum(word.confidence * len(word.text) for word in words)
            / sum(len(word.text) for word in words)
            for words in self._words(strips, allowed="")
            if words
        ]
        return sum(likely) / len(crops) if crops else 0.0

    def _words(self, strips: Sequence[Strip], allowed: str) -> list[list[Word]]:
        """Return the words of each strip, read in one call."""
        if not strips:
            return []
        with TemporaryDirectory(prefix="sohoa-") as folder:
            names = Path(folder) / "lines.txt"
            names.write_text(_write(strips, Path(folder)), encoding="utf-8")
            table = _call(str(names), allowed, self.page_seconds)
        return _words_by_strip(table, len(strips))


def create(settings: OcrSettings) -> TesseractEngine:
    """Return the engine after a look at whether Tesseract and its Vietnamese are there.

    Raises:
        ProgramError: one of them is missing.
    """
    # One process a page: Tesseract's own threads would only take turns with the other pages'.
    os.environ.setdefault("OMP_THREAD_LIMIT", str(settings.threads))
    try:
        languages = pytesseract.get_languages()
    except pytesseract.TesseractNotFoundError as error:
        raise _missing(_("chưa cài đặt")) from error
    if LANGUAGE not in languages:
        raise _missing(_("thiếu tiếng Việt"))
    return TesseractEngine(settings.page_seconds, str(pytesseract.get_tesseract_version()))


def _missing(reason: str) -> ProgramError:
    return ProgramError("tesseract", reason, _("hãy chạy: {command}").format(command=PACKAGES))


def to_strip(ink: Ink | None) -> Strip | None:
    """Return the ink of a crop at a size that Tesseract likes; None when nothing is written."""
    if ink is None:
        return None
    scale = max(1.0, min(4.0, MIN_INK_PX / ink.pixels.shape[0]))
    large = ink.pixels
    if scale > 1.0:
        large = np.asarray(
            cv2.resize(large, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    padded = np.pad(large, MARGIN_PX, constant_values=255)
    return Strip(padded, ink.box.left - MARGIN_PX / scale, scale, ink.crop_px)


def _write(strips: Sequence[Strip], folder: Path) -> str:
    """Write each strip as a file and return their names, one a line."""
    names = []
    for number, strip in enumerate(strips):
        file = folder / f"{number:05d}.png"
        written, data = cv2.imencode(".png", strip.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not written:
            raise ReadingError(_("không ghi được ảnh của một dòng để đọc bằng Tesseract"))
        file.write_bytes(data.tobytes())
        names.append(str(file))
    return "\n".join(names) + "\n"


def _call(names: str, allowed: str, page_seconds: float) -> str:
    """Return Tesseract's table of words for a list of files.

    Raises:
        ProgramError: Tesseract is missing or failed.
        ReadingError: it took longer than the page is worth.
    """
    only = f" -c tessedit_char_whitelist={shlex.quote(allowed)}" if allowed else ""
    try:
        table = pytesseract.image_to_data(
            names,
            lang=LANGUAGE,
            config=f"{SINGLE_LINE} --dpi {DPI}{only}",
            timeout=page_seconds,
            output_type=pytesseract.Output.STRING,
        )
    except pytesseract.TesseractNotFoundError as error:
        raise _missing(_("chưa cài đặt")) from error
    except pytesseract.TesseractError as error:
        raise ProgramError(
            "tesseract", error.message, _("hãy chạy: {command}").format(command=PACKAGES)
        ) from error
    except RuntimeError as error:  # pytesseract's word for the time limit
        raise too_slow(NAME, page_seconds) from error
    return str(table)


def _words_by_strip(table: str, count: int) -> list[list[Word]]:
    """Return the words of a table by the number of their page, which is the strip's."""
    found: list[list[Word]] = [[] for _strip in range(count)]
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in rows:
        text = nfc((row["text"] or "").strip())
        if row["level"] == WORD_LEVEL and text:
            left = int(row["left"])
            sure = min(1.0, max(0.0, float(row["conf"]) / 100))
            word = Word(text, left, left + int(row["width"]), sure)
            found[int(row["page_num"]) - 1].append(word)
    return found


def _fill(line: Line, strip: Strip, words: Sequence[Word]) -> Line:
    return replace(
        line,
        text=" ".join(word.text for word in words),
        confidence=float(np.prod([word.confidence for word in words])) if words else 0.0,
        alternatives=(),
        letters=_letters(strip, words),
        engine=NAME,
    )


def _letters(strip: Strip, words: Sequence[Word]) -> tuple[Letter, ...]:
    """Return the letters of the words; in a word they share its width evenly."""
    letters: list[Letter] = []
    for word in words:
        edges = np.linspace(strip.place(word.left), strip.place(word.right), len(word.text) + 1)
        if letters:
            sure = min(letters[-1].confidence, word.confidence)
            letters.append(Letter(" ", letters[-1].right, float(edges[0]), sure))
        letters += [
            Letter(text, float(left), float(right), word.confidence)
            for text, left, right in zip(word.text, edges[:-1], edges[1:], strict=True)
        ]
    return tuple(letters)


def _blank(line: Line) -> Line:
    """Return the line as one on which nothing is written."""
    return replace(line, text="", confidence=1.0, alternatives=(), letters=(), engine=NAME)
