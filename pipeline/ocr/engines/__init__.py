"""The engines that read lines: one file each, chosen by its name in the settings."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.errors import ReadingError
from pipeline.ocr.crops import Ink
from pipeline.values import Line, Pixels
from pipeline.words import _


class Engine(Protocol):
    """What reads lines of writing.

    Every file of this folder has `create(settings: OcrSettings) -> Engine`.

    Attributes:
        name: the file's name; it stands in `Line.engine`.
        reader: whose calibration curves are its own: the model as it was shipped, or the program.
        version: what else would have to be the same for the same reading: the model by name and
            SHA-256, or the program's own version; it stands in the provenance.
    """

    name: str
    reader: str
    version: str

    def read(self, lines: Sequence[Line], inks: Sequence[Ink | None], kind: str = "") -> list[Line]:
        """Return the same lines, in the same order, with text, confidence and letters.

        A line without ink has the empty text, and so has one that cannot be read; neither
        fails the others.

        Args:
            lines: of one page.
            inks: what is written in each, as `crops.inks_of` finds it; None where nothing is.
            kind: of field that all of them hold, if that is known (`int`, `person_name`); it
                rules out letters, and tells which language to expect.

        Raises:
            ReadingError: reading took longer than the settings' `page_seconds`.
        """
        ...

    def reread(
        self, line: Line, part: tuple[float, float], kind: str, said: tuple[str, ...]
    ) -> Line | None:
        """Return a part of a line that this engine read, now that its kind is known.

        Args:
            line: as `read` returned it.
            part: where the part begins and ends, as fractions of the line's width.
            kind: of field.
            said: what such fields have said before, or the entries of their list.

        Returns:
            the line with that part's text, letters (as fractions of the part) and readings; its
            polygon is the whole line's. None when the engine keeps nothing to read again, or
            when the kind rules out what stands there.
        """
        ...

    def legibility(self, crops: Sequence[Pixels]) -> float:
        """Return how probable it is (0 to 1) that such crops of lines are readable text.

        The crops are grey, dark ink on light paper. Text that stands upright has more than
        the same text upside down.
        """
        ...


def too_slow(engine: str, page_seconds: float) -> ReadingError:
    """Return the error for a page on which an engine spent more than the page is worth."""
    return ReadingError(
        _("bộ đọc {engine} đọc một trang quá {seconds:.0f} giây; hãy tăng page_seconds").format(
            engine=engine, seconds=page_seconds
        )
    )
