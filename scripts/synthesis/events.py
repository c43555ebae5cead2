"""Invent the entries of all books but births and the 2014 parcel index, and write their fields.

What stands in a field follows from its key: the Ministry's keys name the person (`vo`, `nkt`) and
what is told of them (`HoTen`, `NgaySinh`), so that a new look of a known book needs nothing here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from synthesis.invent import (
    Area,
    Parcel,
    Person,
    Writable,
    day_in,
    draw_surname,
    invent_parcels,
    invent_person,
)
from synthesis.writing import (
    NOTHING,
    SHORT_JOBS,
    Habits,
    Written,
    write_age,
    write_area,
    write_date,
    write_home,
    write_name,
    write_people,
    write_sex,
    write_text,
)

WIDE_MM = 34  # a narrower column holds the hamlet alone
Told = str | date | Written

CAUSES = (
    "già yếu", "bệnh tim", "ung thư phổi", "tai biến", "viêm phổi", "tai nạn giao thông",
    "xơ gan", "bệnh hiểm nghèo", "sốt rét", "đuối nước",
)  # fmt: skip
STATES = (
    "chưa đăng ký kết hôn với ai", "hiện tại chưa kết hôn với ai", "đã ly hôn, chưa kết hôn với ai",
    "vợ đã chết, chưa kết hôn lại",
)  # fmt: skip
PURPOSES = (
    ("đăng ký kết hôn", "1|2"), ("làm thủ tục kết hôn", "1|2"),
    ("đăng ký kết hôn tại Hàn Quốc", "3|4"), ("vay vốn ngân hàng", "5"),
    ("chuyển nhượng quyền sử dụng đất", "5"), ("bổ sung hồ sơ xin việc", "5"),
)  # fmt: skip
OLD_LAND = ("2L", "1L", "T", "V", "T+V", "M", "A", "2L", "LN")
CHANGES = (
    "chuyển nhượng cho {name}", "tặng cho con là {name}", "tách thửa {n}", "thừa kế từ {name}",
    "thế chấp tại ngân hàng", "xóa thế chấp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a book.

    Attributes:
        people: by the beginning of their keys: nkt, vo, chong, nyc.
        told: what is no person's, by key; dates are written as the clerk writes dates.
    """

    serial: str
    registered: date
    hamlet: str = ""
    people: Mapping[str, Person] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    note: str = ""


def write_field(
    key: str, event: Event, area: Area, habits: Habits, rng: Random, room_mm: float | None = None
) -> Written:
    """Write one field of an entry; `room_mm` is a table's column, None a form's dotted line."""
    match key:
        case "so":
            return Written(event.serial, event.serial)
        case "ngayDangKy":
            return write_date(event.registered, habits.date)
        case "ghiChu" | "ghi_chu":
            return write_text(event.note)
        case "noiDangKy":
            return write_text(f"UBND {area.place}, {area.upper}")
        case "-trich_luc":
            return Written(f"{event.serial}/TL-BS")
    if key in event.told:
        told = event.told[key]
        if isinstance(told, date):
            return write_date(told, habits.date)
        return told if isinstance(told, Written) else write_text(told)
    for prefix, person in event.people.items():
        if key == f"-nghe_{prefix}":
            return Written(
                SHORT_JOBS.get(person.job, person.job) if habits.short_jobs else person.job
            )
        if key == f"-ky_{prefix}":
            return Written(person.name)
        if key.removeprefix("-").startswith(prefix):
            suffix = key.removeprefix("-").removeprefix(prefix)
            return _write_person(suffix, person, event, area, habits, rng, room_mm)
    return NOTHING


def _write_person(
    suffix: str,
    person: Person,
    event: Event,
    area: Area,
    habits: Habits,
    rng: Random,
    room_mm: float | None,
) -> Written:
    match suffix:
        case "HoTen":
            return write_name(rng, person, habits)
        case "GioiTinh":
            return write_sex(person, habits)
        case "NgaySinh" if room_mm is not None:
            return write_age(rng, person, event.registered, habits)
        case "NgaySinh":
            return write_date(person.born, habits.date)
        case "DanToc":
            return write_people(person.people, habits)
        case "QuocTich":
            return Written(habits.nationality, "Việt Nam")
        case "NoiCuTru" if room_mm is None:
            return write_home(area, event.hamlet, habits, full=True)
        case "NoiCuTru":
            home = write_home(area, event.hamlet, habits, full=False)
            return home if room_mm > WIDE_MM else write_text(home.raw.partition(",")[0])
        case "QueQuan":
            return write_text(f"{area.place}, {area.upper}")
        case "SoGiayToTuyThan":
            paper = f"{rng.randrange(100000000, 199999999)}"
            return Written(paper if room_mm is not None else f"CMND số {paper}", paper)
    return NOTHING


