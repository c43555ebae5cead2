"""A watched folder: whole files, each once, and nothing that arrives stops it."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import StorageError, UsageError
from pipeline.ingest import watch as watch_file
from pipeline.ingest.watch import watch

SETTLE_S = 0.4
PATIENCE_S = 30.0


class Watcher:
    """A watch that runs in a thread, and what it has handed over."""

    def __init__(self, folder: Path, *, poll: bool = False, fail_first: bool = False) -> None:
        self.batches: list[list[str]] = []
        self._fail, self._over = fail_first, threading.Event()
        self._thread = threading.Thread(
            target=watch,
            args=(folder, self._on_files),
            kwargs={"stop": self._over.is_set, "poll": poll, "settle_s": SETTLE_S},
        )

    def _on_files(self, files: list[Path]) -> None:
        self.batches.append([file.name for file in files])
        if self._fail:
            self._fail = False
            raise StorageError("đĩa đầy")

    def names(self) -> list[str]:
        return [name for batch in self.batches for name in batch]

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.parametrize("poll", [False, True], ids=["events", "polling"])
def test_files_that_stand_there_and_files_that_come_are_handed_over_once(
    tmp_path: Path, *, poll: bool
) -> None:
    (tmp_path / "before.jpg").write_bytes(b"1")
    with Watcher(tmp_path, poll=poll) as watcher:
        until(lambda: watcher.names() == ["before.jpg"])
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "after.jpg").write_bytes(b"2")
        until(lambda: watcher.names() == ["before.jpg", "after.jpg"])
        time.sleep(3 * SETTLE_S)
        assert watcher.names() == ["before.jpg", "after.jpg"]


def test_a_file_is_not_whole_while_it_grows_or_is_open(tmp_path: Path) -> None:
    with Watcher(tmp_path) as watcher:
        with (tmp_path / "slow.jpg").open("wb") as stream:
            for _step in range(4):
                stream.write(b"x" * 1000)
                stream.flush()
                time.sleep(SETTLE_S / 2)
            time.sleep(3 * SETTLE_S)  # still open: the scanner thinks
            assert watcher.names() == []
            stream.write(b"the end")
        until(lambda: watcher.names() == ["slow.jpg"])


def test_links_hidden_and_half_files_are_passed_over(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"s")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.jpg").symlink_to(secret)
    (folder / ".hidden.jpg").write_bytes(b"h")
    (folder / "half.jpg.part").write_bytes(b"p")
    with Watcher(folder) as watcher:
        (folder / "good.jpg").write_bytes(b"g")
        until(lambda: watcher.names() == ["good.jpg"])


def test_an_error_is_survived_and_the_files_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_file, "RETRY_S", 0.2)
    (tmp_path / "a.jpg").write_bytes(b"a")
    with Watcher(tmp_path, fail_first=True) as watcher:
        until(lambda: watcher.names() == ["a.jpg", "a.jpg"])
        (tmp_path / "b.jpg").write_bytes(b"b")
        until(lambda: watcher.names() == ["a.jpg", "a.jpg", "b.jpg"])


def test_a_file_that_changes_is_handed_over_again(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    with Watcher(tmp_path) as watcher:
        until(lambda: watcher.names() == ["a.jpg"])
        (tmp_path / "a.jpg").write_bytes(b"a better scan")
        until(lambda: watcher.names() == ["a.jpg", "a.jpg"])


def test_results_may_not_lie_in_the_watched_folder(tmp_path: Path) -> None:
    def nothing(_files: list[Path]) -> None:
        raise AssertionError

    for output in (tmp_path, tmp_path / "archive"):
        with pytest.raises(UsageError, match="rời nhau"):
            watch(tmp_path, nothing, stop=lambda: True, output=output)
    with pytest.raises(UsageError, match="không có thư mục"):
        watch(tmp_path / "none", nothing, stop=lambda: True)
