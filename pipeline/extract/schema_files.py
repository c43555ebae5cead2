"""Read the files of `schemas/`: JSON, checked against `schemas/meta/`, references resolved."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance

from pipeline.errors import FormError
from pipeline.extract.codes import Code, Codes
from pipeline.settings import shipped
from pipeline.words import _


def wrong(file: Path, key: str, reason: str) -> FormError:
    """Return the error that names the file and the place in it."""
    return FormError(
        _("biểu mẫu {file} sai ở “{key}”: {reason}").format(file=file.name, key=key, reason=reason)
    )


def read_document(file: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        FormError: it cannot be read or is not JSON.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise wrong(file, "", str(error)) from error


@cache
def _meta(name: str) -> Draft202012Validator:
    text = (shipped("schemas") / "meta" / f"{name}.json").read_text(encoding="utf-8")
    return Draft202012Validator(
        json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def check(file: Path, document: Any, meta: str = "form") -> None:
    """Check a document against what `schemas/meta/` allows.

    Raises:
        FormError: it holds something else; the sentence names the place.
    """
    faults = find_faults(document, meta)
    if faults:
        raise wrong(file, *faults[0])


def find_faults(document: Any, meta: str = "form") -> list[tuple[str, str]]:
    """Return all that `schemas/meta/` does not allow in a document: place and what is wrong there.

    The one that matters most comes first.
    """
    errors = sorted(_meta(meta).iter_errors(document), key=relevance, reverse=True)
    places = ["/".join(str(part) for part in error.absolute_path) for error in errors]
    return list(dict.fromkeys(zip(places, map(_fault_words, errors), strict=True)))


def _fault_words(error: ValidationError) -> str:
    """Return what is wrong, in the words of the screen where these are known."""
    asked: Any = error.validator_value
    told: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = [name for name in asked if name not in told]
            return _("thiếu {names}").format(names=", ".join(missing))
        case "additionalProperties":
            known = schema.get("properties", {})
            unknown = [name for name in told if name not in known]
            return _("không biết {names}; có thể viết: {known}").format(
                names=", ".join(unknown), known=", ".join(known)
            )
        case "type":
            names = {
                "object": _("một nhóm {…}"),
                "array": _("một danh sách […]"),
                "string": _("một chuỗi chữ"),
                "integer": _("một số nguyên"),
                "boolean": _("true hoặc false"),
            }
            return _("phải là {what}").format(what=names.get(asked, asked))
        case "enum" | "const":
            allowed = asked if error.validator == "enum" else [asked]
            return _("phải là một trong: {names}").format(names=", ".join(map(str, allowed)))
        case "minLength" | "minProperties":
            return _("không được để trống")
        case "minimum":
            return _("phải từ {least} trở lên").format(least=asked)
        case "pattern":
            return _("“{told}” không theo khuôn {pattern}").format(told=told, pattern=asked)
        case "format":
            return _("“{told}” không phải biểu thức chính quy đúng").format(told=told)
    return error.message


def load_codes(file: Path) -> Codes:
    """Return a code list; its name is the file's."""
    document = read_document(file)
    check(file, document, "codes")
    entries = tuple(
        Code(
            entry["value"],
            entry["name"],
            tuple(entry.get("variants", ())),
            entry.get("from"),
            entry.get("to"),
        )
        for entry in document["codes"]
    )
    return Codes(file.stem, entries, document["open"])


def merged_properties(
    file: Path, form_id: str, entry: Mapping[str, Any], shared: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the fields of a form, those of `allOf` with its own keywords laid over them."""
    merged: dict[str, dict[str, Any]] = {}
    for reference in entry.get("allOf", ()):
        name = reference["$ref"].rsplit("/", 1)[1]
        if name not in shared:
            raise wrong(file, f"{form_id}/allOf", _("không có “{name}”").format(name=name))
        for key, item in shared[name]["properties"].items():
            merged.setdefault(key, {}).update(item)
    for key, item in entry["properties"].items():
        if not entry.get("allOf") or key in merged:
            merged.setdefault(key, {}).update(item)
        elif {"title", "x-title-en", "x-kind"} <= item.keys():
            merged[key] = dict(item)
        else:
            raise wrong(file, f"{form_id}/{key}", _("thiếu title, x-title-en hoặc x-kind"))
    return merged
