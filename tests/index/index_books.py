"""Invented entries for the tests of search."""

import hashlib
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from pipeline import plugs
from pipeline.index.backends import Index
from pipeline.settings import IndexSettings
from pipeline.store.database import Database, open_database
from pipeline.values import Alternative, Book, FieldValue, Record
from tests.elasticsearch_server import settings_for

BACKENDS = plugs.names("pipeline.index.backends")
BOX = ((0.0, 0.0), (900.0, 0.0), (900.0, 40.0), (0.0, 40.0))
BIRTHS = Book("ks-1987", "birth_table", "xã Vân Trung, huyện Việt Yên", (1987, 1988), "02/1987")
PARCELS = Book("mk-07", "parcel_table", "xã Tăng Tiến", (2014, 2014), "1")
MARRIAGES = Book("kh-1990", "marriage_table", "xã Nếnh", (1990, 1990), "01")

DEATHS = Book("kt-1987", "death_table", "xã Nếnh", (1987, 1987), "01")

SYLLABLES = "nguyễn trần lê phạm đặng thị văn đức hoà thủy lan hương quý mỹ đình tuấn ánh khuê xuân"
NAMES = st.lists(st.sampled_from(SYLLABLES.title().split()), min_size=2, max_size=4).map(" ".join)


def entry(
    book: Book, row: int, alternatives: dict[str, tuple[str, ...]] | None = None, **fields: str
) -> Record:
    others = alternatives or {}
    return Record(
        id=f"{book.accession}/3/-/{row}",
        form=book.form,
        page=3,
        side=None,
        row=row,
        polygon=BOX,
        fields=tuple(
            FieldValue(
                key,
                value,
                value,
                0.9,
                3,
                BOX,
                alternatives=tuple(Alternative(text, 0.2) for text in others.get(key, ())),
            )
            for key, value in fields.items()
        ),
    )


def birth(row: int, name: str, born: str = "1987-03-08", **fields: str) -> Record:
    return entry(BIRTHS, row, nksHoTen=name, nksNgaySinh=born, **fields)


def open_index(folder: Path, backend: str) -> tuple[Index, Database]:
    """Return the index of an archive in a folder; the same folder gives the same index."""
    database = open_database(folder / "sohoa.db")
    told = IndexSettings(backend)
    if backend == "elasticsearch":
        told = replace(told, elasticsearch=settings_for(prefix_of(folder)))
    made: Index = plugs.load("pipeline.index.backends", backend).create(told, database)
    return made, database


def prefix_of(folder: Path) -> str:
    """Return a prefix that no other test has."""
    return f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
