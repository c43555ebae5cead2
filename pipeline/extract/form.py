"""A ledger form as data: read a file of `schemas/` into values.

The file is JSON Schema. Standard keywords say what a good record is; keywords that begin with
`x-` say where a field is found and of which kind it is. `schemas/meta/form.json` says what may
stand in such a file; docs/forms.md shows how to write one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from pipeline.extract.codes import Codes
from pipeline.extract.kinds.registry import KINDS
from pipeline.extract.schema_files import (
    check,
    load_codes,
    merged_properties,
    read_document,
    wrong,
)
from pipeline.words import _

Layout = Literal["table", "form"]
OR = "|"  # between codes of one printed choice: "the father or mother recognises" is 1 or 2
RULES = frozenset(
    {
        "not_before",
        "same_date",
        "sex_fits_name",
        "age_between",
        "same_surname",
        "same_person",
        "recurs",
        "rises_by_one",
        "does_not_fall",
    }
)


@dataclass(frozen=True, slots=True)
class Label:
    """A printed label, a column heading or a heading of a block.

    Attributes:
        keys: the fields that it stands for; none when what follows is not read.
        texts: its wordings; none are needed for a column that has only choices.
        block: the block it stands in; empty outside blocks.
        order: its place in the printed reading order.
        opens: reading it means that its block begins.
        optional: not in every printing.
        choice: the code that a mark beside it stands for, or the codes among which it leaves the
            choice, joined by `OR`; empty for ordinary labels.
        hint: printed advice inside an answer ("sign here"); what follows still answers the
            label above it.
        joins: of a column, the field of the entry it tells of, which stands in the column before
            it and not in the same row: notes on changes name their parcel.
    """

    keys: tuple[str, ...]
    texts: tuple[str, ...]
    block: str
    order: int
    opens: bool = False
    optional: bool = False
    choice: str = ""
    hint: bool = False
    joins: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the page with its own labels: the mother, the father.

    Attributes:
        texts: wordings of its heading.
        aside: it stands beside the others (a margin), so reading order says nothing about it.
        beside: it is a column, with the other such blocks side by side: father and mother.
    """

    name: str
    texts: tuple[str, ...]
    aside: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    Attributes:
        kind: name of a kind in `extract/kinds/`.
        codes: the code list of an enumeration, else None.
        take: pattern whose first group is this field's part of a shared answer; empty: all.
        only: without a match of `take` the field is absent.
        printed: the form has a place for it.
        sensitive: the law calls it sensitive personal data; only some people may see it.
    """

    key: str
    title: str
    title_en: str
    kind: str
    codes: Codes | None = None
    take: str = ""
    only: bool = False
    printed: bool = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold between fields of a record, or between records of a book."""

    name: str
    key: str
    other: str = ""
    at: str = ""
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True, eq=False)  # by identity: the schema does not hash
class Form:
    """One look of a ledger page.

    Attributes:
        id: its name in the schema file and in books.
        book: code of the kind of book it belongs to.
        titles: words that stand on such pages.
        labels: in printed order.
        above: of a table, labels of what stands above it and holds for all its rows.
        ends: of a table, words of a row from which on no entries stand.
        sums: of a table, words of a row that only adds up.
        about_book: the page tells of the book as a whole (cover, closing page), not of an entry.
        fields: in the order of the record.
        schema: JSON Schema of a record's values, self-contained.
    """

    id: str
    title: str
    title_en: str
    book: str
    layout: Layout
    titles: tuple[str, ...]
    blocks: tuple[Block, ...]
    labels: tuple[Label, ...]
    fields: tuple[FormField, ...]
    required: tuple[str, ...]
    rules: tuple[Rule, ...]
    schema: Mapping[str, Any]
    above: tuple[Label, ...] = ()
    ends: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    about_book: bool = False


def load_forms(folder: Path) -> dict[str, Form]:
    """Return every form of the folder's schema files by its id.

    Files without `x-forms` are other data and are left alone.

    Raises:
        FormError: a file is wrong; the sentence names the file and the key.
    """
    codes = _codes(folder)
    forms: dict[str, Form] = {}
    for file in sorted(folder.glob("*.json")):
        document = read_document(file)
        if not isinstance(document, dict) or "x-forms" not in document:
            continue
        for form_id, form in _forms(file, document, codes).items():
            if form_id in forms:
                raise wrong(file, form_id, _("tên biểu mẫu đã có trong tệp khác"))
            forms[form_id] = form
    return forms


def load_file(file: Path, folder: Path) -> dict[str, Form]:
    """Return the forms of one file, with the code lists of a folder of schema files.

    Raises:
        FormError: the file is wrong; the sentence names the file and the key.
    """
    return _forms(file, read_document(file), _codes(folder))


def _codes(folder: Path) -> dict[str, Codes]:
    return {file.stem: load_codes(file) for file in sorted((folder / "codes").glob("*.json"))}


def _forms(file: Path, document: Any, codes: Mapping[str, Codes]) -> dict[str, Form]:
    check(file, document)
    return {
        form_id: _form(file, form_id, entry, document.get("$defs", {}), codes)
        for form_id, entry in document["x-forms"].items()
    }


