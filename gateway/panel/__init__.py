"""What a household sees and changes: server-rendered pages, their JSON API, live events. A process of its own, without rights.

    browser -> ``server`` (sockets, TLS) -> ``access.guard`` -> ``app`` -> page or API -> ``house``, ``changes`` -> gateway

``app``        routes and error pages; ``panel`` the parts, built once
``visit``      one request by somebody: the dependencies of all pages (``form``: what they fill in)
``access/``    accounts, passwords, sessions, throttling, claiming, the guard before everything
``server``     listeners, TLS; ``authority`` is the box's own CA (``signing``: what it signs, in a child process)
``files``      the household's files, read and written in a child process
``heap``       memory that goes back to whoever needs it
``house``      devices, purposes, rules, counts: the views that pages and API share
``books``      sums of the ledger by the hour (``shelf``: of those over), pages of it (``finder``: where rare flows stand)
``gateway_link`` the control socket, asked sparingly, and its events in a ring
``contact``    first contact of a phone behind the curtain, which nobody trusts yet
``change``     what people change, each with its undo
``aftermath``  what passed only because everything was let through
``live``       Server-Sent Events
``language``   gettext and Babel; ``wording`` plain words; ``render`` the Jinja environment
``pages/``     one module per page; ``templates/``, ``static/``, ``locale/``
``api/``       version 1, typed, with problem details

May import ``model``, ``policy``, ``household``, ``settings`` and of ``edge`` what asks, reads and keeps. Never ``engine``,
``wire`` or Scapy: who takes the panel over has the rights of its user, and no more.
"""
