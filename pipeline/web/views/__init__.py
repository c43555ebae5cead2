"""The screens, one file for each thing that people come for."""

from types import ModuleType

from pipeline.web.views import entering, home, own, people, phone, scanning

ALL: tuple[ModuleType, ...] = (entering, home, own, people, phone, scanning)
