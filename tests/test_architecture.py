"""Imports run one way, down: see docs/architecture.md."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "pipeline"
STOREYS = [
    ["__main__"],
    ["cli"],
    ["web"],
    ["desk"],
    ["flow"],
    [
        "ingest",
        "clean",
        "layout",
        "ocr",
        "extract",
        "places",
        "archive",
        "index",
        "answer",
        "measure",
        "tuning",
        "review",
    ],
    ["store", "executors", "programs", "quality"],
    ["settings", "plugs"],
    ["values", "errors", "rights", "letters", "words", "connected"],
]
LEVEL = {name: level for level, names in enumerate(STOREYS) for name in names}
FILES = sorted(ROOT.rglob("*.py"))


def imported(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            assert node.module
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("pipeline.")}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_imports_only_from_below(file: Path) -> None:
    place = file.relative_to(ROOT).parts[0].removesuffix(".py")
    if place == "__init__":
        assert not imported(file)
        return
    for name in imported(file):
        target = name.split(".")[1]
        if target == place:
            continue
        # On the two lowest storeys the small nouns may know each other.
        if LEVEL[place] >= LEVEL["settings"]:
            assert LEVEL[target] >= LEVEL[place], f"{file} imports {name}, which is above it"
        else:
            assert LEVEL[target] > LEVEL[place], f"{file} imports {name}, not below it"