def _form(
    file: Path,
    form_id: str,
    entry: Mapping[str, Any],
    shared: Mapping[str, Any],
    codes: Mapping[str, Codes],
) -> Form:
    properties = merged_properties(file, form_id, entry, shared)
    blocks = tuple(
        Block(name, tuple(block["label"]), block.get("aside", False), block.get("beside", False))
        for name, block in entry.get("x-blocks", {}).items()
    )
    fields = tuple(_field(file, form_id, key, item, codes) for key, item in properties.items())
    finds = [(key, item["x-find"]) for key, item in properties.items() if "x-find" in item]
    finds += [("", find) for find in entry.get("x-unread", ())]
    # in a table a block's heading stands above its columns and is none itself
    headed = blocks if entry["x-layout"] == "form" else ()
    labels = tuple(_labels([one for one in finds if not one[1].get("above")], headed))
    above = tuple(_labels([one for one in finds if one[1].get("above")], ()))
    required = tuple(entry.get("required", ()))
    rules = tuple(
        Rule(rule["rule"], **{name: rule[name] for name in rule if name != "rule"})
        for rule in entry.get("x-rules", ())
    )
    form = Form(
        form_id,
        entry["title"],
        entry["x-title-en"],
        entry["x-book"],
        entry["x-layout"],
        tuple(entry["x-titles"]),
        blocks,
        labels,
        fields,
        required,
        rules,
        _schema(properties, required),
        above,
        tuple(entry.get("x-ends", ())),
        tuple(entry.get("x-sums", ())),
        "x-about" in entry,
    )
    _check_names(file, form)
    return form


def _field(
    file: Path, form_id: str, key: str, item: Mapping[str, Any], codes: Mapping[str, Codes]
) -> FormField:
    place = f"{form_id}/{key}"
    if not {"title", "x-title-en", "x-kind"} <= item.keys():
        raise wrong(file, place, _("thiếu title, x-title-en hoặc x-kind"))
    kind, listed = item["x-kind"], item.get("x-codes")
    if kind not in KINDS:
        raise wrong(
            file,
            place,
            _("không có loại “{kind}”; có thể chọn: {kinds}").format(
                kind=kind, kinds=", ".join(sorted(KINDS))
            ),
        )
    if listed is not None and listed not in codes:
        raise wrong(file, place, _("không có danh mục “{name}”").format(name=listed))
    if (listed is None) == (kind in ("enum", "code_list")):
        raise wrong(file, place, _("x-codes đi cùng loại enum hoặc code_list"))
    find = item.get("x-find", {})
    return FormField(
        key,
        item["title"],
        item["x-title-en"],
        kind,
        codes[listed] if listed else None,
        find.get("take", ""),
        find.get("only", False),
        bool(find),
        item.get("x-sensitive", False),
    )


def _labels(finds: list[tuple[str, Mapping[str, Any]]], blocks: tuple[Block, ...]) -> list[Label]:
    by_order: dict[tuple[int, str], Label] = {}
    for key, find in finds:
        order, block = find["order"], find.get("block", "")
        shared = by_order.get((order, ""))
        keys = (*(shared.keys if shared else ()), *((key,) if key else ()))
        flags = {name: find.get(name, False) for name in ("opens", "optional", "hint")}
        if find["label"]:
            by_order[order, ""] = Label(
                keys, tuple(find["label"]), block, order, **flags, joins=find.get("joins", "")
            )
        for choice, texts in find.get("choices", {}).items():
            by_order[order, choice] = Label(
                (key,), tuple(texts), block, order, optional=True, choice=choice
            )
    printed = [*_headings(by_order, blocks), *by_order.values()]
    printed.sort(key=lambda label: label.order)  # stable: a heading stays before its first label
    return [replace(label, order=index) for index, label in enumerate(printed)]


def _headings(
    labels: Mapping[tuple[int, str], Label], blocks: tuple[Block, ...]
) -> Iterator[Label]:
    for block in blocks:
        orders = [label.order for label in labels.values() if label.block == block.name]
        if block.texts and orders:
            yield Label((), block.texts, block.name, min(orders), opens=True, optional=True)


def _schema(
    properties: Mapping[str, Mapping[str, Any]], required: tuple[str, ...]
) -> dict[str, Any]:
    standard = {
        key: {name: part for name, part in item.items() if not name.startswith(("x-", "$"))}
        for key, item in properties.items()
    }
    return {"type": "object", "required": list(required), "properties": standard}


def _check_names(file: Path, form: Form) -> None:
    keys = {field.key for field in form.fields}
    blocks = {block.name for block in form.blocks}
    for label in (*form.labels, *form.above):
        if label.block and label.block not in blocks:
            raise wrong(file, form.id, _("không có khối “{name}”").format(name=label.block))
        if label.joins and label.joins not in keys:
            raise wrong(file, form.id, _("không có “{name}”").format(name=label.joins))
    for key in form.required:
        if key not in keys:
            raise wrong(file, f"{form.id}/required", _("không có “{name}”").format(name=key))
    for rule in form.rules:
        if rule.name not in RULES:
            raise wrong(
                file, f"{form.id}/x-rules", _("không có quy tắc “{name}”").format(name=rule.name)
            )
        for key in filter(None, (rule.key, rule.other, rule.at)):
            if key not in keys:
                raise wrong(file, f"{form.id}/x-rules", _("không có “{name}”").format(name=key))
    try:
        Draft202012Validator.check_schema(form.schema)
    except SchemaError as error:
        raise wrong(file, form.id, error.message) from error
