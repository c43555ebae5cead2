"""The screens, one file for each thing that people come for."""

from types import ModuleType

from pipeline.web.views import (
    auditing,
    entering,
    finding,
    home,
    own,
    people,
    phone,
    scanning,
)

ALL: tuple[ModuleType, ...] = (auditing, entering, finding, home, own, people, phone, scanning)
