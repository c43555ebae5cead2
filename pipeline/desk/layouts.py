"""How a certified extract is printed: `schemas/extracts.json`, read into values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import ConfigDict, TypeAdapter

from pipeline.settings import shipped

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed label and what stands behind it.

    Attributes:
        key: the Ministry's; empty where no book says it, so that it stays open.
        words: the date of that key in words.
        place: where the book says nothing, its card does; what the place was then and is now
            follows.
    """

    __pydantic_config__ = _STRICT
    label: str
    key: str = ""
    words: bool = False
    place: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that stand together; `title` is printed above them."""

    __pydantic_config__ = _STRICT
    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The extract of one kind of book.

    Attributes:
        sign: stands behind its number; empty where none is known.
    """

    __pydantic_config__ = _STRICT
    title: str
    sign: str
    blocks: tuple[Block, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return the cells in printed order."""
        return tuple(cell for block in self.blocks for row in block.rows for cell in row)

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys in printed order, each once."""
        return tuple(dict.fromkeys(cell.key for cell in self.cells if cell.key))


@dataclass(frozen=True, slots=True)
class Layouts:
    """What all extracts print, and each kind's own.

    Attributes:
        office: stands before the name of the unit that issues them.
    """

    __pydantic_config__ = ConfigDict(extra="ignore")  # its names and the comment

    nation: tuple[str, ...]
    copy: str
    office: str
    then: str
    now: str
    signer: str
    sign_here: str
    kinds: Mapping[str, Layout]


@cache
def layouts() -> Layouts:
    """Load the layouts that come with the program."""
    file = shipped("schemas") / "extracts.json"
    return TypeAdapter(Layouts).validate_json(file.read_text(encoding="utf-8"))
