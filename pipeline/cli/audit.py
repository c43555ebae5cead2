"""Commands on the log."""

from contextlib import closing
from pathlib import Path

import click

from pipeline.cli.shell import (
    archive_option,
    exit_for,
    json_option,
    main,
    out,
    print_json,
    settings_for,
)
from pipeline.desk import auditing
from pipeline.desk.archive import open_archive
from pipeline.errors import FixityError
from pipeline.values import Asker
from pipeline.words import _


@main.group(help=_("Nhật ký: kiểm chuỗi, xem đầu chuỗi, xem ai đã xem một bản ghi."))
def audit() -> None:
    """Look at the log."""


@audit.command(
    help=_("Kiểm toàn bộ nhật ký và mọi thứ nó làm chứng; kể chỗ bị sửa, mã thoát 4 nếu có.")
)
@click.option("--head", "known", help=_("Đầu nhật ký đã ghi lại ở nơi khác, SỐ:MÃ."))
@archive_option
@json_option
def verify(*, known: str | None, archive: Path, as_json: bool) -> None:
    """Compare the log with itself and with the database."""
    kept = [auditing.read_head(known)] if known else []
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database:
        breaks = auditing.find_breaks(database, settings, Asker(settings.person), kept)
        head = auditing.head(database)
    if as_json:
        print_json({"head": str(head), "breaks": [one._asdict() for one in breaks]})
    else:
        for one in breaks:
            out.print(auditing.break_sentence(one), markup=False)
        if not breaks:
            out.print(_("nhật ký nguyên vẹn, {count} sự kiện").format(count=head.sequence))
    exit_for(FixityError.exit_code if breaks else 0)


@audit.command(help=_("In đầu nhật ký, để ghi lại trên giấy hoặc ở máy khác."))
@archive_option
def head(*, archive: Path) -> None:
    """Print the newest event's place and hash."""
    with closing(open_archive(settings_for(archive))) as database:
        out.print(str(auditing.head(database)), markup=False)


@audit.command(help=_("Ai đã xem một bản ghi, khi nào, để làm gì."))
@click.argument("record")
@archive_option
@json_option
def seen(*, record: str, archive: Path, as_json: bool) -> None:
    """Tell who saw a record."""
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database:
        found = auditing.seen_by(database, Asker(settings.person), record)
    if as_json:
        print_json([event._asdict() for event in found])
        return
    for event in found:
        purpose = str(event.told.get("purpose", ""))
        out.print(f"{event.time}  {event.person}  {event.kind}  {purpose}", markup=False)