def invent_events(
    rng: Random, kind: str, area: Area, years: tuple[int, int], count: int, writable: Writable
) -> list[Event]:
    """Return entries of a kind of book in the order in which it holds them."""
    start = date(years[0], 1, 4)
    days = sorted(rng.randrange((date(years[1], 12, 28) - start).days) for _ in range(count))
    if kind in LAND:
        return _land(rng, area, [start + timedelta(days=day) for day in days], writable)
    first = rng.randint(1, 90)
    make = MAKERS[kind]
    return [
        make(rng, area, start + timedelta(days=day), str(first + index), writable)
        for index, day in enumerate(days)
    ]


def _someone(
    rng: Random, area: Area, writable: Writable, year: int, *, female: bool, surname: str = ""
) -> Person:
    people = rng.choices(list(area.peoples), list(area.peoples.values()))[0]
    name = surname or draw_surname(rng, people)
    return invent_person(rng, people, name, female=female, year=year, writable=writable)


def _note(rng: Random, after: date, texts: tuple[str, ...]) -> str:
    return rng.choice(texts) if rng.random() < 0.1 else ""


def _death(rng: Random, area: Area, registered: date, serial: str, writable: Writable) -> Event:
    late = rng.random() < 0.15
    died = registered - timedelta(days=rng.randrange(60, 900) if late else rng.randrange(1, 14))
    hamlet = rng.choice(area.hamlets)
    dead = _someone(
        rng, area, writable, died.year - rng.randrange(30, 92), female=rng.random() < 0.5
    )
    year = min(dead.born.year + 24, died.year - 18)
    child = _someone(
        rng, area, writable, year, female=rng.random() < 0.4, surname=dead.name.split()[0]
    )
    place = rng.choice(("tại nhà", "tại nhà", f"bệnh viện huyện {area.district}", "trạm y tế"))
    hour, minute = rng.randrange(24), rng.choice((0, 10, 15, 20, 30, 45))
    told: dict[str, Told] = {
        "nktNgayChet": died,
        "nktGioPhutChet": f"{hour} giờ {minute:02} phút",
        "nktNoiChet": place,
        "nktNguyenNhanChet": rng.choice(CAUSES),
        "gbtSo": f"{rng.randrange(1, 90)}/GBT",
        "gbtCoQuanCap": f"UBND {area.place}",
        "gbtNgay": died + timedelta(days=rng.randrange(0, 2)),
        "nycQuanHe": "con gái" if child.female else "con trai",
        "loaiDangKy": Written("Quá hạn", "4") if late else Written("Đúng hạn", "1"),
    }
    note = _note(rng, registered, ("đã cấp bản sao", "đăng ký quá hạn", "cấp lại trích lục"))
    return Event(serial, registered, hamlet, {"nkt": dead, "nyc": child}, told, note)


def _marriage(rng: Random, area: Area, registered: date, serial: str, writable: Writable) -> Event:
    age = rng.randrange(19, 34)
    husband = _someone(rng, area, writable, registered.year - age - 1, female=False)
    wife = _someone(
        rng, area, writable, registered.year - max(18, age - rng.randrange(5)), female=True
    )
    again = rng.random() < 0.08
    told: dict[str, Told] = {
        "loaiDangKy": Written("Đăng ký lại", "2") if again else Written("Kết hôn lần đầu", "1")
    }
    if again:
        told["ngayXacLapQuanHeHonNhan"] = registered - timedelta(days=rng.randrange(900, 5000))
    note = _note(rng, registered, ("đã ly hôn", "đã cấp bản sao", "cấp lại bản chính"))
    people = {"chong": husband, "vo": wife}
    return Event(serial, registered, rng.choice(area.hamlets), people, told, note)


def _recognition(
    rng: Random, area: Area, registered: date, serial: str, writable: Writable
) -> Event:
    parent = _someone(
        rng, area, writable, registered.year - rng.randrange(24, 45), female=rng.random() < 0.2
    )
    born = registered.year - rng.randrange(1, 6)
    child = _someone(
        rng, area, writable, born, female=rng.random() < 0.5, surname=parent.name.split()[0]
    )
    told: dict[str, Told] = {
        "nycQHNguoiDuocNhan": "mẹ" if parent.female else "cha",
        "loaiXacNhan": Written("Cha, mẹ nhận con", "1|2"),
        "ncSoGiayToTuyThan": f"Giấy khai sinh số {rng.randrange(1, 90)}/{born}",
    }
    note = _note(rng, registered, ("đã cấp trích lục", "bổ sung vào sổ khai sinh"))
    people = {"cm": parent, "nc": child, "nyc": parent}
    return Event(serial, registered, rng.choice(area.hamlets), people, told, note)


def _confirmation(
    rng: Random, area: Area, registered: date, serial: str, writable: Writable
) -> Event:
    person = _someone(
        rng, area, writable, registered.year - rng.randrange(19, 50), female=rng.random() < 0.5
    )
    hamlet = rng.choice(area.hamlets)
    purpose, code = rng.choice(PURPOSES)
    told: dict[str, Told] = {
        "nxnThoiGianCuTruTai": f"{area.place}, {area.district_word} {area.district}",
        "nxnThoiGianCuTruTu": day_in(rng, person.born.year + 18),
        "nxnThoiGianCuTruDen": registered,
        "nxnTinhTrangHonNhan": rng.choice(STATES[:3]),
        "nxnMucDichSuDung": purpose,
        "nxnLoaiMucDichSuDung": Written(purpose, code),
        "nycQuanHe": "bản thân",
    }
    note = _note(rng, registered, ("đã nộp lại giấy cũ", "cấp lần hai"))
    return Event(serial, registered, hamlet, {"nxn": person, "nyc": person}, told, note)


