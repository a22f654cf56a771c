"""Whose evidence a row is, as seen from a device, and which row decides."""

import pytest

from gateway.model.assessment import Evidence, Row
from gateway.model.purpose import Purpose
from gateway.purpose.fit import Rank, best_of, choose, rank_of
from tests.support.evidence import CAREFUL, DOORBELL, ECHO, LIGHT, make_evidence, make_row

BELL = make_evidence(**DOORBELL)
SPEAKER = make_evidence(**ECHO)
LAMP = make_evidence(profile="hue", vendor="philips-hue", family="light")
UNKNOWN = make_evidence(**CAREFUL)

RANKS = [
    pytest.param(make_row("a.ring.com", "control", "ring-doorbell", vendor="ring"), BELL, Rank.PROFILE, id="profile"),
    pytest.param(make_row("udp/3478", "video", "camera", "doorbell"), BELL, Rank.PROFILE, id="family"),
    pytest.param(make_row("a.ring.com", "control", "ring-camera", vendor="ring"), BELL, Rank.VENDOR, id="vendor"),
    pytest.param(make_row("dns.google", "dns-escape", "any"), BELL, Rank.ANY, id="any"),
    pytest.param(make_row("dns.google", "dns-escape"), BELL, Rank.ANY, id="no-devices"),
    pytest.param(make_row("a.amazon.com", "control", "echo", vendor="amazon"), BELL, Rank.HOUSE, id="same-house"),
    pytest.param(
        make_row("a.ring.com", "control", "ring-camera", vendor="ring"), SPEAKER, Rank.HOUSE, id="same-house-the-other-way"
    ),
    pytest.param(make_row("a.ring.com", "control", "ring-camera", vendor="ring"), LAMP, Rank.STRANGER, id="stranger"),
    pytest.param(
        make_row("a.ring.com", "control", "ring-camera", vendor="ring"), UNKNOWN, Rank.STRANGER, id="device-of-no-vendor"
    ),
    pytest.param(make_row("", "control", "x", vendor=""), UNKNOWN, Rank.STRANGER, id="no-vendor-is-no-kinship"),
    pytest.param(make_row("*.compute-1.amazonaws.com", "video", "ring-camera", vendor="ring"), LAMP, Rank.NOBODY, id="cloud"),
    pytest.param(
        make_row("*.compute-1.amazonaws.com", "video", "ring-camera", vendor="ring"), UNKNOWN, Rank.NOBODY, id="cloud-no-vendor"
    ),
    pytest.param(
        make_row("*.compute-1.amazonaws.com", "video", "ring-camera", vendor="ring"), BELL, Rank.VENDOR, id="cloud-of-vendor"
    ),
    pytest.param(
        make_row("kinesis.us-east-1.amazonaws.com", "telemetry", "echo", vendor="amazon"), LAMP, Rank.NOBODY, id="cloud-service"
    ),
    pytest.param(
        make_row("d1abc.cloudfront.net", "update", "echo", vendor="amazon"), LAMP, Rank.NOBODY, id="tenant-of-another-vendor"
    ),
    pytest.param(
        make_row("d1abc.cloudfront.net", "update", "echo", vendor="amazon"),
        UNKNOWN,
        Rank.STRANGER,
        id="tenant-device-of-no-vendor",
    ),
    pytest.param(make_row("bucket.s3.amazonaws.com", "cdn", "echo", vendor="amazon"), UNKNOWN, Rank.STRANGER, id="bucket"),
    pytest.param(
        make_row("www.google.com", "control", "google-home", vendor="google"), LAMP, Rank.NOBODY, id="everybodys-host"
    ),
    pytest.param(make_row("cloudfront.net", "cdn", "echo", vendor="amazon"), UNKNOWN, Rank.NOBODY, id="whole-cloud"),
    pytest.param(
        make_row("notcloudfront.net", "cdn", "echo", vendor="amazon"), LAMP, Rank.STRANGER, id="only-looks-like-a-cloud"
    ),
    pytest.param(
        make_row("*.iot.*.amazonaws.com", "control", "any", vendor="aws"), LAMP, Rank.ANY, id="cloud-row-for-everybody"
    ),
]


@pytest.mark.parametrize(("row", "evidence", "wanted"), RANKS)
def test_rank(row: Row, evidence: Evidence, wanted: Rank) -> None:
    assert rank_of(row, evidence) is wanted


OWN = make_row("a.ring.com", "control", "ring-doorbell", vendor="ring", confidence="low")
SISTER = make_row("a.ring.com", "video", "ring-camera", vendor="ring")
ANY = make_row("a.ring.com", "account", "any")
APP = make_row("a.ring.com", "motion-event", "ring-app", vendor="ring")
LONG_CLOUD = make_row("x.compute.amazonaws.com", "video", "echo", vendor="amazon")
SHORT_ANY = make_row("amazonaws.com", "cdn", "any", vendor="aws")

CHOICES = [
    pytest.param((SISTER, OWN, ANY), BELL, Purpose.CONTROL, id="profile-before-confidence"),
    pytest.param((ANY, SISTER), BELL, Purpose.VIDEO, id="vendor-before-any"),
    pytest.param((SISTER, ANY), LAMP, Purpose.ACCOUNT, id="any-before-strangers"),
    pytest.param((APP, SISTER), LAMP, Purpose.VIDEO, id="gadget-before-app"),
    pytest.param((LONG_CLOUD, SHORT_ANY), LAMP, Purpose.CDN, id="shorter-match-where-the-longer-may-not"),
    pytest.param((LONG_CLOUD, SHORT_ANY), SPEAKER, Purpose.VIDEO, id="longer-match-where-it-may"),
    pytest.param((make_row("b.a.ring.com", "update", "x", vendor="x"), OWN), BELL, Purpose.UPDATE, id="length-before-rank"),
    pytest.param((LONG_CLOUD,), LAMP, None, id="nobody-may"),
    pytest.param((), LAMP, None, id="no-rows"),
]


@pytest.mark.parametrize(("rows", "evidence", "wanted"), CHOICES)
def test_choose(rows: tuple[Row, ...], evidence: Evidence, wanted: Purpose | None) -> None:
    fit = choose(rows, evidence)
    assert (fit.row.purpose if fit else None) is wanted


def test_of_equal_rank_the_surer_wins_and_the_other_is_told() -> None:
    sure = make_row("a.ring.com", "control", "ring-doorbell", vendor="ring")
    less = make_row("a.ring.com", "telemetry", "ring-doorbell", vendor="ring", confidence="low")
    same = make_row("a.ring.com", "control", "ring-doorbell", vendor="ring", confidence="medium")
    fit = choose((less, sure, same), BELL)
    assert fit is not None
    assert fit.row is sure
    assert fit.rivals == (less,)


def test_a_row_that_asks_for_an_alpn_needs_it() -> None:
    plain = make_row("tcp/443", "cdn", "any")
    asking = make_row("tcp/443", "control", "any", alpn="mqtt", confidence="low")
    without, offering = make_evidence(**LIGHT), make_evidence(**LIGHT, alpn=("h2", "mqtt"))
    for evidence, wanted in ((without, plain), (offering, asking)):
        fit = best_of((plain, asking), evidence, least=Rank.ANY)
        assert fit is not None and fit.row is wanted
    assert best_of((asking,), without, least=Rank.ANY) is None


def test_a_least_rank_is_kept() -> None:
    stranger = make_row("tcp/9998", "control", "ring-doorbell", vendor="ring")
    assert best_of((stranger,), LAMP, least=Rank.ANY) is None
    assert best_of((stranger,), BELL, least=Rank.ANY) is not None
