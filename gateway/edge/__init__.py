"""One file per outside thing: here IO happens, and nowhere below. Each turns the outside into events, or commands into deeds.

``nfqueue``, ``nft``, ``nft_set``, ``iptables``, ``conntrack``, ``netlink``, ``rawsend``, ``sysctl``  the kernel's datapath
``clock``                whether the wall clock can be believed
``listener``             what devices say of themselves on the local link
``dnsmasq``, ``leases``  the resolver and DHCP server: started and watched; what it gave (``link``: interfaces, their addresses)
``asker``                the gateway's own questions to that resolver (``timer``: until when they count)
``suffix``               the list of public suffixes: who registered a name
``control``              the control socket: server, and ``control_client`` for who asks (``control_line``: its lines)
``store``                ``state.json``, crash-safe over ``disk``; ``saver`` writes it in a thread of its own
``ledger``               flows in SQLite, written by a thread of its own; ``ledger_reader`` reads it (``ledger_schema``: tables;
                         ``ledger_erasure``: one device out of it)
``watch``, ``inotify``   the policy directories (``document``: a file in them that people edit too, replaced whole)
``notify``               readiness and watchdog of systemd; ``health``: what is wrong outside, told when it begins and ends
``pcap``                 capture files
``loop``                 the one loop of a process: descriptors, beats, signals (``rest``: work that pauses as long as it cost)
``worker``               a child process for slow work (``apart``: for one call, whose answer is waited for)
``answerer``             the responder of plain HTTP (``child``: a process that is to run always)

May import ``model`` and ``wire`` (``answerer``: the responder's table).
Library errors are translated with ``raise … from err``.
"""
