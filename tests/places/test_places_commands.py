"""`sohoa places` as a person calls it."""

import csv
import json
from pathlib import Path

from tests.test_cli import sohoa

SPLIT = "xã Tân Thạnh, huyện Thanh Bình, tỉnh Đồng Tháp"


def fill(form: Path, *rows: list[str]) -> None:
    with form.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=",").writerows(rows)


def test_a_place_then_and_now() -> None:
    written = ("thôn Trung Đồng, xã Vân Trung,", "Việt Yên, Hà Bắc", "--year", 1987)
    shown = sohoa("places", "find", *written).stdout
    assert "xã Vân Trung, huyện Việt Yên, tỉnh Hà Bắc" in shown
    assert "nay: phường Nếnh, tỉnh Bắc Ninh (mã 07795) — Nhập toàn bộ" in shown
    assert "thôn Trung Đồng" in shown
    told = json.loads(sohoa("places", "find", *written, "--json").stdout)
    (match,) = told["matches"]
    assert (told["outcome"], told["rest"]) == ("found", "thôn Trung Đồng")
    assert [[unit["name"] for unit in chain] for chain in match["then"]] == [
        ["Vân Trung", "Việt Yên", "Hà Bắc"]
    ]
    (target,) = match["now"]["targets"]
    assert (match["now"]["state"], target["within"][0]["codes"]) == ("whole", ["07795"])
    assert match["unchecked"]


def test_a_ward_of_today_tells_what_it_was() -> None:
    shown = sohoa("places", "find", "phường Nếnh", "--year", 2026, language="en").stdout
    assert "formerly:" in shown
    assert "xã Hoàng Ninh, huyện Việt Yên, tỉnh Bắc Giang" in shown


def test_nothing_found_is_said() -> None:
    assert "không có nơi nào" in sohoa("places", "find", "Xyz").stdout


def test_a_form_is_taken_in_whole_once_or_not_at_all(tmp_path: Path) -> None:
    form, archive = tmp_path / "don-vi.csv", ("--archive", tmp_path / "kho")
    own = tmp_path / "kho" / "places" / "own.csv"
    sohoa("places", "template", form)
    sohoa("places", "template", form, code=2)
    hamlet = ["đơn vị", f"ấp Nam, {SPLIT}", "", "", "", "2025-06-30", "", "Ủy ban xã", ""]
    fill(form, hamlet, ["chuyển", f"ấp Nam, {SPLIT}", "ấp Nam, xã Thanh Bình, tỉnh Đồng Tháp",
                        "", "2025-07-01", "", "", "Ủy ban xã", ""])  # fmt: skip
    done = sohoa("places", "add", form, *archive, code=2)
    assert "hàng 6, cột “thành”: chưa biết “ấp Nam, xã Thanh Bình" in done.stderr
    assert not own.exists()

    lines = form.read_text(encoding="utf-8-sig").splitlines()
    form.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8-sig")
    fill(form, ["đơn vị", "ấp Nam, xã Thanh Bình, tỉnh Đồng Tháp", "", "", "2025-07-01", "nay", "",
                "Ủy ban xã", ""],
               ["chuyển", f"ấp Nam, {SPLIT}", "ấp Nam, xã Thanh Bình, tỉnh Đồng Tháp", "",
                "2025-07-01", "", "", "Ủy ban xã", ""])  # fmt: skip
    assert "thêm 3 hàng, 0 hàng đã có" in sohoa("places", "add", form, *archive).stdout
    kept = own.read_bytes()
    assert "thêm 0 hàng, 3 hàng đã có" in sohoa("places", "add", form, *archive).stdout
    assert own.read_bytes() == kept
    with own.open(encoding="utf-8-sig", newline="") as stream:
        assert all(row["người thêm"] and row["ngày thêm"] for row in csv.DictReader(stream))

    asked = ("places", "find", f"ấp Nam, {SPLIT}", "--year", 2015, "--json")
    within = [
        unit["name"]
        for match in json.loads(sohoa(*asked, *archive).stdout)["matches"]
        for target in match["now"]["targets"]
        for unit in target["within"]
    ]
    assert within == ["Nam", "Thanh Bình", "Đồng Tháp"]
    assert len(json.loads(sohoa(*asked).stdout)["matches"][0]["now"]["targets"]) == 2
