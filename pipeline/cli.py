"""The command line: parse, call one function of flow or desk, print."""

import getpass
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import platformdirs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from pipeline import desk
from pipeline.errors import ScanError, SohoaError, UsageError
from pipeline.extract.typed.entry import Choices
from pipeline.flow.book import package_of, process, reindex
from pipeline.flow.judging import judge_files
from pipeline.flow.links import find_links
from pipeline.flow.loose import read_files, read_lines_of
from pipeline.flow.outcome import BookOutcome
from pipeline.flow.page import forms
from pipeline.flow.train import Training
from pipeline.flow.train import train as train_reader
from pipeline.flow.trial import try_on
from pipeline.flow.typed import Imported
from pipeline.index.links.telling import kind_title, reasons
from pipeline.index.rescue import Rescue
from pipeline.index.wanted import Query
from pipeline.ingest.files import expand
from pipeline.ingest.intake import Intake, Progress
from pipeline.ingest.scanner import scan as scan_sheets
from pipeline.ingest.watch import watch as watch_folder
from pipeline.measure.compare import measure
from pipeline.measure.report import report
from pipeline.places.history import Fault
from pipeline.places.lookup import look_up
from pipeline.places.tables import load_places
from pipeline.places.telling import as_data, sentences
from pipeline.quality.profiles import profile_called
from pipeline.quality.sentences import grade_words
from pipeline.settings import Settings, load_settings
from pipeline.store.database import Database
from pipeline.store.links import Verdict
from pipeline.values import Asker, Book, Hit
from pipeline.words import _, translate_click

translate_click()
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Commands(click.Group):
    """The one place that turns an error into a line on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except SohoaError as error:
            err.print(f"sohoa: {error}", markup=False)
            ctx.exit(error.exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sohoa", prog_name="sohoa")
def main() -> None:
    """Run a command of sohoa."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may not speak UTF-8 by itself
            stream.reconfigure(encoding="utf-8")


main.help = _(
    "sohoa: quét, nắn, đọc và tra cứu sổ hộ tịch, sổ địa chính.\n\n"
    "Thường dùng: ingest (nạp bản quét), process (đọc), search (tìm). "
    "Thử ngay với sổ mẫu: sohoa demo."
)

archive_option = click.option(
    "--archive",
    envvar="SOHOA_ARCHIVE",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path(platformdirs.user_data_dir("sohoa", appauthor=False)),
    show_default=_("thư mục dữ liệu của người dùng"),
    help=_("Thư mục của kho (hoặc biến SOHOA_ARCHIVE)."),
)
json_option = click.option("--json", "as_json", is_flag=True, help=_("In kết quả dạng JSON."))


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
    settings = _settings(archive)
    book = _book(**card)
    with closing(desk.open_archive(settings, make=True)) as database, _bar() as progress:
        taken = desk.intake(database, settings, book, paths, progress)
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
    settings = _settings(archive)
    book = _book(**card)
    incoming = settings.archive / "work" / "scanner" / book.accession
    with closing(desk.open_archive(settings, make=True)) as database, _bar() as progress:
        incoming.mkdir(parents=True, exist_ok=True)
        sheets = []
        for sheet in scan_sheets(incoming, device=device, source=source, dpi=dpi, mode=mode):
            sheets.append(sheet)
            progress(_("quét"), len(sheets), 0)
        taken = desk.intake(database, settings, book, [incoming], progress)
        desk.clear_taken(database, incoming)
    _tell_intake(taken, as_json=as_json)


