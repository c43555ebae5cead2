"""Reading files without an archive: what cannot be read does not keep back the others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import ReadingError
from pipeline.flow import loose
from pipeline.settings import Settings, WorkSettings
from pipeline.values import Line, PageImage


def nothing(*_args: object) -> None:
    """Show no progress."""


@pytest.mark.parametrize(
    "error", [ReadingError("không đọc được"), RuntimeError("the network failed")], ids=repr
)
def test_a_line_that_breaks_its_engine_is_told_and_the_others_are_read(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for number, grey in enumerate((255, 0, 255)):
        files.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(np.full((40, 200), grey, np.uint8)).save(files[-1], dpi=(200, 200))

    def read_crop(image: PageImage, *_args: object) -> Line:
        if image.pixels.max() == 0:
            raise error
        return replace(Line(((0, 0), (1, 0), (1, 1))), text="Bưởi", engine="ctc_onnx")

    monkeypatch.setattr(loose, "read_crop", read_crop)
    settings = Settings(tmp_path, work=WorkSettings(executor="serial"))
    told, codes = loose.read_lines_of(files, "", settings, nothing)
    assert [page["file"] for page in told["pages"]] == [files[0], files[2]]
    assert [(one["file"], one["error"]) for one in told["errors"]] == [(files[1], "ReadingError")]
    assert str(error) in told["errors"][0]["message"]
    assert codes == [ReadingError.exit_code]
