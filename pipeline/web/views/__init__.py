"""The screens, one file for each thing that people come for."""

from types import ModuleType

from pipeline.web.views import (
    api,
    auditing,
    entering,
    finding,
    home,
    overseeing,
    own,
    people,
    phone,
    reviewing,
    scanning,
)

ALL: tuple[ModuleType, ...] = (
    api,
    auditing,
    entering,
    finding,
    home,
    overseeing,
    own,
    people,
    phone,
    reviewing,
    scanning,
)
