"""Load the file that a setting names: an engine, an index, an executor."""

import importlib
import pkgutil
from types import ModuleType

from pipeline.errors import ProgramError, UsageError
from pipeline.words import _


def names(folder: str) -> list[str]:
    """Return what can be chosen in a folder of plugs, e.g. `pipeline.ocr.engines`."""
    package = importlib.import_module(folder)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def load(folder: str, name: str) -> ModuleType:
    """Return the module `name` of a folder of plugs.

    Raises:
        UsageError: there is no such file; the sentence lists those that are.
        ProgramError: a package that it needs is not installed.
    """
    if name not in names(folder):
        raise UsageError(
            _("không có “{name}” trong {folder}; có thể chọn: {names}").format(
                name=name, folder=folder, names=", ".join(names(folder))
            )
        )
    try:
        return importlib.import_module(f"{folder}.{name}")
    except ModuleNotFoundError as error:
        raise ProgramError(
            name,
            _("chưa cài gói {package}").format(package=error.name),
            f"pip install 'sohoa[{name}]'",
        ) from error
