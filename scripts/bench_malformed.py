"""Survey every malformed file of the corpus; print what became of each, and what it cost.

python scripts/bench_malformed.py [FOLDER]
"""

import logging
import resource
import sys
import time
from pathlib import Path

from pipeline.errors import SohoaError
from pipeline.ingest.files import expand, survey
from pipeline.settings import IngestSettings

FOLDER = Path(__file__).parent.parent.parent / "shared" / "corpus" / "malformed"


class Crashes(logging.Handler):
    """Counts the decoders that died of something nobody foresaw: `files.py` warns of each."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count and show it."""
        self.count += 1
        print(f"CRASH {record.getMessage()}")


def main() -> None:
    crashes = Crashes(logging.WARNING)
    logging.getLogger("sohoa.ingest").addHandler(crashes)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    files = expand([folder])
    read = refused = pages = 0
    started = time.perf_counter()
    for file, outcome in zip(files, survey(files, IngestSettings()), strict=True):
        now = time.perf_counter()
        if isinstance(outcome, SohoaError):
            refused += 1
            told = f"{type(outcome).__name__}: {str(outcome).replace(str(file), file.name)}"
        else:
            read += 1
            pages += len(outcome.frames)
            told = f"{len(outcome.frames)} pages " + "; ".join(
                f"{frame.width_px}x{frame.height_px} {frame.dpi:.0f} dpi "
                f"blur {frame.quality.blur:.1f} {'blank' if frame.quality.is_blank else ''}".strip()
                for frame in outcome.frames[:2]
            )
            told += f" [{', '.join(outcome.notes)}]" if outcome.notes else ""
        print(f"{now - started:6.2f} s  {file.name:75} {told}")
        started = now
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{len(files)} files: {read} read ({pages} pages), {refused} refused; "
        f"decoders crashed: {crashes.count}; parent crashed: 0, or this line would not stand here; "
        f"children {used.ru_utime + used.ru_stime:.1f} CPU s, "
        f"largest child {used.ru_maxrss // 1024} MB, parent {own.ru_maxrss // 1024} MB"
    )


if __name__ == "__main__":
    main()
