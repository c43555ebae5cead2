"""Commands on readers: tune one on the office's own lines, choose one."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

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
from pipeline.desk.models import KnownModel, gather_lessons, known_models, switch_model
from pipeline.errors import UsageError
from pipeline.flow.train import Training
from pipeline.flow.train import train as train_reader
from pipeline.words import _


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
    settings = settings_for(archive)
    opened = open_archive(settings, make=folder is not None)
    with closing(opened) as database, bar() as progress:
        lessons = gather_lessons(database, settings, books, folder, progress)
        for note in lessons.notes:
            err.print(f"sohoa: {note}", markup=False)
        training = train_reader(settings, lessons.lines, minutes, progress)
    if as_json:
        print_json(asdict(training))
    else:
        _print_training(training)
    exit_for(0 if training.model else 1)


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
    settings = settings_for(archive)
    if action == "use":
        with closing(open_archive(settings)):
            switch_model(settings, name)
        settings = settings_for(archive)
        err.print(_("trang đã đọc thì giữ nguyên; “sohoa process --again” đọc lại"))
    known = known_models(settings)
    if as_json:
        print_json([asdict(model) for model in known])
    else:
        _print_models(known)


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


def _print_models(models: Sequence[KnownModel]) -> None:
    table = Table(_("mô hình"), _("đang dùng"), _("từ"), _("ngày"), _("số dòng"), _("CER"))
    for model in models:
        row = [model.name, "✓" if model.in_use else ""]
        if model.tuned:
            before, after = model.tuned.held_cer
            row += [model.tuned.base, model.tuned.date[:10], str(model.tuned.learnt)]
            row.append(f"{before:.1%} → {after:.1%}")
        table.add_row(*row)
    out.print(table)
