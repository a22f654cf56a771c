from ..scenario import Stage, outcomes

PROMISE = "A resolver built into a gadget is redirected to the home's own; known encrypted ones are stopped."
ACTORS = ("gizmo",)
NAME, PUBLIC = "api.gadgetcloud.example", "dns.google"


def play(stage: Stage) -> None:
    gizmo = stage.home["gizmo"]
    plain = gizmo.one(dns=NAME, resolver="8.8.8.8", timeout_s=2.0)
    stage.check("its built-in resolver seems to answer", plain.result == "ok", f"{outcomes([plain])} {plain.detail}")
    six = gizmo.one(dns=NAME, resolver="2001:4860:4860::8888", timeout_s=2.0)
    stage.check("the same over IPv6", six.result == "ok", f"{outcomes([six])} {six.detail}")
    doh = gizmo.do([
        {"doh": PUBLIC, "name": NAME, "timeout_s": 1.0},
        {"doh": PUBLIC, "address": "8.8.8.8", "name": NAME, "timeout_s": 1.0},
        {"doh": "one.one.one.one", "cached": True, "name": NAME, "timeout_s": 1.0},
    ])  # fmt: skip
    stage.check("DNS over HTTPS is stopped", all(one.result != "ok" for one in doh), outcomes(doh))
    dot = gizmo.one(tls=PUBLIC, address="8.8.8.8", port=853, timeout_s=1.0)
    stage.check("DNS over TLS is stopped", dot.result != "ok", outcomes([dot]))
    gizmo.one(dns=NAME, resolver="8.8.8.8", tcp=True, timeout_s=1.0)
    left = stage.left(PUBLIC, "one.one.one.one") + stage.truth().bytes_to(*stage.home.zone.public)
    stage.check("not one byte reached any of them, TCP included", left == 0, f"{left} bytes")
    home = gizmo.one(tls=NAME, up=500)
    stage.check("with the home's resolver the gadget works", home.result == "ok", outcomes([home]))
