"""How fast the datapath is, against a plain NAT router in the same kind of namespaces and the same run.

    from gateway.bench.suite import FULL, measure

``suite``    which figures there are, and the order they are taken in: ``measure(plan, say) -> Report``
``figure``   ``Spread``, ``Figure``, ``Goal``, ``Report``: what a measurement is
``lane``     gadget -- gateway -- server, three namespaces in a row, with a plain router or the curtain in the middle
``traffic``  both ends of the traffic, each a process of its own
``sample``   the packets and hellos that are sent or parsed
``machine``  what the figures were taken on

One file per figure:

``bulk``     throughput of a judged flow
``flow``     connect, hello, first byte: microseconds and flows a second, one after another and from 16 workers
``memory``   resident memory of the gateway after the load
``start``    from the command to the first judged flow
``reload``   from the edit of a file to the cut of a live flow; what an epoch costs
``wake``     what it costs this machine to wake a process
``parse``    a packet in the parsers and in the engine, in this process

May import everything but ``panel``, ``app`` and ``cli``; the gateway it measures is a process of its own.
"""
