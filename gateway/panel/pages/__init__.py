"""One module per page: a router, the dependencies of ``visit``, a template. Nothing here is judged or kept.

``home`` · ``device`` · ``activity`` (and why) · ``receipt`` (the week) · ``settings`` · ``stream`` (live events, undo)
``enter`` (login, links) · ``first_run`` · ``certificate`` (the box's own authority)
"""
