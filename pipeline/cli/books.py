"""Commands on books: take scans in, read them, verify what is kept."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
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
from pipeline.cli.worker import end_with_parent, give_way
from pipeline.desk.archive import chosen_books, open_archive, verify_books
from pipeline.desk.books import (
    Pile,
    book_card,
    clear_taken,
    intake,
    intake_sentences,
    intake_summary,
    years_of,
)
from pipeline.flow.book import process
from pipeline.flow.outcome import BookOutcome
from pipeline.flow.worker import keep_on as work_on
from pipeline.ingest.intake import Intake, Manner, Refused
from pipeline.ingest.scanner import scan as scan_sheets
from pipeline.ingest.watch import watch as watch_folder
from pipeline.values import Book
from pipeline.words import _


def card_options(command: Any) -> Any:
    """Add the options that make up a book's card."""
    for option in reversed(
        [
            click.option("--form", default="", help=_("Mẫu sổ; bỏ trống để tự nhận ra.")),
            click.option("--place", required=True, help=_("Nơi đăng ký, ghi như trên bìa sổ.")),
            click.option(
                "--year", "years", required=True, help=_("Năm của sổ, hoặc khoảng: 1987-1989.")
            ),
            click.option("--volume", required=True, help=_("Quyển số, ghi như trên bìa.")),
            click.option("--pages", type=click.IntRange(min=1), help=_("Số trang ghi trên bìa.")),
            click.option(
                "--entries", type=click.IntRange(min=0), help=_("Số trường hợp ghi khi khóa sổ.")
            ),
            click.option("--shelf", default="", help=_("Nơi cất sổ giấy: kho, giá, ngăn.")),
        ]
    ):
        command = option(command)
    return command


@main.command(help=_("Nạp bản quét (tệp hoặc thư mục) thành bản gốc của một quyển sổ."))
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@card_options
@archive_option
@json_option
def ingest(*, paths: Sequence[Path], archive: Path, as_json: bool, **card: Any) -> None:
    """Bring scans into the archive."""
    settings = settings_for(archive)
    book = _book(**card)
    with closing(open_archive(settings, make=True)) as database, bar() as progress:
        taken = intake(database, settings, book, paths, progress)
    _tell_intake(taken, as_json=as_json)


@main.command(help=_("Quét bằng máy quét (SANE) thẳng vào một quyển sổ."))
@click.option("--device", help=_("Máy quét, như “scanimage -L” liệt kê; bỏ trống: máy đầu tiên."))
@click.option("--source", help=_("Khay giấy của máy quét."))
@click.option("--dpi", default=300, show_default=True, help=_("Độ phân giải."))
@click.option("--mode", default="Color", show_default=True, help=_("Chế độ màu của máy quét."))
@card_options
@archive_option
@json_option
def scan(
    *,
    device: str | None,
    source: str | None,
    dpi: int,
    mode: str,
    archive: Path,
    as_json: bool,
    **card: Any,
) -> None:
    """Drive a scanner."""
    settings = settings_for(archive)
    book = _book(**card)
    incoming = settings.archive / "work" / "scanner" / book.accession
    with closing(open_archive(settings, make=True)) as database, bar() as progress:
        incoming.mkdir(parents=True, exist_ok=True)
        sheets = []
        for sheet in scan_sheets(incoming, device=device, source=source, dpi=dpi, mode=mode):
            sheets.append(sheet)
            progress(_("quét"), len(sheets), 0)
        taken = intake(database, settings, book, [incoming], progress)
        clear_taken(database, incoming)
    _tell_intake(taken, as_json=as_json)


@main.command(help=_("Trông một thư mục: tệp nào đến thì nạp tệp ấy, cho đến khi bấm Ctrl+C."))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--poll", is_flag=True, help=_("Dò định kỳ, cho thư mục trên ổ mạng."))
@click.option("--seconds", type=float, help=_("Dừng sau chừng ấy giây."))
@card_options
@archive_option
def watch(*, folder: Path, poll: bool, seconds: float | None, archive: Path, **card: Any) -> None:
    """Ingest a folder as files arrive."""
    settings = settings_for(archive)
    book = _book(**card)
    end = time.monotonic() + seconds if seconds is not None else None
    with closing(open_archive(settings, make=True)) as database:
        err.print(_("đang trông {folder}; bấm Ctrl+C để dừng").format(folder=folder))

        pile = Pile(book)

        def take(files: Sequence[Path]) -> None:
            manner = Manner(settings.person, is_lost=pile.is_lost)
            taken = intake(database, settings, pile.book, files, lambda *_args: None, manner)
            pile.follow(database, taken)
            _print_intake(taken)

        watch_folder(
            folder,
            take,
            stop=lambda: end is not None and time.monotonic() > end,
            poll=poll,
            output=settings.archive,
        )