@main.command(help=_("Trông một thư mục: tệp nào đến thì nạp tệp ấy, cho đến khi bấm Ctrl+C."))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--poll", is_flag=True, help=_("Dò định kỳ, cho thư mục trên ổ mạng."))
@click.option("--seconds", type=float, help=_("Dừng sau chừng ấy giây."))
@card_options
@archive_option
def watch(*, folder: Path, poll: bool, seconds: float | None, archive: Path, **card: Any) -> None:
    """Ingest a folder as files arrive."""
    settings = _settings(archive)
    book = _book(**card)
    end = time.monotonic() + seconds if seconds is not None else None
    with closing(desk.open_archive(settings, make=True)) as database:
        err.print(_("đang trông {folder}; bấm Ctrl+C để dừng").format(folder=folder))

        def take(files: Sequence[Path]) -> None:
            _print_intake(desk.intake(database, settings, book, files, lambda *_args: None))

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
@archive_option
@json_option
def process_command(
    *,
    books: Sequence[str],
    executor: str | None,
    workers: int | None,
    retry: bool,
    again: bool,
    archive: Path,
    as_json: bool,
) -> None:
    """Read what has not been read."""
    settings = _settings(archive)
    work = replace(
        settings.work,
        executor=executor or settings.work.executor,
        workers=settings.work.workers if workers is None else workers,
    )
    settings = replace(settings, work=work)
    with closing(desk.open_archive(settings)) as database, _bar() as progress:
        chosen = desk.chosen_books(database, books)
        outcomes = process(database, settings, chosen, progress, retry=retry, again=again)
    if as_json:
        _print_json([asdict(outcome) for outcome in outcomes])
    else:
        _print_outcomes(outcomes)
    _exit_for(next((code for outcome in outcomes for code in outcome.exit_codes), 0))


@main.command(help=_("Đọc tệp mà không lưu vào kho."))
@click.argument("files", nargs=-1, required=True)
@click.option("--form", default="", help=_("Mẫu sổ; bỏ trống để tự nhận ra."))
@click.option("--line", "is_line", is_flag=True, help=_("Mỗi tệp là ảnh của một dòng chữ."))
@click.option("--kind", default="", help=_("Loại nội dung của dòng: name, date, place…"))
@archive_option
@json_option
def read(
    *, files: Sequence[str], form: str, is_line: bool, kind: str, archive: Path, as_json: bool
) -> None:
    """Read files without archiving."""
    settings = _settings(archive)
    desk.check_form(form)
    with _bar() as progress:
        told, codes = (
            read_lines_of(files, kind, settings, progress)
            if is_line
            else read_files(files, form, settings, progress)
        )
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print_reading(told)
    for error in told["errors"]:
        err.print(f"sohoa: {error['message']}", markup=False)
    _exit_for(next(iter(codes), 0))


@main.command(
    help=_(
        "Xem bản quét nào phải quét lại: của các sổ trong kho, hoặc của các tệp chưa nạp; vì sao, "
        "làm gì."
    )
)
@click.argument("targets", nargs=-1)
@click.option("--profile", help=_("Mức chất lượng; bỏ trống: theo cấu hình."))
@click.option("--all", "with_good", is_flag=True, help=_("Kể cả những trang tốt."))
@archive_option
@json_option
def quality(
    *, targets: Sequence[str], profile: str | None, with_good: bool, archive: Path, as_json: bool
) -> None:
    """List the scans that are not good enough."""
    settings = _settings(archive)
    asked = profile_called(profile or settings.quality.profile)
    files = [target for target in targets if Path(target).exists()]
    books = [target for target in targets if target not in files]
    told: dict[str, Any] = {"version": 1, "pages": [], "errors": []}
    codes: list[int] = []
    if files:
        with _bar() as progress:
            named = [str(file) for file in expand(map(Path, files))]
            told, codes = judge_files(named, asked, settings, progress)
    if books or not files:
        with closing(desk.open_archive(settings)) as database:
            told["pages"] += desk.books_quality(database, books, asked)
    if as_json:
        _print_json(told)
    else:
        _print_quality(told["pages"], with_good=with_good)
    for error in told["errors"]:
        err.print(f"sohoa: {error['message']}", markup=False)
    if any(page["quality"]["verdict"] == "rescan" for page in told["pages"]):
        codes.append(ScanError.exit_code)
    _exit_for(next(iter(codes), 0))


