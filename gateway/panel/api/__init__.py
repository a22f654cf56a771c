"""The JSON API, version 1: what the pages show and do, for programs. Nothing here is judged or kept.

    gate.py      before every route: who it is, what they may, the token, JSON only
    schemas.py   every type that is read or written       shown.py    from the views of ``house`` and ``books`` to those types
    problem.py   problem details (RFC 9457)                failure.py  from exceptions to problems
    status.py · device.py · change.py · flow.py · week.py · live.py   the routes, by what they are about
    routes.py    all of them, and what is answered to which method
    docs.py      /api/openapi.json and /api/docs; page.py  what that page shows, drawn from the document

A browser's session cookie opens it, and what changes something needs that session's token in ``X-CSRF-Token``. Types only
ever get new keys; what would break a program is another version.
"""
