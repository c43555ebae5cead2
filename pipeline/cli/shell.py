"""What commands share: the group, options, the console; how an error becomes an exit code."""

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import platformdirs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from pipeline.errors import SohoaError, UsageError
from pipeline.ingest.intake import Progress
from pipeline.settings import Settings, load_settings
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


def settings_for(archive: Path) -> Settings:
    """Return the settings of an archive, with who asks."""
    return load_settings(archive, getpass.getuser())


@contextmanager
def bar() -> Iterator[Progress]:
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


def print_json(value: object) -> None:
    """Print an answer for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def load_json(file: Path) -> Any:
    """Return what a JSON file holds; a sentence where it holds none."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UsageError(
            _("{file} không phải JSON ({reason})").format(file=file, reason=error)
        ) from error


def exit_for(code: int) -> None:
    """End the command with this code, if it is not 0."""
    if code:
        click.get_current_context().exit(code)
