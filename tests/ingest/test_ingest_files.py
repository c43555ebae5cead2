"""Which files a folder gives, and that a child cannot outlive or outgrow its limits."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UnreadableFileError
from pipeline.ingest import files
from pipeline.ingest.files import expand, open_frame
from pipeline.settings import IngestSettings


def test_a_folder_gives_its_files_as_people_count(tmp_path: Path) -> None:
    for name in ("10.jpg", "2.jpg", "1.jpg", "b/3.jpg", "b/20.jpg", "Trang 2.png", "Trang 11.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in expand([tmp_path])]
    assert found == [
        "1.jpg",
        "2.jpg",
        "10.jpg",
        "b/3.jpg",
        "b/20.jpg",
        "Trang 2.png",
        "Trang 11.png",
    ]


def test_links_hidden_and_half_written_files_are_passed_over(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").touch()
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (".hidden.jpg", "a.part", "b.PART", "Thumbs.db", "desktop.ini", "good.jpg"):
        (folder / name).touch()
    (folder / "link.jpg").symlink_to(outside / "secret.jpg")
    (folder / "linked").symlink_to(outside)
    assert [path.name for path in expand([folder])] == ["good.jpg"]


def test_files_keep_the_order_in_which_they_were_named_each_once(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("b.jpg", "a.jpg", "b.jpg", "missing.jpg")]
    assert [path.name for path in expand(names)] == ["b.jpg", "a.jpg", "missing.jpg"]


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), max_size=8))
def test_any_names_can_be_put_in_order(names: list[str]) -> None:
    sorted(names, key=files._natural)


def test_no_numpy_is_loaded_to_decode_a_page() -> None:
    """A child is started for each page: numpy and OpenCV would be most of its time."""
    code = (
        "import sys, pipeline.ingest.decode, pipeline.ingest.pictures;"
        "print(*sorted({'numpy', 'cv2', 'pikepdf', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == ""


def test_a_child_that_says_nothing_is_ended_by_the_clock(tmp_path: Path) -> None:
    class Silent:
        def line(self, timeout_s: float) -> str | None:
            raise TimeoutError(timeout_s)

    answer = files._answer(Silent(), "a.pdf", IngestSettings())  # type: ignore[arg-type]
    assert re.search("60 giây", str(answer))


def test_the_error_carries_the_name_that_the_office_knows(tmp_path: Path) -> None:
    file = tmp_path / "0001.jpg"
    file.write_bytes(b"\xff\xd8\xff\xe0 broken")
    with pytest.raises(UnreadableFileError) as caught:
        open_frame(file, 1, "IMG_2041.JPG", IngestSettings())
    assert caught.value.file == "IMG_2041.JPG"
