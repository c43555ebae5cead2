"""The invented books that come with the program, and an archive to try them in."""

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.desk.books import book_card
from pipeline.errors import UsageError
from pipeline.settings import shipped
from pipeline.values import Book
from pipeline.words import _


@dataclass(frozen=True, slots=True)
class Sample:
    """A book of `samples/`: its card, its folder, and its scans in order."""

    book: Book
    folder: Path
    scans: tuple[Path, ...]


def samples() -> list[Sample]:
    """Return the invented books that come with the program."""
    found = []
    for card in sorted(shipped("samples").glob("*/book.toml")):
        told: dict[str, Any] = tomllib.loads(card.read_text(encoding="utf-8"))
        first, last = told["years"]
        book = book_card(
            told["form"],
            told["place"],
            (first, last),
            str(told["volume"]),
            pages=told.get("pages"),
            entries=told.get("entries"),
            shelf=told.get("shelf", ""),
        )
        found.append(Sample(book, card.parent, tuple(sorted(card.parent.glob("*.jpg")))))
    return found


def fresh_demo(folder: Path) -> Path:
    """Return an empty folder for the demonstration; only an older demonstration is removed.

    Raises:
        UsageError: the folder holds something else.
    """
    mark = folder / "demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise UsageError(
            _("thư mục {folder} không trống; hãy chọn thư mục khác cho lần thử").format(
                folder=folder
            )
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
    return folder
