"""No sentence is left without its second language, and what is compiled is what is written."""

import importlib.util
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

ROOT = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("translations", ROOT / "scripts" / "translations.py")
assert SPEC and SPEC.loader
translations = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(translations)
PLACES = ("{", "%(")


def test_every_sentence_of_the_program_has_its_english() -> None:
    english = translations.load(translations.ENGLISH)
    for message in translations.gathered():
        if message.id:
            translated = english.get(message.id)
            assert translated and translated.string, message.id


def test_translations_fill_the_same_places() -> None:
    import string

    def places(text: str) -> set[str]:
        return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}

    for message in translations.load(translations.ENGLISH):
        if message.id:
            assert places(message.id) == places(message.string), message.id


def sentences(compiled: bytes) -> list[tuple[object, object]]:
    """What a compiled catalogue says; its head names the compiler's own version."""
    return [(message.id, message.string) for message in read_mo(BytesIO(compiled)) if message.id]


@pytest.mark.parametrize("file", sorted((ROOT / "pipeline" / "locale").rglob("*.po")))
def test_what_is_compiled_is_what_is_written(file: Path) -> None:
    there = sentences(file.with_suffix(".mo").read_bytes())
    assert there == sentences(translations.compiled(file))
    assert len(there) > 20