@main.command(help=_("Tìm người, thửa đất: tên (có dấu hay không), năm, cha mẹ, số, quyển…"))
@click.argument("query", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, help=_("Số kết quả nhiều nhất."))
@click.option("--purpose", default="", help=_("Tìm để làm gì; ghi vào nhật ký của kho."))
@archive_option
@json_option
def search(*, query: Sequence[str], limit: int, purpose: str, archive: Path, as_json: bool) -> None:
    """Find a person or a parcel."""
    settings = _settings(archive)
    asker = Asker(settings.person, purpose)
    with closing(desk.open_archive(settings)) as database:
        found = desk.search(database, settings, asker, " ".join(query), limit)
        units = [desk.units_of(settings, hit) for hit in found.hits]
    if found.behind:
        err.print(
            _("tìm kiếm còn thiếu {count} thay đổi chưa sang chỉ mục; “sohoa sync” gửi nốt").format(
                count=found.behind
            )
        )
    if as_json:
        _print_json(_found(found, units))
    else:
        _print_readings(found.readings)
        _print_hits(found.hits, units)
        _print_rescue(found.rescue)


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
            desk.write_template(kind, file)
            out.print(_("đã ghi {file}").format(file=file), markup=False)
        return
    settings = _settings(archive)
    choices = Choices(form, place)
    desk.check_form(form)
    told = []
    with closing(desk.open_archive(settings, make=True)) as database, _bar() as progress:
        for file in files:
            done, listed = desk.import_typed(database, settings, file, choices, progress)
            told.append((done, listed))
            if not as_json:
                _print_import(done, listed)
            if done.error:
                err.print(f"sohoa: {done.error}", markup=False)
    if as_json:
        _print_json([_import_summary(done, listed) for done, listed in told])
    _exit_for(next((code for done, _listed in told if (code := done.exit_code)), 0))


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
    settings = _settings(archive)
    with closing(desk.open_archive(settings)) as database, _bar() as progress:
        counts = find_links(database, settings, progress)
    if as_json:
        _print_json(counts)
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
    settings = _settings(archive)
    with closing(desk.open_archive(settings)) as database:
        shown = desk.list_links(
            database, Asker(settings.person), kind, decided=decided, limit=limit
        )
    if as_json:
        _print_json([{**asdict(one.link), "why": reasons(one.link.suggestion)} for one in shown])
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
    settings = _settings(archive)
    with closing(desk.open_archive(settings)) as database:
        desk.decide_link(database, Asker(settings.person), number, verdict, note)
    out.print(_("đã ghi quyết định về gợi ý {number}").format(number=number))


def _print_links(shown: Sequence[desk.ShownLink]) -> None:
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
            name = desk.name_in(found[0], role) if found else _("bản ghi không còn")
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


@main.command("measure", help=_("So kết quả đọc với bản đúng: CER, WER, trường, bản ghi, độ tin."))
@click.argument("truth", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--pred",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("Kết quả của “sohoa read --json”."),
)
@json_option
def measure_command(*, truth: Path, pred: Path, as_json: bool) -> None:
    """Measure a reading against ground truth."""
    result = measure(_load_json(truth), _load_json(pred))
    if as_json:
        _print_json(result)
    else:
        click.echo(report(result))


@main.command(help=_("Tính lại mọi mã băm của kho và liệt kê tất cả những gì sai khác."))
@click.argument("books", nargs=-1)
@archive_option
@json_option
def verify(*, books: Sequence[str], archive: Path, as_json: bool) -> None:
    """Check fixity."""
    settings = _settings(archive)
    with closing(desk.open_archive(settings)) as database:
        found = desk.verify(database, settings, books)
    if as_json:
        _print_json({name: [asdict(one) for one in found[name]] for name in found})
    else:
        for name, differences in found.items():
            for difference in differences:
                out.print(f"{name}: {difference.kind}: {difference.path}", markup=False)
        wrong = sum(map(len, found.values()))
        out.print(
            _("{books} quyển đã kiểm tra; {wrong} sai khác").format(books=len(found), wrong=wrong)
        )
    _exit_for(4 if any(found.values()) else 0)


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
    settings = _settings(archive)
    index = replace(settings.index, backend=backend or settings.index.backend)
    settings = replace(settings, index=index)
    with closing(desk.open_archive(settings)) as database:
        count = reindex(database, settings)
    if as_json:
        _print_json({"documents": count})
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
    settings = _settings(archive)
    with closing(desk.open_archive(settings)) as database:
        count = desk.sync(database, settings)
    if as_json:
        _print_json({"sent": count})
    else:
        out.print(_("chỉ mục đã nhận {count} thay đổi").format(count=count))


