"""The docs and the program say the same."""

import dataclasses
import json
import re
from pathlib import Path

import click
import pytest

from pipeline import errors
from pipeline.cli.entry import main
from pipeline.extract.form import load_forms
from pipeline.settings import (
    ElasticsearchSettings,
    IndexSettings,
    IngestSettings,
    OcrSettings,
    QualitySettings,
    ScanningSettings,
    WebSettings,
    WorkSettings,
    shipped,
)

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "huong-dan.md").read_text(encoding="utf-8")
SECTIONS = {
    match.group(1): match.group(2)
    for match in re.finditer(r"^### `sohoa (\w+).*?`$(.*?)(?=^##|\Z)", GUIDE, re.M | re.S)
}
COMMON = {"--archive", "--json", "--help"}


def test_every_command_has_its_section_and_no_section_lacks_its_command() -> None:
    assert set(SECTIONS) == set(main.commands)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_option_is_explained(name: str) -> None:
    command = main.commands[name]
    parts = command.commands if isinstance(command, click.Group) else {}
    for part in parts:
        assert f"sohoa {name} {part}" in SECTIONS[name]
    for told in (command, *parts.values()):
        assert told.help
        for parameter in told.params:
            if isinstance(parameter, click.Option) and not COMMON & set(parameter.opts):
                assert parameter.help, parameter.name
                assert parameter.opts[0] in SECTIONS[name], f"{name} {parameter.opts[0]}"


@pytest.mark.parametrize(
    "settings",
    [
        IngestSettings(),
        QualitySettings(),
        OcrSettings(),
        IndexSettings(),
        ElasticsearchSettings(),
        ScanningSettings(),
        WorkSettings(),
        WebSettings(),
    ],
)
def test_every_setting_is_in_the_table_with_its_default(settings: object) -> None:
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if dataclasses.is_dataclass(getattr(settings, field.name)):
            continue  # a table of its own
        row = re.search(rf"^\|[^|]*\| `{field.name}` \| `?([^|`]+)`? \|", GUIDE, re.M)
        assert row, field.name
        default = getattr(settings, field.name)
        read = json.loads if isinstance(default, tuple | bool) else str
        assert type(default)(read(row.group(1).strip())) == default, field.name


def test_every_form_is_in_the_guide() -> None:
    listed = re.search(r"^## Các mẫu sổ$(.*?)^## ", GUIDE, re.M | re.S)
    assert listed
    rows = re.findall(r"^\| `(\w+)` \|", listed.group(1), re.M)
    assert sorted(rows) == sorted(load_forms(shipped("schemas")))


def test_the_exit_codes_are_those_of_the_errors() -> None:
    table = dict(re.findall(r"^\| (\d+) \| (\w+) \|", GUIDE, re.M))
    branches = [errors.SohoaError, *errors.SohoaError.__subclasses__()]
    assert table == {str(branch.exit_code): branch.__name__ for branch in branches}


def test_every_error_stands_in_the_tree_of_the_docstring() -> None:
    tree = errors.__doc__ or ""
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.SohoaError):
            assert name in tree


@pytest.mark.parametrize(
    "file",
    ["README.md", "docs/architecture.md", "docs/huong-dan.md", "docs/elasticsearch/README.md"],
)
def test_links_and_named_files_exist(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert ((ROOT / file).parent / target).exists(), target
