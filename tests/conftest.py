"""What all tests share: where the corpus is, and a loud word when it is not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.elasticsearch_server import forget

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SOHOA_SHARED", ROOT.parent / "shared"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # The contract of the search index runs over all back ends.
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        if "elasticsearch" in (parameters.get("backend"), parameters.get("opened")):
            item.add_marker("elasticsearch")
    if (SHARED / "corpus").is_dir():
        return
    for item in items:
        if item.get_closest_marker("corpus"):
            item.add_marker(pytest.mark.skip(reason=f"NOT RUN: no corpus at {SHARED}"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # not in a worker: others may still go on
        forget()


@pytest.fixture
def corpus() -> Iterator[Path]:
    """The folder of real files; tests that use it carry the mark `corpus`."""
    yield SHARED / "corpus"
