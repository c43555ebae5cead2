"""One real Elasticsearch for all tests that ask for one; started by the first of them.

It stops when the test run ends, however it ends. To keep one for many runs:

    .venv/bin/python scripts/elasticsearch_test_server.py start --secure --short > server.json
    SOHOA_TEST_ELASTICSEARCH=server.json .venv/bin/pytest tests/index
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from functools import cache
from pathlib import Path

import portalocker
import pytest

from pipeline.settings import ElasticsearchSettings

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from elasticsearch_test_server import START_S, CannotRunError, Server, start

# Of a test run: the workers of pytest-xdist are children of the process that it is.
_RUN = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
_NOTES = Path(tempfile.gettempdir()) / f"sohoa-tests-{_RUN}"


def running() -> Server:
    """Return the server of this test run; without one the test says loudly that it was not run."""
    found = _running()
    if isinstance(found, str):
        pytest.skip(f"NOT RUN: no Elasticsearch: {found}")
    return found


@cache
def _running() -> Server | str:
    """Return the server, or why there is none."""
    _NOTES.mkdir(exist_ok=True)
    kept = os.environ.get("SOHOA_TEST_ELASTICSEARCH")
    note = Path(kept) if kept else _NOTES / "elasticsearch.json"
    with portalocker.Lock(_NOTES / "lock", "a", timeout=2 * START_S):
        try:
            if not note.exists():
                note.write_text(json.dumps(asdict(started(secure=True)), default=str))
        except CannotRunError as error:
            if os.environ.get("CI"):
                raise
            return str(error)
    os.environ["SOHOA_TEST_ELASTICSEARCH"] = str(note)  # processes that a test starts ask the same
    return Server(**json.loads(note.read_text()))


def started(*, nodes: int = 1, secure: bool = False) -> Server:
    """Start a server that stops with the test run."""
    return start(nodes=nodes, secure=secure, short=True, lives_with=_RUN)


def forget() -> None:
    """Remove what the processes of this test run noted for each other."""
    shutil.rmtree(_NOTES, ignore_errors=True)


@cache
def api_key() -> str:
    """Return a key that may do what docs/elasticsearch/key.json says that it must."""
    rights = json.loads(
        (Path(__file__).parent.parent / "docs" / "elasticsearch" / "key.json").read_text()
    )
    rights["role_descriptors"]["sohoa"]["indices"][0]["names"] = ["t*-records*"]
    return str(running().call("POST", "/_security/api_key", rights)["encoded"])


def settings_for(prefix: str) -> ElasticsearchSettings:
    """Return settings of the running server; each test has a prefix of its own."""
    server = running()
    return ElasticsearchSettings(
        hosts=tuple(server.hosts), prefix=prefix, ca_file=server.ca_file, api_key=api_key()
    )
