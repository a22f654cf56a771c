"""What a flow is for: ``Evidence`` and ``Context`` -> ``Assessment``. Gets tables, not files; total, some microseconds a flow.

``classify``  the order in which evidence counts, strongest first
``named``     what the names of a flow say: its own bytes first, then names that DNS bound to the address
``spoken``    what protocols, ALPN and ports say where names are silent
``volume``    what size and direction say: pictures and speech are large and go up; what is over and small is a message
``errand``    what a whole flow shows: a question whether anybody is there, talk with the maker
``cadence``   what the beat says on which a place is called, where its name is silent
``habit``     what habits say of a moment that nobody counted
``order``     who began a stream: a viewer's command, or the device's own report
``context``   the memory of what devices did before, bounded; the only thing here that changes
``column``    the columns of a table of flows, and what a row says
``fit``       how well a catalogue row fits this device: its profile, its vendor, every device, or only somebody else's
``lookup``    name -> rows, longest match first, in time proportional to the labels of the name

A live flow is judged by what it sent so far, and nothing that it did often makes it trusted: messages, beats and habits only
count for what is over (``Extent``). Imports ``model`` only.
"""

from .classify import classify, classify_next
from .column import COLUMNS, ColumnError, Line, read_line, write_line
from .context import NOTHING_BEFORE, Context, Habits, Seen
from .lookup import find
from .order import Beginner, Beginning, who_began
from .spoken import has_camera
from .volume import goes_up, has_medium

__all__ = [
    "COLUMNS", "NOTHING_BEFORE", "Beginner", "Beginning", "ColumnError", "Context", "Habits", "Line", "Seen", "classify",
    "classify_next", "find", "goes_up", "has_camera", "has_medium", "read_line", "who_began", "write_line",
]  # fmt: skip
