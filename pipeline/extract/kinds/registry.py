"""All kinds by the name that a form's `x-kind` uses."""

from collections.abc import Callable, Mapping

from pipeline.extract.kinds.dates import read_birth, read_date, read_partial_date
from pipeline.extract.kinds.listed import read_code_list, read_enum
from pipeline.extract.kinds.names import read_person, read_user
from pipeline.extract.kinds.numbers import (
    read_certificate,
    read_decimal,
    read_digits,
    read_id_number,
    read_parcel,
    read_serial,
    read_volume,
)
from pipeline.extract.kinds.result import Clues, Read
from pipeline.extract.kinds.texts import read_place, read_text
from pipeline.extract.kinds.worded_dates import read_date_words

KINDS: Mapping[str, Callable[[str, Clues], Read]] = {
    "serial": read_serial,
    "volume": read_volume,
    "page": read_digits,
    "date": read_date,
    "partial_date": read_partial_date,
    "partial_date_or_age": read_birth,
    "date_words": read_date_words,
    "person_name": read_person,
    "person_or_org": read_user,
    "place_text": read_place,
    "text": read_text,
    "enum": read_enum,
    "code_list": read_code_list,
    "id_number": read_id_number,
    "certificate_serial": read_certificate,
    "int": read_digits,
    "parcel": read_parcel,
    "decimal": read_decimal,
}

# Answers of these kinds may go on in the next line; a name, a number or a code never does.
LONG_KINDS = frozenset({"date_words", "person_or_org", "place_text", "text"})

# Values of these kinds are the text as written, but for the abbreviations of a name.
WRITTEN_KINDS = frozenset({"person_name", "person_or_org", "place_text", "text"})

# What fields of these kinds say returns in a book: names, hamlets, the series of certificates.
SAID_KINDS = WRITTEN_KINDS | {"certificate_serial"}
