from ..scenario import Stage, outcomes

PROMISE = "A TLS flow that names nobody is judged by the DNS answer that gave it the address."
ACTORS = ("speaker",)
GOOD, BAD = "api.amazonalexa.com", "unagi-na.amazon.com"


def play(stage: Stage) -> None:
    speaker = stage.home["speaker"]
    good = speaker.one(tls=GOOD, sni=False, up=500)
    stage.check("no name, but an address that DNS gave for a needed service: it passes", good.result == "ok", outcomes([good]))
    flows = [flow["netcurtain"] for flow in stage.flows("kitchen-speaker", name=GOOD)]
    bound = [flow for flow in flows if flow["name_source"] == "dns" and flow["purpose"] == "control"]
    stage.check("its record says whence the name comes", bool(bound), bound[:1] or flows)
    stage.home.ask("allow", device="kitchen-speaker", purpose="telemetry", seconds=30)
    learnt = speaker.one(dns=BAD)
    stage.home.ask("stop", device="kitchen-speaker")
    stage.check("an address of telemetry was learnt while that was allowed", learnt.result == "ok", outcomes([learnt]))
    bad = [speaker.one(tls=BAD, sni=False, cached=True, up=500, timeout_s=1.0) for _ in range(2)]
    stage.check("without a name, to that address: refused", all(one.result != "ok" for one in bad), outcomes(bad))
    flows = [flow for flow in stage.flows("kitchen-speaker", name=BAD) if flow["dest_port"] == 443]
    judged = [flow["netcurtain"] for flow in flows]
    judged = [flow for flow in judged if flow["name_source"] == "dns" and flow["effect"] == "refuse"]
    stage.check("its record says so", bool(judged), judged[:1] or flows)
    left = stage.left(BAD)
    stage.check("not one byte left for it", left == 0, f"{left} bytes")
