"""Ways around the curtain, each tried for real: one module per family, each with its table of ``CASES``.

``case``      what a case is, and what it is given to play with
``place``     where they send to
``hello``     the server name of a TLS hello, hidden
``segment``   payload in TCP segments that are no ordinary conversation, and in their headers
``packet``    payload in IP headers, fragments, extension headers, padding
``protocol``  tunnels and protocols that nobody can name
``icmp``      payload in ICMP, and in the quotes of its errors
``reflection``  the gateway made to answer a false source address on the internet
``link``      tags, other EtherTypes, multicast, lies told to the neighbours
``address``   where a packet goes, as what it says
``before``    flows that were opened while they were allowed
``flood``     payload by sheer quantity

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
