"""What habits say of a moment that nobody counted: what a device always does is no event, what it never did may be one."""

from ..model.assessment import Assessment, Evidence
from ..model.packet import UDP
from ..model.purpose import Purpose
from .context import FAMILIAR_CALLS, Context
from .spoken import ACTUATORS, CAMERAS, SPEAKERS
from .volume import MEDIA, SILENT, revise

ANSWER_S = 1.5
"""A spoken answer is asked for so soon."""
ACQUAINTED_CALLS = 20
"""From so many calls on it is known what a device does most."""
RARE_SHARE = 0.15
"""Below it, what a device does is the exception."""
STRANGER_SHARE = 0.05
"""Of its datagrams: a server gets more of them than a peer, who is another one each time."""
MAIN_SHARE = 0.4
"""A place that gets so much of what a device says is the one it lives by."""


def judge_moment(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment:
    """By the names and what came before."""
    return (
        _judge_channel(assessment, evidence, context)
        or _judge_rendezvous(assessment, context)
        or _judge_datagrams(assessment, evidence, context)
        or _judge_main(assessment, evidence, context)
        or assessment
    )


def _judge_channel(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment | None:
    """A name that serves commands and speech: speech is rare, and does not come alone."""
    serves = {assessment.purpose, *assessment.also}
    if evidence.family not in SPEAKERS or not serves >= {Purpose.VOICE, Purpose.CONTROL}:
        return None
    others = [seen for seen in context.within(ANSWER_S, Purpose.VOICE) if seen.destination != context.destination]
    if others:
        reason = f"{others[0].destination} was called {context.at - others[0].at:.1f} s before: a spoken answer"
        return revise(assessment, Purpose.VOICE, 0.6, reason)
    if evidence.proto == UDP:
        reason = "of commands, for which a connection stays open, and speech, it is speech that goes in datagrams"
        return revise(assessment, Purpose.VOICE, 0.4, reason)
    reason = "the channel for speech is open all day, for commands and signs of life; nothing tells speech here"
    return revise(assessment, Purpose.CONTROL, 0.5, reason)


def _judge_rendezvous(assessment: Assessment, context: Context) -> Assessment | None:
    """A place for media that is called all the time is kept at hand, and gets less of them than signs of life."""
    word = MEDIA.get(assessment.purpose)
    if word is None:
        return None
    if context.beat_s:
        return revise(assessment, Purpose.CONTROL, 0.4, f"called every {context.beat_s:.0f} s: a sign of life")
    if not context.familiar:
        return None
    reason = f"called {context.calls} times before: kept at hand for {word}, and seldom sent any"
    return revise(assessment, Purpose.CONTROL, 0.4, reason)


def _judge_datagrams(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment | None:
    """Datagrams of a camera that else uses connections, or to a peer that it hardly knows."""
    if evidence.family not in CAMERAS or evidence.proto != UDP or assessment.purpose not in SILENT or context.beat_s:
        return None
    datagrams, calls = context.device_udp_calls, context.device_calls
    if calls >= ACQUAINTED_CALLS and datagrams < RARE_SHARE * calls and not context.familiar:
        reason = f"datagrams, of a {evidence.family} that uses connections for all else: pictures"
        return revise(assessment, Purpose.VIDEO, 0.4, reason)
    if datagrams >= ACQUAINTED_CALLS and context.is_one_place and context.calls < STRANGER_SHARE * datagrams:
        reason = f"datagrams to a peer, not to the servers that it always calls ({context.calls} of {datagrams}): pictures"
        return revise(assessment, Purpose.VIDEO, 0.3, reason)
    return None


def _judge_main(assessment: Assessment, evidence: Evidence, context: Context) -> Assessment | None:
    """The place that a light, plug or hub lives by."""
    if evidence.family not in ACTUATORS or assessment.purpose not in SILENT:
        return None
    if context.calls < max(FAMILIAR_CALLS, MAIN_SHARE * context.device_calls):
        return None
    reason = f"{context.calls} of its {context.device_calls} calls went there: where a {evidence.family} hears its commands"
    return revise(assessment, Purpose.CONTROL, 0.4, reason)