def _whole_book(
    rng: Random, area: Area, registered: date, serial: str, writable: Writable
) -> Event:
    pages, entries = rng.randrange(40, 201), rng.randrange(60, 400)
    told: dict[str, Told] = {
        "ngayMoSo": date(registered.year, 1, rng.randrange(1, 9)),
        "ngayKhoaSo": date(registered.year, 12, 31),
        "tongSoTrang": str(pages),
        "tongSoTruongHop": str(entries),
        "tuSo": "1",
        "denSo": str(entries),
    }
    return Event(serial, registered, "", {}, told)


def _land(rng: Random, area: Area, days: list[date], writable: Writable) -> list[Event]:
    sheet = rng.randint(1, 60)
    parcels = invent_parcels(rng, area, sheet, len(days), writable, rng.randint(1, 300))
    first, series = rng.randint(1, 200), rng.choice(("BA", "BK", "AL", "AP", "BU"))
    return [
        _parcel(rng, area, parcel, day, first + index, series, writable)
        for index, (parcel, day) in enumerate(zip(parcels, days, strict=True))
    ]


def _parcel(
    rng: Random, area: Area, parcel: Parcel, day: date, number: int, series: str, writable: Writable
) -> Event:
    users = " ".join(parcel.users)
    hamlet = f"{area.hamlet_word} {rng.choice(area.hamlets)}"
    other = _someone(rng, area, writable, 1970, female=rng.random() < 0.4).name
    size = write_area(parcel.area, comma=True)
    shared = rng.random() < 0.1
    change = rng.choice(CHANGES).format(name=other, n=parcel.number)
    field_name = rng.choice(("Đồng Sau", "Cửa Đình", "Bãi Trên", "Gò Mả", "Đồng Chiêm"))
    until = rng.choice(("Lâu dài", "Lâu dài", "10/2045", "15/10/2043"))
    told: dict[str, Told] = {
        "stt": str(number),
        "so_thu_tu": str(number),
        "to_ban_do_so": str(parcel.sheet),
        "thua_dat_so": parcel.number,
        "so_thu_tu_thua": parcel.number,
        "ten_nguoi_su_dung": users,
        "ten_chu_su_dung": users,
        "ten_chu": users,
        "nam_sinh": str(rng.randrange(1935, 1985)),
        "so_cmnd": str(rng.randrange(100000000, 199999999)),
        "noi_thuong_tru": f"{hamlet}, {area.place}, {area.upper}",
        "ngay_vao_so": day,
        "dien_tich_rieng": NOTHING if shared else size,
        "dien_tich_chung": size if shared else NOTHING,
        "so_phat_hanh_gcn": f"{series} {rng.randrange(100000, 999999)}",
        "so_vao_so_gcn": f"H{rng.randrange(1, 9999):05}",
        "loai_doi_tuong": parcel.user_code,
        "dien_tich": size,
        "mdsd_cap_gcn": parcel.legal_code,
        "mdsd_quy_hoach": parcel.code if rng.random() < 0.3 else "",
        "mdsd_kiem_ke": parcel.code,
        "mdsd_chi_tiet": "",
        "-thua_1": parcel.number if parcel.note else NOTHING,
        "loai_dat": rng.choice(OLD_LAND),
        "hang_dat": str(rng.randint(1, 6)),
        "-xu_dong": field_name,
        "xu_dong": field_name,
        "dia_chi_thua": f"{hamlet}, {area.commune}",
        "hinh_thuc_su_dung": Written("Chung", "C") if shared else Written("Riêng", "R"),
        "muc_dich": parcel.code,
        "thoi_han": until,
        "nguon_goc": rng.choice(("CNQ-KTT", "CNQ-CTT", "DG-KTT", "DG-CTT")),
        "bien_dong": change if rng.random() < 0.3 else "",
        "so_phat_hanh": f"{series} {rng.randrange(100000, 999999)}",
        "so_vao_so": f"CH{rng.randrange(1, 9999):05}",
        "ngay_ky": day,
        "ten_dia_chi": f"{users}, {hamlet}",
        "thoi_diem": f"{rng.randrange(8, 17)} giờ {day.day}/{day.month}/{day.year}",
        "noi_dung": change,
    }
    return Event(str(number), day, hamlet, {}, told, parcel.note)


MAKERS: Mapping[str, Callable[[Random, Area, date, str, Writable], Event]] = {
    "KT": _death,
    "KH": _marriage,
    "CMC": _recognition,
    "HN": _confirmation,
    "SO": _whole_book,
}
LAND = frozenset({"SMK", "SDC", "SCG", "STD"})
