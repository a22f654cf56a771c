"""What a flow is for: ``Evidence`` -> ``Assessment``. Gets tables, not files; pure, total, some microseconds a flow.

``classify``  the order in which evidence counts, strongest first
``named``     what the names of a flow say: its own bytes first, then names that DNS bound to the address
``spoken``    what protocols, ALPN and ports say where names are silent
``fit``       how well a catalogue row fits this device: its profile, its vendor, every device, or only somebody else's
``lookup``    name -> rows, longest match first, in time proportional to the labels of the name

Imports ``model`` only.
"""

from .classify import classify
from .lookup import find

__all__ = ["classify", "find"]
