"""Ways around the curtain, each tried for real: one module per family, each with its table of ``CASES``.

``case``      what a case is, and what it is given to play with
``hello``     the server name of a TLS hello, hidden

A case runs in the gadget's own process (step ``evade: FAMILY/CASE``); ``gateway.lab.trial`` plays a family in a home and
measures on the internet side what came of it.
"""

from importlib import import_module

from .case import Case


def cases(family: str) -> tuple[Case, ...]:
    """All cases of a family."""
    return tuple(import_module(f"{__name__}.{family}").CASES)


def find(name: str) -> Case:
    """``FAMILY/CASE``."""
    family, _, wanted = name.partition("/")
    return next(case for case in cases(family) if case.id == wanted)
