"""``Engine.handle(event, now) -> list[Command]``: flow table, name bindings, viewings, pauses. Opens nothing, sleeps never.

``engine``    the door: one event in, commands out
``forward``   packets leaving the curtain: first look, second looks, verdicts (``held``: packets that wait for one)
``look``      budgets, and how far a flow may go before it is looked at again; ``second_look`` what its datagrams speak by then
``tries``     refused tries: one line for all of a kind, and what the kernel refuses by itself (``remembered``: how much of it)
``share``     what all may do together that nobody has named
``credit``    how many handshakes a device may begin towards addresses that no name led it to
``manner``    how a device is told no, so that it makes least trouble
``vouch``     names are checked, not believed (``waiting``: while our resolver is asked)
``resolve``   DNS queries and answers: names refused, addresses bound
``answered``  plain HTTP that is answered in the internet's place; ``tunnel`` how much a device may say in names
``clock``     NTP requests, answered in the internet's place
``line``      one line in the ledger for all tries of the same thing
``replay``    the packets of a capture, through the same tables
``acquaintance``  who the devices are (``impression``: what one says of itself; ``set_up``: a new one's first minutes)
``absence``   how long nobody was there to count, at least and at most
``viewing``   what opens a viewing beside a person: ``phone`` (an owner's, at home), ``want`` (a camera that wants to send, and
              who began), ``press`` (of a bell); ``allotment``: what a device can have of it by signs of its own
``request``   the verbs of the control socket
``upkeep``    ticks, leases, policies, the saved state
``forget``    a device leaves every table (``forgetting``: those that are to be forgotten, counted down)
``judge``     evidence -> (assessment, decision): the one composition
``state``     what they share; ``flow``, ``binding``, ``roster``, ``grants`` are its tables, ``term`` how long judgements hold
``number``    what stands for a device in marks
``report``    a flow as its record; ``recorded`` the way back, ``again`` what two policies make of it, ``exported`` as a table
``counters``  the kernel's, read once a second: what flows turn out to be (``counted``: the bytes that one is judged by)
``doing``     what devices with a camera did before their pictures

May import ``model``, ``wire``, ``purpose``, ``policy``, ``ruleset``. Nothing below knows it.
"""

from .engine import Engine
from .judge import judge

__all__ = ["Engine", "judge"]