@main.command(
    "process", help=_("Đọc các trang chưa đọc: bản gốc → bản ghi, PDF/A, chỉ mục. Chạy lại được.")
)
@click.argument("books", nargs=-1)
@click.option("--executor", help=_("Cách chạy: serial hoặc processes."))
@click.option("--workers", type=click.IntRange(min=0), help=_("Số trang đọc cùng lúc; 0: tự chọn."))
@click.option("--retry", is_flag=True, help=_("Đọc lại cả những trang đã hỏng."))
@click.option("--again", is_flag=True, help=_("Đọc lại tất cả các trang."))
@click.option(
    "--keep-on", is_flag=True, help=_("Không dừng: đọc trang mới ngay khi có, đến khi bấm Ctrl+C.")
)
@click.option(
    "--attached", is_flag=True, help=_("Với --keep-on: dừng khi chương trình mở nó kết thúc.")
)
@archive_option
@json_option
def process_command(
    *,
    books: Sequence[str],
    executor: str | None,
    workers: int | None,
    retry: bool,
    again: bool,
    keep_on: bool,
    attached: bool,
    archive: Path,
    as_json: bool,
) -> None:
    """Read what has not been read."""
    settings = settings_for(archive)
    work = replace(
        settings.work,
        executor=executor or settings.work.executor,
        workers=settings.work.workers if workers is None else workers,
    )
    settings = replace(settings, work=work)
    if keep_on:
        with closing(open_archive(settings)) as database:
            if attached:
                end_with_parent()
            give_way()
            work_on(
                database, lambda: replace(settings_for(archive), work=settings.work), lambda: False
            )
        return
    with closing(open_archive(settings)) as database, bar() as progress:
        chosen = chosen_books(database, books)
        outcomes = process(database, settings, chosen, progress, retry=retry, again=again)
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    else:
        print_outcomes(outcomes)
    exit_for(next((code for outcome in outcomes for code in outcome.exit_codes), 0))


@main.command(help=_("Tính lại mọi mã băm của kho và liệt kê tất cả những gì sai khác."))
@click.argument("books", nargs=-1)
@archive_option
@json_option
def verify(*, books: Sequence[str], archive: Path, as_json: bool) -> None:
    """Check fixity."""
    settings = settings_for(archive)
    with closing(open_archive(settings)) as database:
        found = verify_books(database, settings, books)
    if as_json:
        print_json({name: [asdict(one) for one in found[name]] for name in found})
    else:
        for name, differences in found.items():
            for difference in differences:
                out.print(f"{name}: {difference.kind}: {difference.path}", markup=False)
        wrong = sum(map(len, found.values()))
        out.print(
            _("{books} quyển đã kiểm tra; {wrong} sai khác").format(books=len(found), wrong=wrong)
        )
    exit_for(4 if any(found.values()) else 0)


def _book(
    form: str,
    place: str,
    years: str,
    volume: str,
    pages: int | None,
    entries: int | None,
    shelf: str,
) -> Book:
    return book_card(
        form, place, years_of(years), volume, pages=pages, entries=entries, shelf=shelf
    )


def _tell_intake(taken: Intake, *, as_json: bool) -> None:
    if as_json:
        print_json(intake_summary(taken))
    else:
        _print_intake(taken)
    exit_for(next((error.exit_code for _file, error in _refused(taken)), 0))


def _print_intake(taken: Intake) -> None:
    for sentence in intake_sentences(taken):
        out.print(sentence, markup=False)
    for _file, error in _refused(taken):
        err.print(f"sohoa: {error}", markup=False)


def _refused(taken: Intake) -> list[Refused]:
    return [refused for one in (taken, *taken.onward) for refused in one.refused]


def print_outcomes(outcomes: Sequence[BookOutcome]) -> None:
    """Tell what became of each book, and what in it is not as declared."""
    for outcome in outcomes:
        pdf = "PDF/A" if outcome.pdfa else _("PDF (chưa đạt PDF/A)")
        out.print(
            _("{book}: đọc {read} trang, hỏng {failed}, {records} bản ghi, {pdf}").format(
                book=outcome.accession,
                read=outcome.read,
                failed=len(outcome.errors),
                records=outcome.records,
                pdf=pdf,
            ),
            markup=False,
        )
        for sentence in outcome.differences:
            out.print(f"   {sentence}", markup=False)
        if outcome.behind:
            err.print(f"sohoa: {outcome.accession}: {outcome.behind}", markup=False)
        if outcome.failure:
            err.print(f"sohoa: {outcome.accession}: {outcome.failure[1]}", markup=False)
        for number, (_name, sentence) in outcome.errors.items():
            err.print(
                _("sohoa: {book}, trang {number}: {sentence}").format(
                    book=outcome.accession, number=number, sentence=sentence
                ),
                markup=False,
            )
