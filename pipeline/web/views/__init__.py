"""The screens, one file for each thing that people come for."""

from types import ModuleType

from pipeline.web.views import entering, home, overseeing, own, people, reviewing

ALL: tuple[ModuleType, ...] = (entering, home, overseeing, own, people, reviewing)
