"""Commands that find: search, and keeping the index as it should be."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from pipeline.cli.shell import archive_option, err, json_option, main, out, print_json, settings_for
from pipeline.desk import finding
from pipeline.desk.archive import open_archive, send_owed
from pipeline.desk.finding import Found, chip_label, principal, row_picture, units_of
from pipeline.desk.places import Units
from pipeline.flow.book import package_of, reindex
from pipeline.index.rescue import Rescue
from pipeline.index.wanted import Query
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.values import Asker, Book, Hit, Record
from pipeline.words import _


@main.command(help=_("Tìm người, thửa đất: tên (có dấu hay không), năm, cha mẹ, số, quyển…"))
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, help=_("Số kết quả nhiều nhất."))
@click.option("--purpose", default="", help=_("Tìm để làm gì; ghi vào nhật ký của kho."))
@archive_option
@json_option
def search(*, query: Sequence[str], limit: int, purpose: str, archive: Path, as_json: bool) -> None:
    """Find a person or a parcel."""
    settings = settings_for(archive)
    asker = Asker(settings.person, purpose)
    with closing(open_archive(settings)) as database:
        found = finding.search(database, settings, asker, " ".join(query), limit)
        units = [units_of(settings, hit) for hit in found.hits]
    if found.behind:
        err.print(
            _("tìm kiếm còn thiếu {count} thay đổi chưa sang chỉ mục; “sohoa sync” gửi nốt").format(
                count=found.behind
            )
        )
    if as_json:
        print_json(_found(found, units))
    else:
        _print_readings(found.readings)
        print_hits(found.hits, units)
        _print_rescue(found.rescue)


@main.command(
    "reindex", help=_("Dựng lại chỉ mục tìm kiếm từ các bản ghi; vẫn tìm được trong lúc dựng.")
)
@click.option(
    "--backend", help=_("Nơi để chỉ mục: sqlite hoặc elasticsearch; bỏ trống: như cấu hình.")
)
@archive_option
@json_option
def reindex_command(*, backend: str | None, archive: Path, as_json: bool) -> None:
    """Build the index anew."""
    settings = settings_for(archive)
    index = replace(settings.index, backend=backend or settings.index.backend)
    settings = replace(settings, index=index)
    with closing(open_archive(settings)) as database:
        count = reindex(database, settings)
    if as_json:
        print_json({"documents": count})
    else:
        out.print(_("đã lập chỉ mục {count} bản ghi").format(count=count))


@main.command(
    help=_(
        "Gửi sang chỉ mục những thay đổi còn nằm chờ trong kho vì máy chủ tìm kiếm vắng mặt. "
        "Chạy lại được."
    )
)
@archive_option
@json_option
def sync(*, archive: Path, as_json: bool) -> None:
    """Send the index what it is owed."""
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database:
        count = send_owed(database, settings)
    if as_json:
        print_json({"sent": count})
    else:
        out.print(_("chỉ mục đã nhận {count} thay đổi").format(count=count))


def print_places(database: Database, settings: Settings, asker: Asker, hit: Hit) -> None:
    """Tell where a hit is kept: its package, its page, and the picture of its row."""
    package = package_of(settings.archive, hit.book.accession)
    out.print()
    for title, place in (
        (_("Sổ dạng PDF/A"), package / "data" / "book.pdf"),
        (_("Các bản ghi"), package / "data" / "records.jsonl"),
        (_("Ảnh dòng tìm thấy"), row_picture(database, settings, asker, hit)),
    ):
        out.print(f"{title}: {place}", markup=False)
    out.print(
        _("Tìm tiếp: scripts/sohoa search --archive {archive} …").format(archive=settings.archive),
        markup=False,
    )


def _print_readings(readings: Sequence[Query]) -> None:
    """Say how the query was read; what was meant otherwise can be typed otherwise."""
    for place, query in enumerate(readings):
        lead = _("hoặc") if place else _("hiểu là")
        told = "; ".join(f"{chip_label(chip)}: {chip.text}" for chip in query.chips)
        err.print(f"{lead}: {told or '—'}", markup=False)


def print_hits(hits: Sequence[Hit], units: Sequence[Units]) -> None:
    """Print the hits by how far the query had to be widened for them."""
    if not hits:
        out.print(_("không tìm thấy"))
    titles = {
        "exact": _("Đúng như đã hỏi"),
        "spelling": _("Khác dấu, cách viết, hay tên nơi của thời khác"),
        "misread": _("Khác chữ: có thể máy đọc hoặc người viết sai"),
        "widened": _("Nới rộng: có điều đã hỏi không khớp"),
    }
    place = 0
    for closeness, title in titles.items():
        group = [pair for pair in zip(hits, units, strict=True) if pair[0].closeness == closeness]
        if group:
            out.print(f"— {title} —", markup=False)
        for hit, unit in group:
            place += 1
            _print_hit(place, hit, unit)


def _print_hit(place: int, hit: Hit, units: Units) -> None:
    told = _hit(hit, units)
    sure = _("người đã duyệt") if hit.reviewed else _("máy đọc, độ tin {sure:.0%}")
    where = _("{place}. {name} — {book}, trang {page}, dòng {row} — {sure}")
    if not hit.record.page:
        where = _("{place}. {name} — {book}, đã gõ từ trước, hàng {row} của tệp nhập")
    out.print(
        where.format(
            place=place,
            name=told["name"] or "—",
            book=_book_words(hit.book),
            page=told["page"],
            row=told["row"],
            sure=sure.format(sure=told["confidence"]),
        ),
        markup=False,
    )
    for reason in hit.why:
        out.print(f"   {reason}", markup=False)
    if units.now and units.now != units.then:
        sentence = _("   nơi đăng ký khi ấy: {then}; nay: {now}")
        out.print(
            sentence.format(then=" / ".join(units.then), now=" / ".join(units.now)), markup=False
        )


def _book_words(book: Book) -> str:
    volume = book.volume.partition("/")[0]  # on some covers the year stands after it
    return _("{place}, quyển {volume}/{year}").format(
        place=book.place, volume=volume, year=book.years[0]
    )


def _row_words(record: Record) -> str:
    """Say where a record stands: on its page, or in the file from which it was imported."""
    if not record.page:
        return _("hàng {row} của tệp nhập").format(row=record.row)
    return _("trang {page} dòng {row}").format(page=record.page, row=record.row)


def _print_rescue(rescue: Rescue | None) -> None:
    """Say where to look on."""
    if rescue is None:
        return
    if rescue.near:
        out.print(_("Cùng tên hay gần giống, năm khác:"))
    for hit in rescue.near:
        name = principal(hit.record)
        who, where = name.value if name else "—", _book_words(hit.book)
        out.print(f"   {who} — {where}, {_row_words(hit.record)}", markup=False)
    if rescue.shelves:
        out.print(
            _("Nên xem trong {count} quyển sau đây (trong {all} quyển có thể):").format(
                count=len(rescue.shelves), all=rescue.books
            )
        )
    for shelf in rescue.shelves:
        told = [_("{count} bản quét").format(count=shelf.pages)]
        if shelf.book.shelf:
            told.insert(0, _("giá: {shelf}").format(shelf=shelf.book.shelf))
        if shelf.unread:
            numbers = ", ".join(map(str, shelf.unread[:10]))
            told.append(_("chưa đọc trang {numbers}").format(numbers=numbers))
        if shelf.rows:
            rows = "; ".join(_row_words(row) for row in shelf.rows)
            told.append(_("chưa duyệt: {rows}").format(rows=rows))
        out.print(f"   {_book_words(shelf.book)} — {'; '.join(told)}", markup=False)


def _found(found: Found, units: Sequence[Units]) -> dict[str, Any]:
    rescue = found.rescue
    return {
        "readings": [_query(query) for query in found.readings],
        "hits": [_hit(hit, unit) for hit, unit in zip(found.hits, units, strict=True)],
        "rescue": None
        if rescue is None
        else {
            "books": rescue.books,
            "shelves": [
                {
                    "book": asdict(shelf.book),
                    "pages": shelf.pages,
                    "unread": list(shelf.unread),
                    "rows": [
                        {"record": row.id, "page": row.page, "row": row.row} for row in shelf.rows
                    ],
                }
                for shelf in rescue.shelves
            ],
            "near": [_hit(hit, Units((), ())) for hit in rescue.near],
        },
        "behind": found.behind,
    }


def _query(query: Query) -> dict[str, Any]:
    return {
        "chips": [chip._asdict() for chip in query.chips],
        "names": [
            {"role": name.role, "said": list(name.said), "years": list(name.years), "age": name.age}
            for name in query.names
        ],
        "years": list(query.years),
        "dates": list(query.dates),
        "kind": query.kind,
        "numbers": dict(query.numbers),
        "places": [
            {
                "said": list(place.said),
                "names": [
                    {"words": " ".join(name.words), "time": name.time} for name in place.names
                ],
            }
            for place in query.places
        ],
    }


def _hit(hit: Hit, units: Units) -> dict[str, Any]:
    record = hit.record
    name = principal(record)
    return {
        "record": record.id,
        "name": name.value if name else "",
        "confidence": round(name.confidence, 4) if name else 0.0,
        "book": asdict(hit.book),
        "page": record.page,
        "side": record.side,
        "row": record.row,
        "polygon": [list(point) for point in record.polygon],
        "score": round(hit.score, 4),
        "closeness": hit.closeness,
        "why": list(hit.why),
        "marks": [mark._asdict() for mark in hit.marks],
        "reviewed": sorted(hit.reviewed),
        "units": {"then": list(units.then), "now": list(units.now)},
        "fields": {
            field.key: {
                "raw": field.raw,
                "value": field.value,
                "confidence": round(field.confidence, 4),
            }
            for field in record.fields
        },
    }
