"""Flows that are over: questions whether anybody is there, and talk with the maker."""

from typing import Any

import pytest

from gateway.model.assessment import Assessment, Evidence, Extent
from gateway.model.name import Name, NameSource
from gateway.model.packet import UDP
from gateway.model.purpose import Purpose
from gateway.purpose.context import NOTHING_BEFORE, Context
from gateway.purpose.errand import judge_ended
from tests.support.evidence import make_evidence

CAMERA: dict[str, Any] = {"profile": "camera", "vendor": "acme-cam", "family": "camera"}


def _said(purpose: str, name: str = "") -> Assessment:
    read = Name(name, NameSource.SNI) if name else None
    return Assessment(purpose=Purpose(purpose), confidence=0.2, reasons=("its name",), name=read)


def _flow(**more: Any) -> Evidence:
    return make_evidence(**{**CAMERA, "extent": Extent.ENDED, "pkts_out": 4, "pkts_in": 4, **more})


PROBES = [
    pytest.param(_said("unknown"), _flow(app="http"), "connectivity-check", id="not-a-word"),
    pytest.param(_said("unknown"), _flow(app="http", bytes_out=71, bytes_in=83), "connectivity-check", id="no-content"),
    pytest.param(_said("direct-address"), _flow(app="http"), "connectivity-check", id="address"),
    pytest.param(_said("unknown"), _flow(app="http", bytes_out=71, bytes_in=151), "unknown", id="content"),
    pytest.param(_said("unknown"), _flow(app="http", pkts_in=3, bytes_out=71, bytes_in=130), "unknown", id="headers-counted"),
    pytest.param(_said("unknown"), _flow(app="http", bytes_out=300), "unknown", id="said-and-not-answered"),
    pytest.param(_said("unknown"), _flow(app="http", pkts_out=2), "unknown", id="no-handshake"),
    pytest.param(_said("unknown"), _flow(app="http", pkts_in=0), "unknown", id="nobody-there"),
    pytest.param(_said("unknown"), _flow(app="tls"), "unknown", id="not-plain"),
    pytest.param(_said("control", "ours.example"), _flow(app="http"), "control", id="a-name-that-speaks"),
    pytest.param(_said("control", "www.gstatic.com"), _flow(app="http"), "connectivity-check", id="whom-everybody-asks"),
]
MAKERS = [
    pytest.param(_said("unknown", "eu.my-acmecam.com"), _flow(port=9_765, proto=UDP), "control", id="own-port"),
    pytest.param(_said("unknown", "acmecam.co.uk"), _flow(port=55_443), "control", id="under-a-country"),
    pytest.param(_said("unknown", "acmecam.com"), _flow(port=443), "unknown", id="web"),
    pytest.param(_said("unknown", "acmecam.com"), _flow(port=0), "unknown", id="no-port"),
    pytest.param(_said("unknown", "acmecam.com"), _flow(port=8, proto=1), "unknown", id="no-ports-at-all"),
    pytest.param(_said("unknown", "acmecam.s3.amazonaws.com"), _flow(port=9_765), "unknown", id="let-by-others"),
    pytest.param(_said("unknown", "acmecam.cloud.example"), _flow(port=9_765), "unknown", id="somebody-elses-domain"),
    pytest.param(_said("unknown", "acmecam.com"), _flow(port=9_765, vendor="cam"), "unknown", id="a-short-name"),
    pytest.param(_said("direct-address"), _flow(port=9_765), "direct-address", id="no-name"),
    pytest.param(_said("telemetry", "acmecam.com"), _flow(port=9_765), "telemetry", id="known"),
    pytest.param(_said("unknown", "acmecam.com"), _flow(port=9_765, bytes_out=60_000, bytes_in=50_000), "unknown", id="bulk"),
    pytest.param(_said("unknown", "acmecam.com"), _flow(port=9_765, bytes_out=60_000), "video", id="pictures"),
]


@pytest.mark.parametrize(("said", "evidence", "wanted"), PROBES + MAKERS)
def test_errands(said: Assessment, evidence: Evidence, wanted: str) -> None:
    found = judge_ended(said, evidence, NOTHING_BEFORE)
    assert found.purpose == wanted
    assert found.reasons[-1] == "its name"


def test_a_beat_makes_it_more_certain() -> None:
    found = judge_ended(_said("unknown"), _flow(app="http"), Context(beat_s=60.0))
    assert found.confidence == 0.7
    assert found.reasons[0] == "plain HTTP without a word, every 60 s: it asks whether the internet is there"
