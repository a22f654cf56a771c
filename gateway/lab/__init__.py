"""The virtual home: gadgets, phones, an old network and an internet in network namespaces, and the curtain between them.

Everything runs inside namespaces of its own (``namespace.inside``): as root, or without any rights through a user namespace.
Nothing has a name outside, so several homes live side by side, and the kernel takes everything away when the process ends.

``namespace``   enter the sealed world; anonymous network namespaces; processes in them
``topology``    who is plugged in where: links, addresses, routes
``zone``        the internet's names and addresses (``internet.yaml``)
``certificate`` the private test CA
``cloud``       the internet's servers in one process: DNS, HTTPS, DoH, HTTP, STUN/RTP, NTP
``quic``        QUIC server and client (aioquic); its processes never import Scapy
``message``     DNS, STUN, RTP and NTP messages for both ends
``actor``       the process of one gadget or phone: takes commands, runs the ``step``s of its behaviour, reports what happened
``exchange``    requests and answers over an open connection
``outcome``     what became of something that a gadget tried
``step``        one kind of conversation each: TLS, plain HTTP, media, MQTT, RTSP, NTP, DNS …
``household``   the lab's own policy directory; ``gadgets`` the behaviours
``frame``, ``hello``  frames and ClientHellos made by hand
``attacker``    what a gadget can do that its own kernel would not: raw frames, TCP from a program
``evasions``    ways around the curtain, one module per family
``temper``      how gadgets take a no, ``need`` which of them suffer from it; ``burst``: more than a gadget has to say
``relay``       somebody who sends on what comes to him
``camera``      a camera's end of a stream; ``audience`` who watches it, for scenarios about viewings
``trial``       plays a family of them and measures each; ``carried`` counts bytes in whatever shape they left
``capture``     the process that writes every frame down
``truth``       what really left the home, counted on the internet side
``router``      what stands between: ``netcurtain run`` and its service manager, or a plain NAT router
``clock``       the gateway with a wall clock of its own; ``pulse`` who must not notice a fault, and how long others were silent
``home``        ``Home``: all of it, started and taken down
``scenario``    promises and how they are checked; ``scenarios`` holds one file per promise
``panel``       the household's panel in it, with one socket outside the world
``life``        an ordinary day, played without end
``demo``        the home that the demo shows, and what is done in it by hand
``record``      that day without a curtain, as a capture: ``recordings/home.pcap.gz`` (``netcurtain lab record``)

May import ``model``, ``policy``, ``wire`` and ``edge``. The truth never asks the datapath what it let pass.
"""
