"""Who is speaking: what devices give away of themselves -> ``Guess``. Gets tables, not files; pure, and bounded.

    index = Index(identification);   clues = Clues(index);   clues.add(clue);   clues.guess() -> ``Guess``

``notation``  how clues and rows are written down, so that the two can be compared
``index``     the rows, each where a clue finds it
``clues``     what one device has said so far: ``Clues``, one for each device
``weight``    what one row is worth
``standing``  what all rows together are worth, vendor by vendor
``guess``     whose device it is, which profile suits it, and why

How it weighs, in the order in which it matters:

- Each row has a weight by its signal and its confidence, in decibans: ten times the logarithm of how much likelier the sign is
  on a device of that vendor than on any other. A vendor starts at one in fifty.
- Signs of one kind are not independent, so only the strongest of a kind counts; kinds help each other, each further one less.
- A sign that several vendors share says that much less for each of them.
- A row that does not stand alone (a prefix of a maker of chips, a host name of two letters) counts only beside another sign.
- What no row of at least medium confidence supports is never more than a hunch.
- Vendors compete: what speaks for one speaks against the others. The prefix of a house (Amazon) is no rival of its brand
  (Ring): their devices carry it too.
- Names that a device asks for count by their share: a gadget asks for its maker's, a phone for everybody's.

Wrong is worse than silent: below 0.8 a guess only says what the device looks like. Imports ``model`` only.
"""

from .clues import Clues
from .index import Index

__all__ = ["Clues", "Index"]
