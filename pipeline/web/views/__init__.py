"""The screens, one file for each thing that people come for."""

from importlib import import_module
from types import ModuleType

_NAMES = (
    "api",
    "auditing",
    "certifying",  # its addresses begin like those of entries: before finding
    "entering",
    "finding",
    "home",
    "overseeing",
    "own",
    "people",
    "phone",
    "reviewing",
    "scanning",
)
ALL: tuple[ModuleType, ...] = tuple(import_module(f"{__name__}.{name}") for name in _NAMES)
