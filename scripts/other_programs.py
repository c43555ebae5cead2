"""Programs of others that benches measure beside ours, in an environment and a process apart."""

import json
import subprocess
import tomllib
import venv
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.values import Pixels

ROOT = Path(__file__).resolve().parent.parent


class OtherPrograms:
    """A child that is given pictures, and answers with a line of JSON for each."""

    def __init__(self, name: str, extra: str, folder: Path) -> None:
        """Start the child; its environment is made when it is not there.

        Args:
            name: of the child, scripts/other_NAME.py, and of its environment, build/bench_NAME.
            extra: the optional dependencies in pyproject.toml that it needs.
            folder: where pictures are handed over.
        """
        home = ROOT / "build" / f"bench_{name}"
        python = home / "bin" / "python"
        if not python.exists():
            venv.create(home, with_pip=True)
            project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
            wanted = project["project"]["optional-dependencies"][extra]
            subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
        self.page = folder / "page.npy"
        self.child = subprocess.Popen(
            [python, ROOT / "scripts" / f"other_{name}.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, pixels: Pixels) -> Any:
        """Return what the child answers about a picture."""
        assert self.child.stdin and self.child.stdout
        np.save(self.page, pixels)
        print(self.page, file=self.child.stdin, flush=True)
        return json.loads(self.child.stdout.readline())

    def close(self) -> None:
        """Let the child end."""
        assert self.child.stdin
        self.child.stdin.close()
        self.child.wait()
