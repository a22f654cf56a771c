"""All that is written in policy files, and what it means. YAML goes in, ``model`` types come out; nothing else knows YAML.

    files -> ``layout.load`` -> ``Policy``;   ``decide(policy, subject, moment)`` -> ``Decision``

``layout``    where files lie, and how directories overlay each other: ``load(*directories)``
``reading``   files -> parts; the only way to ``source`` (YAML with places), ``document`` and ``field`` (pydantic), ``compiler``
``shipped``   the shipped parts as JSON, compiled when the package is built: loading them needs no YAML
``reference`` whether everything that is named exists; ``assembly`` parts -> ``Policy``: levels of precedence
``catalogue`` rows -> ``Catalogue``; ``identification``: how devices give themselves away
``codec``     ``Policy`` <-> bytes, exactly; its digest
``ruling``    which rule holds; ``schedule`` and ``target`` are its questions
``decide``    what it does to the packets; ``reason`` says why; ``spent`` when a budget has no room left
``explain``   the whole chain: device -> purpose -> name -> address -> rule
``what_if``   two policies compared by flows that both judged (``treatment``: of one flow; ``window``: budgets, again)
``baseline``  a device's rules from what it was ``observed`` to need; ``fragment`` the file that says them
``amendment`` one device's entry in the household's own words, amended in place
``case``      cases: given a flow, expect a decision
``schema``    JSON Schema of the files, for editors
``fault``     what is wrong in a file, and where; ``value`` the small notations; ``part`` what one file says

Imports ``model`` only. Nothing here reads a clock; files are read in ``layout`` and ``reading`` alone. Importing this room
loads neither pydantic nor ruamel: they come with the first file that has to be parsed.
"""

from .codec import dump, parse
from .decide import decide
from .layout import Loaded, load, shipped_directory
from .ruling import rule_of
from .schedule import next_change
from .spent import refuse_spent

__all__ = ["Loaded", "decide", "dump", "load", "next_change", "parse", "refuse_spent", "rule_of", "shipped_directory"]
