"""The closed list of purposes a flow can have."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a flow is for. The order is part of the connection mark (``number``): append, never insert."""

    CONTROL = "control"
    VIDEO = "video"
    VOICE = "voice"
    MOTION_EVENT = "motion-event"
    TELEMETRY = "telemetry"
    MESH_SHARING = "mesh-sharing"
    ADVERTISING = "advertising"
    UPDATE = "update"
    TIME = "time"
    CONNECTIVITY_CHECK = "connectivity-check"
    MEDIA_STREAMING = "media-streaming"
    ACCOUNT = "account"
    CDN = "cdn"
    DNS_ESCAPE = "dns-escape"
    LOCAL = "local"
    DIRECT_ADDRESS = "direct-address"
    UNKNOWN = "unknown"

    @property
    def number(self) -> int:
        """1 … 127: the purpose as it stands in the connection mark; 0 there means "none"."""
        return _NUMBER[self]


_NUMBER = {purpose: number for number, purpose in enumerate(Purpose, start=1)}
BY_NUMBER = {number: purpose for purpose, number in _NUMBER.items()}
BY_TEXT = {str(purpose): purpose for purpose in Purpose}
"""As it is written in files, records and tables."""