@main.command(
    help=_(
        "Luyện thêm bộ đọc trên các dòng đã duyệt của chính cơ quan; mô hình mới chỉ được dùng "
        "khi tốt hơn. Chạy lại được."
    )
)
@click.argument("books", nargs=-1)
@click.option(
    "--lines",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=_("Thêm các dòng của một thư mục: ảnh và lines.jsonl."),
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=50.0,
    show_default=True,
    help=_("Luyện không quá chừng ấy phút."),
)
@archive_option
@json_option
def train(
    *, books: Sequence[str], folder: Path | None, minutes: float, archive: Path, as_json: bool
) -> None:
    """Tune the reader."""
    settings = _settings(archive)
    opened = desk.open_archive(settings, make=folder is not None)
    with closing(opened) as database, _bar() as progress:
        lessons = desk.lessons(database, settings, books, folder, progress)
        for note in lessons.notes:
            err.print(f"sohoa: {note}", markup=False)
        training = train_reader(settings, lessons.lines, minutes, progress)
    if as_json:
        _print_json(asdict(training))
    else:
        _print_training(training)
    _exit_for(0 if training.model else 1)


@main.command(
    "model",
    help=_("Liệt kê các mô hình đọc chữ; “sohoa model use TÊN” đổi mô hình đang dùng."),
)
@click.argument("action", type=click.Choice(["list", "use"]), default="list")
@click.argument("name", default="")
@archive_option
@json_option
def model_command(*, action: str, name: str, archive: Path, as_json: bool) -> None:
    """List the models, or switch."""
    if (action == "use") != bool(name):
        raise UsageError(_("viết “sohoa model” hoặc “sohoa model use TÊN”"))
    settings = _settings(archive)
    if action == "use":
        with closing(desk.open_archive(settings)):
            desk.switch_model(settings, name)
        settings = _settings(archive)
        err.print(_("trang đã đọc thì giữ nguyên; “sohoa process --again” đọc lại"))
    known = desk.models(settings)
    if as_json:
        _print_json([asdict(model) for model in known])
    else:
        _print_models(known)


@main.group("form")
def form_group() -> None:
    """List the forms, and try a new one."""


form_group.help = _("Các mẫu sổ: liệt kê, và thử một mẫu đang viết trên vài trang.")


@form_group.command("list", help=_("Liệt kê các mẫu sổ."))
@json_option
def list_forms(*, as_json: bool) -> None:
    """List the forms."""
    known = forms().values()
    if as_json:
        _print_json(
            [
                {"form": one.id, "title": one.title, "title_en": one.title_en, "book": one.book,
                 "layout": one.layout, "keys": [field.key for field in one.fields if field.printed]}
                for one in known
            ]
        )  # fmt: skip
        return
    table = Table(_("mẫu"), _("tên"), _("sổ"), _("dạng"))
    for one in known:
        table.add_row(one.id, one.title, one.book, one.layout)
    out.print(table)


