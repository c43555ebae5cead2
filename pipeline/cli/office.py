"""Commands on the installation: what is missing, and the demonstration."""

import secrets
import webbrowser
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path

import click
import platformdirs

from pipeline.cli.books import print_outcomes
from pipeline.cli.finding import print_hits, print_places
from pipeline.cli.shell import (
    archive_option,
    bar,
    exit_for,
    json_option,
    main,
    out,
    print_json,
    settings_for,
)
from pipeline.cli.worker import worker_beside
from pipeline.desk.accounts import is_new
from pipeline.desk.archive import chosen_books, open_archive
from pipeline.desk.books import intake
from pipeline.desk.demo import fresh_demo, samples
from pipeline.desk.doctor import check_machine
from pipeline.desk.finding import search, units_of
from pipeline.flow.book import process
from pipeline.values import Asker
from pipeline.words import _


@main.command(help=_("Xem máy này có đủ những gì sohoa cần, thiếu gì, mất gì, sửa thế nào."))
@archive_option
@json_option
def doctor(*, archive: Path, as_json: bool) -> None:
    """Look at the machine."""
    checks = check_machine(settings_for(archive))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            if check.found:
                out.print(f"✓ {check.name}: {check.found}", markup=False)
            else:
                out.print(f"✗ {check.name}: {check.lost}; {check.remedy}", markup=False)
    exit_for(6 if any(check.required and not check.found for check in checks) else 0)


@main.command(help=_("Mở ứng dụng của văn phòng trong trình duyệt; kho chưa có thì được lập."))
@archive_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help=_("Nghe ở địa chỉ nào; 0.0.0.0 cho cả mạng nội bộ (qua TLS)."),
)
@click.option("--port", default=8440, show_default=True, help=_("Cổng; 0: cổng trống bất kỳ."))
@click.option("--no-browser", is_flag=True, help=_("Không tự mở trình duyệt."))
@click.option("--no-worker", is_flag=True, help=_("Không đọc trang mới; “sohoa process” đọc."))
def start(*, archive: Path, host: str, port: int, no_browser: bool, no_worker: bool) -> None:
    """Serve the office's web app."""
    from pipeline.web.serve import serve  # heavy, and no other command needs it
    from pipeline.web.shell import Office

    settings = settings_for(archive)
    with closing(open_archive(settings, make=True)) as database:
        key = secrets.token_urlsafe(24) if is_new(database) else ""

        def ready(address: str) -> None:
            first = f"{address}/begin?key={key}" if key else address
            out.print(_("sohoa đang chạy ở {address}").format(address=first), markup=False)
            if not no_browser:
                webbrowser.open(first)

        with nullcontext() if no_worker else worker_beside(settings.archive):
            serve(Office(settings, database, key), host, port, ready)


@main.command(
    help=_("Chạy thử toàn bộ trên sổ mẫu (người trong sổ đều là bịa), rồi tìm một người.")
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(platformdirs.user_cache_dir("sohoa", appauthor=False)) / "demo",
    show_default=_("thư mục đệm của người dùng"),
    help=_("Kho dùng một lần; nội dung cũ của lần thử trước bị xóa."),
)
@click.option("--query", default="nguyen thi lan 1987", show_default=True, help=_("Câu tìm."))
def demo(*, folder: Path, query: str) -> None:
    """Run the main job on the samples."""
    settings = settings_for(fresh_demo(folder))
    with closing(open_archive(settings, make=True)) as database:
        with bar() as progress:
            for sample in samples():
                intake(database, settings, sample.book, sample.scans, progress)
            outcomes = process(database, settings, chosen_books(database, ()), progress)
        print_outcomes(outcomes)
        asker = Asker(settings.person)
        hits = search(database, settings, asker, query, 5).hits
        out.print()
        out.print(_("Tìm “{query}”:").format(query=query), markup=False)
        print_hits(hits, [units_of(settings, hit) for hit in hits])
        if not hits:
            exit_for(1)
        print_places(database, settings, asker, hits[0])
