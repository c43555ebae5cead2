"""Commands on places through time."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from pipeline.cli.shell import (
    archive_option,
    err,
    exit_for,
    json_option,
    main,
    out,
    print_json,
    settings_for,
)
from pipeline.desk.archive import open_archive
from pipeline.desk.places import add_own_places, write_places_template
from pipeline.places.history import Fault
from pipeline.places.lookup import look_up
from pipeline.places.tables import load_places
from pipeline.places.telling import as_data, sentences
from pipeline.words import _


@main.group("places")
def places_group() -> None:
    """Look places up, and add an office's own."""


places_group.help = _(
    "Đơn vị hành chính qua các thời: tra một nơi ghi trong sổ, thêm đơn vị và thay đổi mà cơ quan "
    "biết."
)


@places_group.command("find", help=_("Tra một nơi như sổ ghi: năm ấy là đâu, nay là đâu."))
@click.argument("place", nargs=-1, required=True)
@click.option("--year", type=click.IntRange(1000, 2999), help=_("Năm ghi sổ."))
@archive_option
@json_option
def find_place(*, place: Sequence[str], year: int | None, archive: Path, as_json: bool) -> None:
    """Look a place up."""
    places = load_places(archive)
    for fault in places.faults:
        err.print(f"sohoa: {_fault(fault)}", markup=False)
    answer = look_up(places, " ".join(place), "", year)
    if as_json:
        print_json(as_data(places, answer))
    else:
        for sentence in sentences(places, answer):
            out.print(sentence, markup=False)


@places_group.command(
    "add", help=_("Thêm đơn vị và thay đổi từ tệp CSV: cả tệp, hoặc không gì cả.")
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@archive_option
@json_option
def add_places(*, file: Path, archive: Path, as_json: bool) -> None:
    """Add an office's own units and events."""
    settings = settings_for(archive)
    with closing(open_archive(settings, make=True)):
        done = add_own_places(settings, file)
    if as_json:
        print_json(
            {
                "added": done.added,
                "known": done.known,
                "faults": [fault._asdict() for fault in done.faults],
            }
        )
    else:
        for fault in done.faults:
            err.print(f"sohoa: {file}: {_fault(fault)}", markup=False)
        out.print(
            _("thêm {added} hàng, {known} hàng đã có").format(added=done.added, known=done.known)
        )
    exit_for(2 if done.faults else 0)


@places_group.command("template", help=_("Ghi một tệp CSV trống có ví dụ, để điền bằng Excel."))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def places_template(*, file: Path) -> None:
    """Write the form."""
    write_places_template(file)
    out.print(_("đã ghi {file}").format(file=file), markup=False)


def _fault(fault: Fault) -> str:
    where = [_("hàng {row}").format(row=fault.row)] if fault.row else []
    where += [_("cột “{column}”").format(column=fault.column)] if fault.column else []
    return ": ".join([", ".join(where), fault.reason] if where else [fault.reason])
