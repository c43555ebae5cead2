"""The form in which an office writes down its own units and events."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StorageError
from pipeline.places import form
from pipeline.places.form import COLUMNS, Row, apply, read_form, read_own, signed, write_own
from pipeline.places.lookup import look_up
from pipeline.places.tables import load_places, read_tables, shipped_places, write_tables
from pipeline.settings import shipped

HEAD = ",".join(COLUMNS)
NENH = "huyện Việt Yên, tỉnh Bắc Giang"
VAN_TRUNG = f"xã Vân Trung, {NENH}"


def rows(*lines: str, head: str = HEAD) -> list[Row]:
    found, faults = read_form("\n".join([head, *lines]).encode())
    assert not faults
    return found


def unit(text: str, since: str = "", until: str = "", source: str = "Nghị quyết 1") -> str:
    return f'đơn vị,"{text}",,,{since},{until},,{source},'


def event(what: str, old: str, new: str, day: str, share: str = "") -> str:
    return f'{what},"{old}","{new}",{share},{day},,,Nghị quyết 1,'


def refused(*lines: str) -> tuple[int, str, str]:
    draft = apply(rows(*lines), shipped_places())
    assert len(draft.faults) == 1, draft.faults
    assert len(draft.units) >= len(shipped_places().units)
    return draft.faults[0]


def today(places, name: str, year: int | None = None) -> list[str]:  # type: ignore[no-untyped-def]
    answer = look_up(places, name, "", year)
    return [target.unit.title for match in answer.matches for target in match.now.targets]


# What an office can say


def test_a_hamlet_decides_where_a_split_commune_went() -> None:
    split = "xã Tân Thạnh, huyện Thanh Bình, tỉnh Đồng Tháp"
    assert len(today(shipped_places(), split, 2015)) == 2
    places = apply(
        rows(
            unit(f"ấp Nam, {split}", until="2025-06-30"),
            unit("ấp Nam, xã Thanh Bình, tỉnh Đồng Tháp", "2025-07-01", "nay"),
            event("chuyển", f"ấp Nam, {split}", "ấp Nam, xã Thanh Bình, tỉnh Đồng Tháp",
                  "2025-07-01"),
        ),
        shipped_places(),
    )  # fmt: skip
    assert not places.faults
    answer = look_up(places, f"ấp Nam, {split}", "", 2015)
    assert (answer.outcome, answer.rest) == ("found", "")
    (target,) = answer.matches[0].now.targets
    assert places.units[target.unit.parent].title == "xã Thanh Bình"
    assert len(today(places, f"ấp Bắc, {split}", 2015)) == 2


def test_a_unit_without_a_known_successor_gets_one() -> None:
    old = "thị trấn Phù Yên, huyện Phù Yên, tỉnh Sơn La"
    assert today(shipped_places(), old, 2015) == []
    line = event("nhập", old, "xã Phù Yên, tỉnh Sơn La", "2025-07-01", "toàn bộ")
    places = apply(rows(line), shipped_places())
    assert not places.faults
    assert today(places, old, 2015) == ["xã Phù Yên"]


def test_a_row_may_bring_the_days_of_a_known_unit_closer() -> None:
    places = apply(rows(unit(f"xã Vân Trung, {NENH}", "1945")), shipped_places())
    assert not places.faults
    (match,) = look_up(places, "xã Vân Trung, Việt Yên", "", 1940).matches
    assert match.weakness.other_time
    assert len(places.units) == len(shipped_places().units)


def test_an_unverified_row_is_told_as_such() -> None:
    line = 'đơn vị,"xã Xưa, huyện Việt Yên, tỉnh Bắc Giang",,,1998,2000,,cụ Thân kể,chưa kiểm'
    places = apply(rows(line), shipped_places())
    (match,) = look_up(places, "xã Xưa, Việt Yên", "", 1999).matches
    assert match.unchecked == ("cụ Thân kể",)


def test_the_day_of_an_event_narrows_the_days_of_its_units() -> None:
    line = event("nâng cấp", f"xã Vân Trung, {NENH}",
                 "phường Vân Trung, thị xã Việt Yên, tỉnh Bắc Giang", "2024-02-01")  # fmt: skip
    places = apply(rows(line), shipped_places())
    assert not places.faults
    assert len(places.events) == len(shipped_places().events)  # they had it without its day
    (match,) = look_up(places, "Vân Trung, Việt Yên", "", 2023).matches
    assert [chain[0].title for chain in match.then] == ["xã Vân Trung"]


def test_another_way_of_writing_a_name_is_that_unit() -> None:
    assert look_up(shipped_places(), "xã Vân Chung, Việt Yên", "", 1987).outcome == "within"
    line = f'viết khác,"{VAN_TRUNG}",xã Vân Chung,,,,,thấy trong sổ 1978,'
    places = apply(rows(line), shipped_places())
    assert not places.faults
    for written in ("xã Vân Chung, Việt Yên", "Vân Chung Việt Yên Hà Bắc"):
        answer = look_up(places, written, "", 1987)
        assert (answer.outcome, answer.matches[0].then[0][0].name) == ("found", "Vân Trung")
    assert look_up(shipped_places(), "xã Vân Chung, Việt Yên", "", 1987).outcome == "within"


# What it cannot


@pytest.mark.parametrize(
    "lines, column, told",
    [
        ([unit(f"Hoàng Mai, {NENH}", until="2000")], "đơn vị", "thiếu cấp"),
        ([unit("xã A, huyện Không Có, tỉnh Bắc Giang", until="2000")], "đơn vị", "chưa biết"),
        ([unit(f"xã Vân Trung, {NENH}")], "đơn vị", "đã có trong bảng"),
        ([unit(f"xã A, {NENH}", "2001", "2000")], "đến", "trước ngày"),
        ([unit(f"xã A, {NENH}", "31/2/2001")], "từ", "không phải ngày"),
        ([unit(f"xã A, {NENH}", "mùa xuân")], "từ", "không phải ngày"),
        ([unit(f"xã A, {NENH}", until="2000", source="")], "nguồn", "thiếu nguồn"),
        ([unit(f"xã {'A' * 400}, {NENH}", until="2000")], "đơn vị", "dài hơn"),
        (["bán,x,y,,2000,,,n,"], "việc", "phải là một trong"),
        ([f'viết khác,"{VAN_TRUNG}",xã Vân Trung,,,,,n,'], "thành", "đã có trong bảng"),
        ([f'viết khác,"{VAN_TRUNG}",,,,,,n,'], "thành", "để trống"),
        ([f'viết khác,"xã Nào, {NENH}",xã Nao,,,,,n,'], "đơn vị", "chưa biết"),
        (["đơn vị,,,,2000,,,n,"], "đơn vị", "để trống"),
        ([event("nhập", VAN_TRUNG, f"xã Nào, {NENH}", "2010")], "thành", "chưa biết"),
        ([event("nhập", VAN_TRUNG, f"thị trấn Nếnh, {NENH}", "2010")], "từ", "trái"),
        (
            [event("nhập", VAN_TRUNG, f"thị trấn Nếnh, {NENH}", "")],
            "từ",
            "thiếu ngày",
        ),
        ([event("nhập", "tỉnh Hà Bắc", "tỉnh Hà Bắc", "1996-12-31")], "thành", "chưa biết"),
        ([event("tách", "tỉnh Hà Bắc", "tỉnh Bắc Giang", "1997-01-01", "nửa")], "phần", "phải là"),
        ([event("tách", "tỉnh Hà Bắc", "tỉnh Bắc Giang", "1997-01-01")], "việc", "đã có"),
    ],
)
def test_a_wrong_row_is_told_by_row_column_and_reason(
    lines: list[str], column: str, told: str
) -> None:
    number, where, reason = refused("# ghi chú", *lines)
    assert (number, where) == (3, column)
    assert told in reason


@pytest.mark.parametrize(
    "data, told",
    [
        ("đơn vị".encode("utf-16"), "UTF-8"),
        ("việc,đơn vị\n".encode(), "thiếu cột: thành"),
        (b"", "thiếu cột"),
        (b"\x00" * 10, "thiếu cột"),
        (f"{HEAD}\n".encode() + b'"' + b"x" * 200_000, "CSV"),
        (HEAD.encode() + b"\nx" * 30_000, "hàng"),
        (b"x" * 6_000_000, "lớn"),
    ],
)
def test_a_file_that_is_no_form_is_refused_with_one_sentence(data: bytes, told: str) -> None:
    found, faults = read_form(data)
    assert not found
    assert len(faults) == 1
    assert told in faults[0].reason


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_form_is_read_as_excel_saves_it(delimiter: str, encoding: str, ending: str) -> None:
    line = delimiter.join(["Đơn vị", '"xã A, huyện B"', "", "", "1/1/1997", "", "", "n", ""])
    text = ending.join([delimiter.join(COLUMNS).upper(), line, delimiter * 8, ""])
    found, faults = read_form(text.encode(encoding))
    assert not faults
    assert [row.told for row in found] == [
        ("Đơn vị", "xã A, huyện B", "", "", "1/1/1997", "", "", "n", "")
    ]


def test_the_template_is_a_form_whose_examples_are_not_taken() -> None:
    assert read_form(form.template()) == ([], [])
    examples = form.template().decode("utf-8-sig").replace("\r\n# ", "\r\n").replace("# ", "")
    found, faults = read_form(examples.encode())
    assert not faults
    assert [row.cells["việc"] for row in found[-2:]] == ["đơn vị", "nhập"]


@settings(max_examples=30)  # each takes a copy of the tables
@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_a_sentence(data: bytes) -> None:
    found, faults = read_form(HEAD.encode() + b"\n" + data)
    draft = apply(found, shipped_places())
    assert all(fault.reason for fault in (*faults, *draft.faults))


# In the archive


def test_what_is_written_down_is_read_again_with_who_and_when(tmp_path: Path) -> None:
    told = rows(unit(f"xã A, {NENH}", "1998", "2000"))
    write_own(tmp_path, [signed(row, "lan", "2026-01-01T00:00:00+00:00") for row in told])
    (row,) = read_own(tmp_path)
    assert row.told == told[0].told
    assert (row.cells["người thêm"], row.cells["ngày thêm"][:4]) == ("lan", "2026")
    assert look_up(load_places(tmp_path), "xã A", "Việt Yên", 1999).outcome == "found"
    assert look_up(load_places(), "xã A", "Việt Yên", 1999).outcome == "within"


def test_an_archive_without_own_places_has_those_of_the_program(tmp_path: Path) -> None:
    assert load_places(tmp_path) is shipped_places()


def test_a_damaged_file_is_said_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / "own.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(StorageError, match=r"own\.csv"):
        load_places(tmp_path)


def test_own_rows_that_no_longer_fit_are_faults_and_the_others_count(tmp_path: Path) -> None:
    write_own(tmp_path, rows(unit(f"xã Vân Trung, {NENH}"), unit(f"xã A, {NENH}", "1998", "2000")))
    places = load_places(tmp_path)
    assert [fault.row for fault in places.faults] == [2]
    assert look_up(places, "xã A", "Việt Yên", 1999).outcome == "found"


# What comes with the program


def test_the_seed_is_a_form_and_is_in_the_tables_already() -> None:
    found, faults = read_form((shipped("schemas") / "places" / "seed.tsv").read_bytes())
    assert not faults
    assert len(found) > 150
    draft = apply(found, shipped_places())
    assert len(draft.units) == len(shipped_places().units)


def test_the_tables_are_written_as_they_are_read(tmp_path: Path) -> None:
    write_tables(tmp_path, shipped_places())
    assert read_tables(tmp_path).units == shipped_places().units
    assert read_tables(tmp_path).events == shipped_places().events
    for name in ("units.tsv.gz", "events.tsv.gz"):
        assert (tmp_path / name).read_bytes() == (shipped("schemas") / "places" / name).read_bytes()
