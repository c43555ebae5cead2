#!/usr/bin/env python3
"""Keep the catalogues of messages: gather the sentences of the program, compile what is translated.

    scripts/translations.py gather     pipeline/**/*.py and *.html → locale/en/LC_MESSAGES/sohoa.po
    scripts/translations.py compile    every .po → .mo beside it

Sentences in the program are Vietnamese; `en/sohoa.po` has the English. `vi/messages.po` has the
Vietnamese of click's own words, which are English in click.
"""

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "pipeline" / "locale"
ENGLISH = LOCALE / "en" / "LC_MESSAGES" / "sohoa.po"


def gathered() -> Catalog:
    """Return all sentences of the program, untranslated."""
    catalog = Catalog(project="sohoa", charset="utf-8")
    sorts = [("**.py", "python"), ("web/templates/**.html", "jinja2")]
    options = {"web/templates/**.html": {"trimmed": "true"}}
    found = extract_from_dir(ROOT / "pipeline", sorts, options, keywords={"_": None})
    for file, _line, message, _comments, _context in found:
        catalog.add(message, locations=[(file, 0)])
    return catalog


def load(file: Path) -> Catalog:
    """Return the catalogue of a .po file."""
    with file.open("rb") as stream:
        return read_po(stream, locale=file.parts[-3])


def compiled(file: Path) -> bytes:
    """Return the .mo of a .po file."""
    stream = BytesIO()
    catalog = load(file)
    # A file without dates would get today's, and no two compilations would be the same.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(stream, catalog)
    return stream.getvalue()


def gather() -> None:
    """Bring the English catalogue up to date; translations of unchanged sentences stay."""
    known = load(ENGLISH) if ENGLISH.exists() else Catalog(locale="en")
    known.update(gathered(), no_fuzzy_matching=True)
    known.obsolete.clear()
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    with ENGLISH.open("wb") as stream:
        write_po(stream, known, omit_header=False, include_lineno=False, width=100)
    missing = [message.id for message in known if message.id and not message.string]
    print(f"{len(known)} sentences, {len(missing)} not translated")


def compile_all() -> None:
    """Write every .mo anew."""
    for file in sorted(LOCALE.rglob("*.po")):
        file.with_suffix(".mo").write_bytes(compiled(file))
        print(file.with_suffix(".mo").relative_to(ROOT))


if __name__ == "__main__":
    {"gather": gather, "compile": compile_all}[sys.argv[1]]()