@form_group.command(
    "check",
    help=_(
        "Kiểm tra tệp mẫu đang viết (JSON) và thử trên các trang: thấy nhãn nào, trường nào, thiếu "
        "gì; vẽ ra ảnh."
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("pages", nargs=-1)
@click.option("--form", default="", help=_("Mẫu nào trong tệp; bỏ trống: mẫu mới duy nhất."))
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("form-check"),
    show_default=True,
    help=_("Thư mục để ảnh vẽ."),
)
@archive_option
@json_option
def check_written(
    *, file: Path, pages: Sequence[str], form: str, folder: Path, archive: Path, as_json: bool
) -> None:
    """Try a form on pages."""
    written = desk.written_form(file, form)
    with _bar() as progress:
        told, codes = try_on(written, pages, folder, _settings(archive), progress)
    if as_json:
        _print_json(told)
    else:
        out.print(
            _("{file}: mẫu {form} đúng khuôn, {labels} nhãn, {keys} trường in trên trang").format(
                file=file,
                form=written.id,
                labels=len(written.labels) + len(written.above),
                keys=sum(field.printed for field in written.fields),
            ),
            markup=False,
        )
        _print_trial(told["pages"], written.id)
    for error in told["errors"]:
        err.print(f"sohoa: {error['message']}", markup=False)
    _exit_for(next(iter(codes), 0))


def _print_trial(pages: Sequence[dict[str, Any]], form: str) -> None:
    for page in pages:
        out.print()
        out.print(_("{file}, trang {page}").format(**page), markup=False)
        seen = page["seen_as"] or "—"
        told = (
            _("   tự nhận ra đúng mẫu này ({sure:.0%})")
            if seen == form
            else _("   tự nhận ra là mẫu {seen} ({sure:.0%}), không phải mẫu này")
        )
        out.print(told.format(seen=seen, sure=page["seen_as_confidence"]), markup=False)
        labels = Table(_("nhãn"), _("khóa"), _("đọc được"), _("giống"), title=_("nhãn đã thấy"))
        for one in page["labels"]:
            similar = f"{one['similarity']:.0%}" if one["similarity"] else _("theo chỗ")
            labels.add_row(one["label"], ", ".join(one["keys"]), one["read"], similar)
        out.print(labels)
        for one in page["labels_missing"]:
            sentence = _("   không thấy nhãn “{label}”").format(label=one["label"])
            if one["optional"]:
                sentence += _(" (nhãn này có bản in không có)")
            out.print(sentence, markup=False)
        for record in page["records"]:
            _print_record(record)
        if page["keys_missing"]:
            out.print(
                _("   không có giá trị: {keys}").format(keys=", ".join(page["keys_missing"])),
                markup=False,
            )
        for picture in page["pictures"]:
            out.print(_("   ảnh: {picture}").format(picture=picture), markup=False)


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
        _print_json(as_data(places, answer))
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
    settings = _settings(archive)
    with closing(desk.open_archive(settings, make=True)):
        done = desk.add_places(settings, file)
    if as_json:
        _print_json(
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
    _exit_for(2 if done.faults else 0)


@places_group.command("template", help=_("Ghi một tệp CSV trống có ví dụ, để điền bằng Excel."))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def places_template(*, file: Path) -> None:
    """Write the form."""
    desk.write_places_template(file)
    out.print(_("đã ghi {file}").format(file=file), markup=False)


def _fault(fault: Fault) -> str:
    where = [_("hàng {row}").format(row=fault.row)] if fault.row else []
    where += [_("cột “{column}”").format(column=fault.column)] if fault.column else []
    return ": ".join([", ".join(where), fault.reason] if where else [fault.reason])


@main.command(help=_("Xem máy này có đủ những gì sohoa cần, thiếu gì, mất gì, sửa thế nào."))
@archive_option
@json_option
def doctor(*, archive: Path, as_json: bool) -> None:
    """Look at the machine."""
    checks = desk.doctor(_settings(archive))
    if as_json:
        _print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            if check.found:
                out.print(f"✓ {check.name}: {check.found}", markup=False)
            else:
                out.print(f"✗ {check.name}: {check.lost}; {check.remedy}", markup=False)
    _exit_for(6 if any(check.required and not check.found for check in checks) else 0)


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
    settings = _settings(desk.fresh_demo(folder))
    with closing(desk.open_archive(settings, make=True)) as database:
        with _bar() as progress:
            for sample in desk.samples():
                desk.intake(database, settings, sample.book, sample.scans, progress)
            outcomes = process(database, settings, desk.chosen_books(database, ()), progress)
        _print_outcomes(outcomes)
        asker = Asker(settings.person)
        hits = desk.search(database, settings, asker, query, 5).hits
        out.print()
        out.print(_("Tìm “{query}”:").format(query=query), markup=False)
        _print_hits(hits, [desk.units_of(settings, hit) for hit in hits])
        if not hits:
            _exit_for(1)
        _print_places(database, settings, asker, hits[0])


def _print_places(database: Database, settings: Settings, asker: Asker, hit: Hit) -> None:
    package = package_of(settings.archive, hit.book.accession)
    out.print()
    for title, place in (
        (_("Sổ dạng PDF/A"), package / "data" / "book.pdf"),
        (_("Các bản ghi"), package / "data" / "records.jsonl"),
        (_("Ảnh dòng tìm thấy"), desk.row_picture(database, settings, asker, hit)),
    ):
        out.print(f"{title}: {place}", markup=False)
    out.print(
        _("Tìm tiếp: scripts/sohoa search --archive {archive} …").format(archive=settings.archive),
        markup=False,
    )


def _settings(archive: Path) -> Settings:
    return load_settings(archive, getpass.getuser())


def _book(
    form: str,
    place: str,
    years: str,
    volume: str,
    pages: int | None,
    entries: int | None,
    shelf: str,
) -> Book:
    return desk.book_card(
        form, place, _years(years), volume, pages=pages, entries=entries, shelf=shelf
    )


def _years(text: str) -> tuple[int, int]:
    first, _dash, last = text.partition("-")
    try:
        years = (int(first), int(last or first))
    except ValueError:
        years = (0, 0)
    if not 1800 <= years[0] <= years[1] <= 2200:
        raise UsageError(_("năm “{text}” không hợp lệ; viết 1987 hoặc 1987-1989").format(text=text))
    return years


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show progress on stderr, one bar for each kind of work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bars: dict[str, Any] = {}
    with ExitStack() as stack:
        shown = stack.enter_context(
            Bars(*columns, TimeRemainingColumn(), console=err, disable=not err.is_terminal)
        )

        def step(what: str, done: int, of: int) -> None:
            if what not in bars:
                bars[what] = shown.add_task(what, total=of or None)
            shown.update(bars[what], completed=done, total=of or None)

        yield step


def _tell_intake(taken: Intake, *, as_json: bool) -> None:
    if as_json:
        _print_json(desk.intake_summary(taken))
    else:
        _print_intake(taken)
    _exit_for(next((error.exit_code for _file, error in taken.refused), 0))


def _print_intake(taken: Intake) -> None:
    for sentence in desk.intake_sentences(taken):
        out.print(sentence, markup=False)
    for _file, error in taken.refused:
        err.print(f"sohoa: {error}", markup=False)


def _print_outcomes(outcomes: Sequence[BookOutcome]) -> None:
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


def _print_training(training: Training) -> None:
    table = Table(
        "", _("dòng"), _("CER trước"), _("CER sau"), title=_("luyện từ {base}").format(
            base=training.base
        )
    )  # fmt: skip
    rows = [
        (_("dòng giữ lại, không dùng để luyện"), str(training.held), "held"),
        (_("bộ chung"), "", "general"),
    ]
    for title, count, key in rows:
        before, after = getattr(training.before, key), getattr(training.after, key)
        table.add_row(title, count, f"{before:.2%}", f"{after:.2%}")
    out.print(table)
    out.print(
        _("luyện trên {count} dòng, {minutes:.0f} phút").format(
            count=training.learnt, minutes=training.minutes
        )
    )
    if training.model:
        told = _("mô hình mới {model} tốt hơn và đang được dùng; quay lại: sohoa model use {base}")
    else:
        told = _("mô hình mới không tốt hơn nên không được giữ; vẫn dùng {base}")
    out.print(told.format(model=training.model, base=training.base), markup=False)


def _print_models(models: Sequence[desk.KnownModel]) -> None:
    table = Table(_("mô hình"), _("đang dùng"), _("từ"), _("ngày"), _("số dòng"), _("CER"))
    for model in models:
        row = [model.name, "✓" if model.in_use else ""]
        if model.tuned:
            before, after = model.tuned.held_cer
            row += [model.tuned.base, model.tuned.date[:10], str(model.tuned.learnt)]
            row.append(f"{before:.1%} → {after:.1%}")
        table.add_row(*row)
    out.print(table)


def _print_readings(readings: Sequence[Query]) -> None:
    """Say how the query was read; what was meant otherwise can be typed otherwise."""
    for place, query in enumerate(readings):
        lead = _("hoặc") if place else _("hiểu là")
        told = "; ".join(f"{desk.chip_label(chip)}: {chip.text}" for chip in query.chips)
        err.print(f"{lead}: {told or '—'}", markup=False)


def _print_hits(hits: Sequence[Hit], units: Sequence[desk.Units]) -> None:
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


def _print_hit(place: int, hit: Hit, units: desk.Units) -> None:
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


def _print_rescue(rescue: Rescue | None) -> None:
    """Say where to look on."""
    if rescue is None:
        return
    if rescue.near:
        out.print(_("Cùng tên hay gần giống, năm khác:"))
    for hit in rescue.near:
        name = desk.principal(hit.record)
        sentence = _("   {name} — {book}, trang {page}, dòng {row}")
        out.print(
            sentence.format(
                name=name.value if name else "—",
                book=_book_words(hit.book),
                page=hit.record.page,
                row=hit.record.row,
            ),
            markup=False,
        )
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
            rows = "; ".join(
                _("trang {page} dòng {row}").format(page=row.page, row=row.row)
                for row in shelf.rows
            )
            told.append(_("chưa duyệt: {rows}").format(rows=rows))
        out.print(f"   {_book_words(shelf.book)} — {'; '.join(told)}", markup=False)


def _found(found: desk.Found, units: Sequence[desk.Units]) -> dict[str, Any]:
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
            "near": [_hit(hit, desk.Units((), ())) for hit in rescue.near],
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


def _hit(hit: Hit, units: desk.Units) -> dict[str, Any]:
    record = hit.record
    name = desk.principal(record)
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


def _print_reading(told: dict[str, Any]) -> None:
    for page in told["pages"]:
        side = {"left": _("trái"), "right": _("phải")}.get(page["side"], "")
        out.print(
            _("{file}, trang {page} {side}: mẫu {form} ({sure:.0%}), {lines} dòng").format(
                file=page["file"],
                page=page["page"],
                side=side,
                form=page["form"] or "—",
                sure=page["form_confidence"],
                lines=len(page["lines"]),
            ),
            markup=False,
        )
        for record in page["records"]:
            _print_record(record)
        if not page["records"]:
            for line in page["lines"]:
                out.print(f"  {line['text']}", markup=False)


def _print_record(record: dict[str, Any]) -> None:
    table = Table("", _("viết"), _("hiểu là"), _("độ tin"), title=str(record["row"]))
    for key, field in record["fields"].items():
        table.add_row(key, field["raw"], field["value"], f"{field['confidence']:.0%}")
    out.print(table)


def _print_quality(pages: Sequence[dict[str, Any]], *, with_good: bool) -> None:
    for page in pages:
        quality = page["quality"]
        if quality["verdict"] == "good" and not with_good:
            continue
        where = (
            _("{book}, trang {number} ({file})").format(**page)
            if "book" in page
            else _("{file}, trang {page}").format(**page)
        )
        out.print(f"{where}: {grade_words(quality['verdict'])}", markup=False)
        for reason in quality["reasons"]:
            out.print(f"   {reason['sentence']}", markup=False)
    grades = Counter(page["quality"]["verdict"] for page in pages)
    out.print(
        _("{count} trang: {good} tốt, {look} xem lại, {rescan} quét lại").format(
            count=len(pages), good=grades["good"], look=grades["look"], rescan=grades["rescan"]
        )
    )


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def _load_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(
            _("{file} không phải JSON ({reason})").format(file=file, reason=error)
        ) from error


def _exit_for(code: int) -> None:
    if code:
        click.get_current_context().exit(code)
