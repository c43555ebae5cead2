"""Commands on records typed before, and on links between records of one person."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pipeline.cli.shell import (
    archive_option,
    bar,
    err,
    exit_for,
    json_option,
    main,
    out,
    print_json,
    settings_for,
)
from pipeline.desk.archive import open_archive
from pipeline.desk.books import check_form
from pipeline.desk.finding import name_in
from pipeline.desk.links import ShownLink, decide_link, list_links
from pipeline.desk.typed import import_typed, write_template
from pipeline.extract.typed.entry import Choices
from pipeline.flow.links import find_links
from pipeline.flow.typed import Imported
from pipeline.index.links.telling import kind_title, reasons
from pipeline.store.links import Verdict
from pipeline.values import Asker
from pipeline.words import _


@main.command(
    "import",
    help=_(
        "Nhập bản ghi đã gõ từ trước: Excel theo mẫu của Bộ, hoặc JSON lines. Hàng sai được liệt "
        "kê, hàng đúng được nhập. Chạy lại được, không thêm hai lần."
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--place", default="", help=_("Nơi đăng ký, cho những hàng không ghi."))
@click.option("--form", default="", help=_("Mẫu sổ của mọi hàng; bỏ trống: theo tệp."))
@click.option(
    "--template",
    "kind",
    default="",
    help=_(
        "Không nhập gì, chỉ ghi tệp Excel trống để điền: birth, death, marriage, recognition "
        "hoặc confirmation."
    ),
)
@archive_option
@json_option
def import_command(
    *, files: Sequence[Path], place: str, form: str, kind: str, archive: Path, as_json: bool
) -> None:
    """Bring typed records in."""
    if kind:
        for file in files:
            write_template(kind, file)
            out.print(_("đã ghi {file}").format(file=file), markup=False)
        return
    settings = settings_for(archive)
    choices = Choices(form, place)
    check_form(form)
    told = []
    with closing(open_archive(settings, make=True)) as database, bar() as progress:
        for file in files:
            done, listed = import_typed(database, settings, file, choices, progress)
            told.append((done, listed))
            if not as_json:
                _print_import(done, listed)
            if done.error:
                err.print(f"sohoa: {done.error}", markup=False)
    if as_json:
        print_json([_import_summary(done, listed) for done, listed in told])
    exit_for(next((code for done, _listed in told if (code := done.exit_code)), 0))


@main.group("links")
def links_group() -> None:
    """Find records of one person, and decide."""


links_group.help = _(
    "Những bản ghi có thể là của cùng một người: khai sinh hai lần; khai sinh, kết hôn, khai tử, "
    "nhận con. Chỉ là gợi ý; người quyết định."
)


@links_group.command("find", help=_("Tìm trong cả kho; điều người đã quyết định giữ nguyên."))
@archive_option
@json_option
def find_links_command(*, archive: Path, as_json: bool) -> None:
    """Look for links."""
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database, bar() as progress:
        counts = find_links(database, settings, progress)
    if as_json:
        print_json(counts)
        return
    for kind, count in counts.items():
        out.print(f"{kind_title(kind)} ({kind}): {count}", markup=False)
    if not counts:
        out.print(_("không có gợi ý nào"))


@links_group.command("list", help=_("Kể các gợi ý chưa quyết định, chắc nhất trước, và vì sao."))
@click.option("--kind", default="", help=_("Chỉ một loại, như “links find” kể."))
@click.option("--decided", is_flag=True, help=_("Kể những gợi ý đã quyết định."))
@click.option("--limit", default=20, show_default=True, help=_("Số gợi ý nhiều nhất."))
@archive_option
@json_option
def list_links_command(
    *, kind: str, decided: bool, limit: int, archive: Path, as_json: bool
) -> None:
    """List suggestions."""
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database:
        shown = list_links(database, Asker(settings.person), kind, decided=decided, limit=limit)
    if as_json:
        print_json([{**asdict(one.link), "why": reasons(one.link.suggestion)} for one in shown])
    else:
        _print_links(shown)


@links_group.command(
    "decide", help=_("Quyết định một gợi ý: same (cùng người) hoặc different (khác người).")
)
@click.argument("number", type=int)
@click.argument("verdict", type=click.Choice(["same", "different"]))
@click.option("--note", default="", help=_("Vì sao."))
@archive_option
def decide_link_command(*, number: int, verdict: Verdict, note: str, archive: Path) -> None:
    """Decide."""
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database:
        decide_link(database, Asker(settings.person), number, verdict, note)
    out.print(_("đã ghi quyết định về gợi ý {number}").format(number=number))


def _print_links(shown: Sequence[ShownLink]) -> None:
    for one in shown:
        suggestion = one.link.suggestion
        out.print(
            _("{number}. {kind} — {score:.0%}").format(
                number=one.link.number, kind=kind_title(suggestion.kind), score=suggestion.score
            ),
            markup=False,
        )
        for id_, role, found in (
            (suggestion.one, suggestion.roles[0], one.one),
            (suggestion.two, suggestion.roles[1], one.two),
        ):
            name = name_in(found[0], role) if found else _("bản ghi không còn")
            place = found[1].place if found else ""
            out.print(f"   {id_}: {name} — {place}", markup=False)
        out.print(f"   {'; '.join(reasons(suggestion))}", markup=False)
        if one.link.verdict:
            out.print(
                "   "
                + _("{verdict}, {person}, {time} {note}").format(
                    verdict=_("cùng người") if one.link.verdict == "same" else _("khác người"),
                    person=one.link.person,
                    time=one.link.time[:10],
                    note=one.link.note,
                ),
                markup=False,
            )
    if not shown:
        out.print(_("không có gợi ý nào"))


def _import_summary(done: Imported, listed: Path | None) -> dict[str, Any]:
    return {
        "file": str(done.file),
        **(asdict(done.run.counts) if done.run else {}),
        "list": str(listed) if listed else None,
        "error": str(done.error) if done.error else None,
        "behind": done.behind or None,
    }


def _print_import(done: Imported, listed: Path | None) -> None:
    if done.run is None:
        return
    counts = done.run.counts
    out.print(
        _("{file}: thêm {added} bản ghi, {known} đã có, {wrong} hàng sai, {conflicts} trái").format(
            file=done.file,
            added=counts.added,
            known=counts.known,
            wrong=counts.wrong,
            conflicts=counts.conflicts,
        ),
        markup=False,
    )
    if counts.differs:
        out.print(_("   {count} bản ghi khác với bản đọc từ bản quét").format(count=counts.differs))
    if counts.scans:
        out.print(
            _("   {scans} bản ghi nêu tên bản quét, {linked} đã có trong kho").format(
                scans=counts.scans, linked=counts.linked
            )
        )
    if listed:
        out.print(_("   danh sách hàng, cột và lý do: {file}").format(file=listed), markup=False)
    if done.behind:
        err.print(f"sohoa: {done.behind}", markup=False)
