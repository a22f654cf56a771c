"""Plain words for what the policy calls by name. English here; ``language`` turns them into the visitor's."""

from typing import NamedTuple

from gateway.model.action import Action
from gateway.model.purpose import Purpose


def N_(text: str) -> str:
    """Marks a text for the catalogues; it is translated when it is shown."""
    return text


class Words(NamedTuple):
    """A purpose for people."""

    title: str
    about: str


PURPOSES: dict[Purpose, Words] = {
    Purpose.CONTROL: Words(N_("Doing its job"), N_("Commands, settings and its connection to the maker's service.")),
    Purpose.VIDEO: Words(N_("Pictures and video"), N_("What the camera sees.")),
    Purpose.VOICE: Words(N_("What you say to it"), N_("Recordings of speech, sent to be understood.")),
    Purpose.MOTION_EVENT: Words(N_("Reports of movement"), N_("Tells the maker whenever something moves in front of it.")),
    Purpose.TELEMETRY: Words(N_("Usage reports"), N_("Tells the maker how, when and how often it is used.")),
    Purpose.MESH_SHARING: Words(
        N_("Sharing your internet with strangers' gadgets"), N_("Lends your connection to devices that are not yours.")
    ),
    Purpose.ADVERTISING: Words(N_("Advertising and tracking"), N_("Builds a picture of you for selling things.")),
    Purpose.UPDATE: Words(N_("Software updates"), N_("New software for the device itself.")),
    Purpose.TIME: Words(N_("Setting its clock"), N_("Asks what time it is. Netcurtain can answer that at home.")),
    Purpose.CONNECTIVITY_CHECK: Words(N_("Checking for the internet"), N_("Asks whether it is online, and so when it is on.")),
    Purpose.MEDIA_STREAMING: Words(N_("Films and music"), N_("What you watch and listen to on it.")),
    Purpose.ACCOUNT: Words(N_("Your account"), N_("Signing in with the maker.")),
    Purpose.CDN: Words(N_("Pictures and files it loads"), N_("Covers, icons, books: mostly downloads.")),
    Purpose.DNS_ESCAPE: Words(N_("Looking up names elsewhere"), N_("Asks strangers for addresses, past your home's answers.")),
    Purpose.LOCAL: Words(N_("Talk within your home"), N_("Stays between devices in your home.")),
    Purpose.DIRECT_ADDRESS: Words(N_("Connections without a name"), N_("Goes to a bare address: whose it is cannot be seen.")),
    Purpose.UNKNOWN: Words(N_("Nobody knows what for"), N_("No evidence says what this is for.")),
}

STATES: dict[Action, str] = {
    Action.ALLOW: N_("passes"),
    Action.LIMIT: N_("limited"),
    Action.OWNER_ONLY: N_("only for you"),
    Action.ASK: N_("asks you first"),
    Action.ANSWER: N_("answered at home"),
    Action.BLOCK: N_("stopped"),
    Action.DROP: N_("stopped"),
}
CHOICES: dict[Action, str] = {
    Action.ALLOW: N_("Let it pass"),
    Action.LIMIT: N_("Let small amounts pass"),
    Action.OWNER_ONLY: N_("Only for me"),
    Action.ASK: N_("Stop it and ask me"),
    Action.ANSWER: N_("Answer at home"),
    Action.BLOCK: N_("Stop it"),
    Action.DROP: N_("Stop it silently"),
}
"""What a switch says."""
STOPPING = frozenset({Action.BLOCK, Action.DROP, Action.ASK, Action.ANSWER, Action.OWNER_ONLY})

FAMILIES: dict[str, str] = {
    "camera": N_("Camera"), "doorbell": N_("Doorbell"), "speaker": N_("Speaker"), "tv": N_("Television"),
    "stick": N_("Streaming stick"), "reader": N_("E-book reader"), "plug": N_("Plug"), "light": N_("Light"), "hub": N_("Hub"),
    "appliance": N_("Appliance"), "thermostat": N_("Thermostat"), "chime": N_("Chime"), "phone": N_("Phone"),
    "other": N_("Device"), "": N_("Device"),
}  # fmt: skip
CONFIDENCES: dict[str, str] = {
    "high": N_("well evidenced"), "medium": N_("some evidence"), "low": N_("little evidence"),
}  # fmt: skip
GRANTS: dict[str, str] = {
    "pause": N_("Everything passes"), "allowance": N_("Allowed for a while"), "viewing": N_("You are watching"),
}  # fmt: skip
EFFECTS: dict[str, str] = {
    "pass": N_("passed"), "refuse": N_("stopped"), "drop": N_("stopped"), "redirect": N_("answered at home"),
}  # fmt: skip
NAME_SOURCES: dict[str, str] = {
    "sni": N_("said by the device itself"), "quic": N_("said by the device itself"), "http": N_("said by the device itself"),
    "dns": N_("by what it looked up before"),
}  # fmt: skip
EVERYBODY = N_("all devices")
SHOWN_FIRST = (
    Purpose.MESH_SHARING, Purpose.VIDEO, Purpose.VOICE, Purpose.MOTION_EVENT, Purpose.TELEMETRY, Purpose.ADVERTISING,
    Purpose.DIRECT_ADDRESS, Purpose.UNKNOWN, Purpose.MEDIA_STREAMING, Purpose.UPDATE, Purpose.CONTROL, Purpose.ACCOUNT,
    Purpose.CDN, Purpose.TIME, Purpose.CONNECTIVITY_CHECK, Purpose.DNS_ESCAPE, Purpose.LOCAL,
)  # fmt: skip
"""What people came to see comes first."""


def spoken(name: str) -> str:
    """A device's key as people say it: ``front-door`` is ``Front door``; an address stays one."""
    if ":" in name:
        return name
    words = name.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def choices(purpose: Purpose, now: Action) -> tuple[Action, ...]:
    """What may be chosen instead of what holds now."""
    others: tuple[Action, ...] = (Action.BLOCK, Action.ALLOW)
    if purpose in (Purpose.VIDEO, Purpose.VOICE):
        others = (Action.BLOCK, Action.OWNER_ONLY, Action.ALLOW) if purpose is Purpose.VIDEO else others
    if purpose in (Purpose.TIME, Purpose.CONNECTIVITY_CHECK, Purpose.DNS_ESCAPE):
        others = (Action.ANSWER, Action.BLOCK, Action.ALLOW)
    if purpose in (Purpose.UNKNOWN, Purpose.DIRECT_ADDRESS):
        others = (Action.BLOCK, Action.ASK, Action.ALLOW)
    known = Action.BLOCK if now is Action.DROP else now
    return tuple(action for action in others if action is not known)
