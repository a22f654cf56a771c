"""The receipt."""

from tests.support.api import ServedApi


def test_the_week(served: ServedApi) -> None:
    told = served.reader.get("/api/v1/week")
    (door,) = told["devices"]
    assert (door["id"], door["kind"], door["total"]) == ("front-door", "Ring doorbell", told["total"])
    by = {one["purpose"]: one for one in door["purposes"]}
    assert set(by) == {"telemetry", "control"}
    assert (by["telemetry"]["stopped"], by["telemetry"]["names_kept"]) == (16, ["es.example.com"])
    assert (by["control"]["passed"], by["control"]["bytes_out"], by["control"]["names_kept"]) == (4, 6_000, [])
    table = served.reader.send("GET", "/week.csv").text
    assert "telemetry,16,4136,0,0,es.example.com" in table, "the page says the same"
