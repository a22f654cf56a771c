"""How fast the datapath is, against a plain NAT router in the same kind of namespaces and the same run.

    from gateway.bench.suite import measure; from gateway.bench.plan import FULL

``suite``    which rows there are, and the order they are taken in: ``measure(plan, say) -> Report``
``row``      ``Spec``, ``Sample``, ``Row``, ``Report``: what a measurement is
``change``   a run beside an earlier one
``plan``     how much of everything; ``turns``: the lanes one right after the other
``lane``     gadgets -- gateway -- internet, three namespaces in a row, with something to compare in the middle
``router``   that is a plain NAT router, or the curtain; ``suricata``: or Suricata on the same queue
``gadget``   250 of them, so that each stays below what one device may ask of the gateway
``client``   the gadgets' end of the traffic; ``server`` the internet's: each a process of its own
``sample``   the packets and hellos that are sent or parsed
``machine``  what the figures were taken on

One file per group of rows:

``bulk``     throughput of judged flows
``flow``     connect, hello, first byte: how long, how many a second, at what cost
``question`` DNS
``memory``   resident memory of the gateway, at rest and with 200,000 flows known
``disk``     what a home writes in a day; ``day`` is the model of that home
``start``    from the command to the first judged flow
``reload``   from the edit of a file to the cut of a live flow; what an epoch costs
``parse``    a packet in the parsers and in the engine, in this process
``wake``     what it costs this machine to wake a process

May import everything but ``panel``, ``app`` and ``cli``; the gateway it measures is a process of its own.
"""
