"""External programs: found or named with their package, in time or ended, with all they started."""

import contextlib
import os
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import ProgramError
from pipeline.programs import find, require, run, talk

PYTHON = Path(sys.executable)


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find("scanimage") is None
    with pytest.raises(ProgramError, match="apt-get install sane-utils") as caught:
        require("scanimage")
    assert caught.value.exit_code == 6


def test_what_a_program_says_comes_back() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
    finished = run(PYTHON, ["-c", code], timeout_s=20, codes=(0, 7))
    assert (finished.code, finished.stdout.strip(), finished.stderr.strip()) == (7, b"out", "err")


def test_a_failure_has_the_programs_last_words() -> None:
    code = "import sys; sys.exit('khay giấy trống')"
    with pytest.raises(ProgramError, match="khay giấy trống"):
        run(PYTHON, ["-X", "utf8", "-c", code], timeout_s=20)


def test_a_file_name_never_reads_as_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = "import sys; print(sys.argv[1])"
    finished = run(PYTHON, ["-c", code, Path("-rf")], timeout_s=20)
    assert finished.stdout.decode().strip() == str(tmp_path / "-rf")


def test_a_program_that_hangs_dies_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "child"
    code = (
        "import signal, subprocess, sys, time;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)']);"
        f"open({str(note)!r}, 'w').write(str(child.pid));"
        "time.sleep(100)"
    )
    started = time.monotonic()
    with pytest.raises(ProgramError, match="giây"):
        run(PYTHON, ["-c", code], timeout_s=3)
    assert time.monotonic() - started < 15
    child = int(note.read_text())
    for _try in range(50):
        with contextlib.suppress(ChildProcessError, FileNotFoundError):
            state = Path(f"/proc/{child}/stat").read_text().split()[2]
            if state != "Z":
                time.sleep(0.1)
                continue
        break
    else:
        pytest.fail("the grandchild lives on")


def test_a_flood_on_stderr_does_not_fill_the_memory() -> None:
    code = "import sys; sys.stderr.write('x' * 5_000_000 + 'the end')"
    finished = run(PYTHON, ["-c", code], timeout_s=60)
    assert len(finished.stderr) <= 20_000
    assert finished.stderr.endswith("the end")


def test_a_conversation_goes_line_by_line_and_ends_with_the_block() -> None:
    code = (
        "import sys, time, os; print(os.getpid(), flush=True);"
        "print(sys.stdin.read().upper(), flush=True); time.sleep(100)"
    )
    with talk(PYTHON, ["-c", code], question="câu hỏi") as program:
        pid = int(program.line(30) or "")
        assert program.line(30) == "CÂU HỎI"
        with pytest.raises(TimeoutError):
            program.line(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_conversation_tells_when_the_program_has_said_all() -> None:
    with talk(PYTHON, ["-c", "print('one')"]) as program:
        assert [program.line(30), program.line(30)] == ["one", None]
        assert program.end() == 0
