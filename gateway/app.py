"""The composition root: builds the parts once, then loops event -> engine -> commands -> edges.

The packet loop does no disk or YAML work: policies are compiled in a child process, the ledger and the state are written by
threads of their own behind bounded queues.
"""

import gc
import ipaddress
import json
import logging
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from gateway.edge.conntrack import Conntrack
from gateway.edge.control import ControlServer
from gateway.edge.dnsmasq import Dnsmasq
from gateway.edge.leases import Leases
from gateway.edge.ledger import Ledger
from gateway.edge.nfqueue import PacketQueue
from gateway.edge.nft import Nft
from gateway.edge.notify import Notifier
from gateway.edge.rawsend import RawSender
from gateway.edge.store import Store
from gateway.edge.sysctl import Sysctls
from gateway.edge.watch import Watch
from gateway.edge.worker import Finished, Worker
from gateway.engine import Engine
from gateway.model.command import (
    Command,
    LoadRuleset,
    Publish,
    Record,
    ReloadPolicy,
    Reply,
    RulesetPlan,
    SaveState,
    SendPacket,
    SetVerdict,
)
from gateway.model.event import Event, Now, PolicyChanged, PolicyRefused, Ticked
from gateway.model.policy import Policy
from gateway.model.record import FlowRecord
from gateway.policy import codec
from gateway.ruleset import render
from gateway.settings import Settings

log = logging.getLogger("netcurtain")
TICK_S = 0.2
COUNTERS_S = 2.0


class App:
    """The gateway process: one thread judges, others write."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._running = True
        self._exit_status = 0
        self._due: dict[Callable[[], None], tuple[float, float]] = {}
        """What is done on a beat -> (interval in seconds, monotonic time when it is due)."""
        self._execute: dict[type, Callable[[Any], None]] = {
            SetVerdict: self._set_verdict,
            SendPacket: self._send_packet,
            LoadRuleset: self._load_ruleset,
            Record: self._record,
            Publish: self._publish,
            Reply: self._reply,
            SaveState: self._save_state,
            ReloadPolicy: self._reload,
        }

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; returns the exit status."""
        try:
            self._open()
            self._serve()
        finally:
            self._close()
        return self._exit_status
