"""The engines that read lines: one file each, chosen by its name in the settings."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.values import Line, PageImage, Pixels


class Engine(Protocol):
    """What reads lines of writing.

    Every file of this folder has `create(settings: OcrSettings) -> Engine`.

    Attributes:
        name: the file's name; it stands in `Line.engine`.
    """

    name: str

    def read(self, image: PageImage, lines: Sequence[Line]) -> list[Line]:
        """Return the same lines, in the same order, with text, confidence and letters.

        A line without ink has the empty text; a line that cannot be read has it too, with
        confidence 0, and never fails the others.
        """
        ...

    def legibility(self, crops: Sequence[Pixels]) -> float:
        """Return how probable it is (0 to 1) that such crops of lines are readable text.

        The crops are grey, dark ink on light paper. Text that stands upright has more than
        the same text upside down.
        """
        ...
