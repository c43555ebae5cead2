"""Trying a form that is being written: the example of docs/forms.md, as an administrator would."""

import json
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.extract.form import load_file
from pipeline.settings import shipped
from tests.test_cli import ROOT, sohoa

LINES = (
    ("SỔ ĐĂNG KÝ TẠM TRÚ",),
    ("Số: 15", "Ngày đăng ký: 12/03/1998"),
    ("Họ, chữ đệm, tên: Nguyễn Văn Bưởi",),
    ("Ngày, tháng, năm sinh: 20/11/1961", "Giới tính: Nam"),
    ("Nơi thường trú: xã Vân Trung, huyện Việt Yên",),
    ("Nơi tạm trú: xã Quảng Minh, huyện Việt Yên",),
    ("Họ tên chủ hộ: Trần Thị Mận",),
    ("Lý do: đi làm",),
)


def example() -> dict[str, Any]:
    guide = (ROOT / "docs" / "forms.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```json$(.*?)^```$", guide, re.M | re.S)
    told: dict[str, Any] = json.loads(block)
    return told


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of the invented register, 200 dpi."""
    sheet = Image.new("RGB", (1654, 1400), (246, 242, 230))
    draw = ImageDraw.Draw(sheet)
    face = ImageFont.truetype(ROOT / "scripts" / "fonts" / "gelasio.ttf", 38)
    for row, parts in enumerate(LINES):
        for column, text in enumerate(parts):
            draw.text((150 + 720 * column, 140 + 140 * row), text, fill=(30, 30, 60), font=face)
    file = tmp_path_factory.mktemp("pages") / "trang.png"
    sheet.save(file, dpi=(200, 200))
    return file


def saved(folder: Path, document: dict[str, Any]) -> Path:
    file = folder / "tam-tru.json"
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return file


def test_the_example_of_the_guide_reads_its_page(page: Path, tmp_path: Path) -> None:
    file = saved(tmp_path, example())
    told = json.loads(
        sohoa("form", "check", file, page, "--out", tmp_path / "seen", "--json").stdout
    )
    assert (told["form"], told["errors"]) == ("residence_form", [])
    (one,) = told["pages"]
    assert one["seen_as"] == "residence_form"
    assert one["labels_missing"] == []
    assert min(label["similarity"] for label in one["labels"]) > 0.8
    (record,) = one["records"]
    values = {key: field["value"] for key, field in record["fields"].items()}
    assert values["so"] == "15"
    assert values["ngayDangKy"] == "1998-03-12"
    assert values["ngaySinh"] == "1961-11-20"
    assert values["gioiTinh"] == "1"
    assert "Mận" not in json.dumps(record, ensure_ascii=False)  # of x-unread
    (picture,) = one["pictures"]
    drawn = cv2.imread(picture)
    assert drawn is not None
    assert np.ptp(drawn, axis=2).max() > 100  # outlines have colours, the page is grey


def test_what_is_printed_otherwise_is_told(page: Path, tmp_path: Path) -> None:
    document = example()
    fields = document["x-forms"]["residence_form"]["properties"]
    fields["lyDo"]["x-find"]["label"] = ["Mục đích tạm trú"]
    done = sohoa("form", "check", saved(tmp_path, document), page, "--out", tmp_path / "seen")
    assert "không thấy nhãn “Mục đích tạm trú”" in done.stdout
    assert "không có giá trị: lyDo" in done.stdout


def test_every_fault_of_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    document = example()
    form = document["x-forms"]["residence_form"]
    del form["x-titles"]
    form["x-layout"] = "tabel"
    form["properties"]["so"]["x-find"]["oder"] = form["properties"]["so"]["x-find"].pop("order")
    form["properties"]["hoTen"]["x-find"]["label"] = "Họ tên"
    done = sohoa("form", "check", saved(tmp_path, document), code=7)
    for told in (
        "x-forms/residence_form: thiếu x-titles",
        "x-forms/residence_form/x-layout: phải là một trong: table, form",
        "x-forms/residence_form/properties/so/x-find: thiếu order",
        "x-forms/residence_form/properties/so/x-find: không biết oder; có thể viết: label",
        "x-forms/residence_form/properties/hoTen/x-find/label: phải là một danh sách",
    ):
        assert told in done.stderr


def test_a_kind_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    document = example()
    document["x-forms"]["residence_form"]["properties"]["so"]["x-kind"] = "numero"
    done = sohoa("form", "check", saved(tmp_path, document), code=7)
    assert "residence_form/so" in done.stderr and "serial" in done.stderr


def test_a_file_of_several_new_forms_asks_which(tmp_path: Path) -> None:
    document = example()
    document["x-forms"]["other_form"] = document["x-forms"]["residence_form"]
    file = saved(tmp_path, document)
    assert "residence_form, other_form" in sohoa("form", "check", file, code=2).stderr
    assert "other_form" in sohoa("form", "check", file, "--form", "other_form").stdout


def test_a_shipped_file_with_a_form_more_checks_that_form(tmp_path: Path) -> None:
    document = json.loads((shipped("schemas") / "civil_status.json").read_text(encoding="utf-8"))
    new = dict(document["x-forms"]["confirmation_form"], title="Mẫu thử")
    document["x-forms"]["confirmation_other"] = new
    file = saved(tmp_path, document)
    assert set(load_file(file, shipped("schemas"))) > {"confirmation_other", "birth_form"}
    assert "confirmation_other" in sohoa("form", "check", file).stdout


def test_the_forms_are_listed() -> None:
    told = json.loads(sohoa("form", "list", "--json").stdout)
    forms = {one["form"]: one for one in told}
    assert forms["birth_form"]["title"].startswith("Sổ đăng ký khai sinh")
    assert "nksHoTen" in forms["birth_form"]["keys"]
    assert "birth_form" in sohoa("form", "list").stdout
