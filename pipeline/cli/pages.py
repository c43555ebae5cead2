"""Commands on pages and forms without an archive: read, judge, measure, try a form."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from pipeline.cli.shell import (
    archive_option,
    bar,
    err,
    exit_for,
    json_option,
    load_json,
    main,
    out,
    print_json,
    settings_for,
)
from pipeline.desk.archive import open_archive
from pipeline.desk.books import books_quality, check_form, written_form
from pipeline.errors import ScanError
from pipeline.flow.judging import judge_files
from pipeline.flow.loose import read_files, read_lines_of
from pipeline.flow.page import forms
from pipeline.flow.trial import try_on
from pipeline.ingest.files import expand
from pipeline.measure.compare import measure
from pipeline.measure.report import report
from pipeline.quality.profiles import profile_called
from pipeline.quality.sentences import grade_words
from pipeline.words import _


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
    settings = settings_for(archive)
    check_form(form)
    with bar() as progress:
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
    exit_for(next(iter(codes), 0))


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
    settings = settings_for(archive)
    asked = profile_called(profile or settings.quality.profile)
    files = [target for target in targets if Path(target).exists()]
    books = [target for target in targets if target not in files]
    told: dict[str, Any] = {"version": 1, "pages": [], "errors": []}
    codes: list[int] = []
    if files:
        with bar() as progress:
            named = [str(file) for file in expand(map(Path, files))]
            told, codes = judge_files(named, asked, settings, progress)
    if books or not files:
        with closing(open_archive(settings)) as database:
            told["pages"] += books_quality(database, books, asked)
    if as_json:
        print_json(told)
    else:
        _print_quality(told["pages"], with_good=with_good)
    for error in told["errors"]:
        err.print(f"sohoa: {error['message']}", markup=False)
    if any(page["quality"]["verdict"] == "rescan" for page in told["pages"]):
        codes.append(ScanError.exit_code)
    exit_for(next(iter(codes), 0))


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
    result = measure(load_json(truth), load_json(pred))
    if as_json:
        print_json(result)
    else:
        click.echo(report(result))


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
        print_json(
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
    written = written_form(file, form)
    with bar() as progress:
        told, codes = try_on(written, pages, folder, settings_for(archive), progress)
    if as_json:
        print_json(told)
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
    exit_for(next(iter(codes), 0))


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
