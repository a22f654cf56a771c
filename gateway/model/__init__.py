"""The nouns of the house: frozen values that every room may hold. Standard library only, no behaviour beyond their own shape.

``purpose``   the closed list of purposes, and their numbers in a connection mark
``action``    what a policy can say, how strict it is, and what the kernel then does (``Effect``)
``device``    ``Device``: who speaks, as far as we know
``name``      ``Name``: a server name and where it was read
``packet``    ``Packet``: the headers of one packet, decoded
``facts``     ``Facts``: what the bytes of a flow say

``assessment`` ``Evidence`` -> ``Assessment``: what a flow is for, how sure, and why; ``Catalogue``: the table it rests on
``identity``  ``Clue`` -> ``Guess``: who speaks, by what it gives away of itself; ``Identification``: the table it rests on
``policy``    ``Policy``: what people decided, compiled
``moment``    ``Moment``: the time, and the pauses, allowances and viewings in force
``decision``  ``Decision``: what happens to the flow, by which rule, and why
``mark``      the connection mark: how a decision is written into the kernel
``event`` / ``command``  what comes into the engine, and what leaves it
``record``    ``FlowRecord``: one flow as the ledger, ``inspect`` and ``flows`` show it
``mention``   names of devices in sentences, and such sentences without them
``control``   the messages of the control socket
"""
