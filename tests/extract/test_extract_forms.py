"""Every schema file is a form, and a wrong one is told by file and key."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import FormError
from pipeline.extract import reasons
from pipeline.extract.form import load_forms
from pipeline.extract.kinds.registry import KINDS
from pipeline.settings import shipped
from tests.conftest import SHARED

FORMS = load_forms(shipped("schemas"))
DOMAIN = SHARED / "domain"
NOT_RUN = pytest.mark.skipif(not DOMAIN.is_dir(), reason=f"NOT RUN: no key lists at {DOMAIN}")
SHIPPED = {
    "birth_form",
    "birth_table",
    "death_form",
    "death_table",
    "marriage_form",
    "marriage_table",
    "recognition_form",
    "recognition_form_2006",
    "confirmation_form",
    "confirmation_table",
    "parcel_table",
    "parcel_table_2004",
    "parcel_table_1995",
    "land_table",
    "land_certificate_table",
    "land_change_table",
    "birth_certificate",
    "birth_extract",
    "birth_south_form",
    "death_certificate",
    "death_extract",
    "death_south_form",
    "marriage_certificate",
    "marriage_extract",
    "marriage_south_form",
    "recognition_extract",
    "confirmation_certificate",
    "birth_columns_form",
    "marriage_columns_form",
    "land_page",
}
BOOKS = {"KS": "birth", "KT": "death", "KH": "marriage", "CMC": "recognition", "HN": "confirmation"}
LEDGERS = {
    "so_muc_ke_2014": "parcel_2014",
    "so_muc_ke_2004": "parcel_2004",
    "so_muc_ke_1995": "parcel_1995",
    "so_dia_chinh_modern": "land_2014",
    "so_dia_chinh_1995_2004": "land_page",
    "so_cap_gcn": "land_certificate",
    "so_theo_doi_bien_dong": "land_change",
}


def schema(name: str) -> Any:
    return json.loads((shipped("schemas") / f"{name}.json").read_text(encoding="utf-8"))


@NOT_RUN
@pytest.mark.parametrize("book", BOOKS)
def test_a_book_has_every_key_of_the_ministry_in_its_order(book: str) -> None:
    told = json.loads((DOMAIN / "civil-status-fields.json").read_text(encoding="utf-8"))[book]
    fields = schema("civil_status")["$defs"][BOOKS[book]]["properties"]
    assert list(fields) == [field["key"] for field in told["fields"]]


@NOT_RUN
@pytest.mark.parametrize("ledger", LEDGERS)
def test_a_ledger_has_every_column_with_its_unit(ledger: str) -> None:
    told = json.loads((DOMAIN / "cadastral-fields.json").read_text(encoding="utf-8"))[ledger]
    fields = schema("cadastral")["$defs"][LEDGERS[ledger]]["properties"]
    assert list(fields) == [field["key"] for field in told["fields"]]
    for field in told["fields"]:
        assert (field["unit"] == "m2") == ("m²" in fields[field["key"]]["title"])


def test_the_shipped_forms_are_there() -> None:
    assert set(FORMS) >= SHIPPED


@pytest.mark.parametrize("name", ["birth_form", "birth_table"])
def test_a_birth_has_the_sixty_keys_of_the_ministry_in_order(name: str) -> None:
    keys = [field.key for field in FORMS[name].fields]
    assert len(keys) == 60
    assert keys[:4] == ["so", "quyenSo", "trangSo", "ngayDangKy"]
    assert keys[10] == "nksHoTen"
    assert keys[30] == "nksHanCheNangLucHanhViNgayCanCuHuyTuyenBo"
    assert keys[-1] == "qgNuocNgoaiDaDangKy"


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_every_field_has_two_titles_and_a_kind(form: Any) -> None:
    for field in form.fields:
        assert field.title and field.title_en
        assert field.kind in KINDS
        assert (field.codes is not None) == (field.kind in ("enum", "code_list"))


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_labels_stand_in_printed_order_and_name_fields_of_the_form(form: Any) -> None:
    keys = {field.key for field in form.fields}
    for index, label in enumerate(form.labels):
        assert label.order == index
        assert label.texts
        assert set(label.keys) <= keys


def test_the_ethnic_groups_are_the_fifty_four_and_two_more() -> None:
    [codes] = {f.codes for f in FORMS["birth_table"].fields if f.key == "nksDanToc"}
    assert codes is not None
    assert len(codes.codes) == 56


def test_every_reason_has_a_sentence() -> None:
    ids = {value for name, value in vars(reasons).items() if name.isupper()}
    assert ids == set(reasons.sentences())
    assert reasons.sentence("ditto") != "ditto"


def broken(tmp_path: Path, change: Any) -> Path:
    folder = tmp_path / "schemas"
    shutil.copytree(shipped("schemas"), folder)
    file = folder / "cadastral.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    change(document["x-forms"]["parcel_table"])
    file.write_text(json.dumps(document), encoding="utf-8")
    return folder


def rename(form: dict[str, Any]) -> None:
    form["x-lay"] = form.pop("x-layout")


def wrong_kind(form: dict[str, Any]) -> None:
    form["properties"]["ghi_chu"]["x-kind"] = "poem"


def wrong_codes(form: dict[str, Any]) -> None:
    form["properties"]["ma_doi_tuong"]["x-codes"] = "nobody"


def wrong_block(form: dict[str, Any]) -> None:
    form["properties"]["hien_trang_loai_dat"]["x-find"]["block"] = "moon"


def wrong_rule(form: dict[str, Any]) -> None:
    form["x-rules"].append({"rule": "is_nice", "key": "ghi_chu"})


def wrong_rule_key(form: dict[str, Any]) -> None:
    form["x-rules"].append({"rule": "does_not_fall", "key": "so"})


def wrong_pattern(form: dict[str, Any]) -> None:
    form["properties"]["ghi_chu"]["pattern"] = "("


@pytest.mark.parametrize(
    "change, told",
    [
        (rename, "parcel_table"),
        (wrong_kind, "parcel_table/ghi_chu"),
        (wrong_codes, "parcel_table/ma_doi_tuong"),
        (wrong_block, "moon"),
        (wrong_rule, "is_nice"),
        (wrong_rule_key, "so"),
        (wrong_pattern, "ghi_chu"),
    ],
)
def test_a_wrong_form_is_told_by_file_and_key(tmp_path: Path, change: Any, told: str) -> None:
    with pytest.raises(FormError) as caught:
        load_forms(broken(tmp_path, change))
    assert "cadastral.json" in str(caught.value)
    assert told in str(caught.value)


def test_a_file_that_is_not_json_is_a_form_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(FormError, match=r"x\.json"):
        load_forms(tmp_path)


def test_a_new_form_is_a_new_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "codes").mkdir()
    field = {"title": "Số", "x-title-en": "number", "type": "string", "x-kind": "serial"}
    form = {
        "title": "Sổ mới",
        "x-title-en": "New book",
        "x-book": "X",
        "x-layout": "table",
        "x-titles": [],
        "properties": {"so": {**field, "x-find": {"label": ["Số"], "order": 1}}},
    }
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mới",
        "x-title-en": "New",
        "x-forms": {"new_table": form},
    }
    (tmp_path / "new.json").write_text(json.dumps(document), encoding="utf-8")
    assert load_forms(tmp_path)["new_table"].labels[0].keys == ("so",)
