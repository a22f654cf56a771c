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
    """The gateway process: one thread judges, two others write."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._selector = selectors.DefaultSelector()
        self._running = True
        self._beats: list[Beat] = []
        self._problems: set[str] = set()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self._saving: Future[None] | None = None
        self._parts = ExitStack()
        self._execute: dict[type, Callable[[Any], None]] = {
            SendPacket: lambda command: self._raw.send(command.data),
            LoadRuleset: self._load_ruleset,
            Record: lambda command: self._ledger.put(command.record),
            Publish: self._publish,
            Reply: lambda command: self._control.reply(command),
            SaveState: self._save_state,
            ReloadPolicy: lambda command: self._compile(),
        }

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then leave no rule behind; returns the exit status."""
        with self._parts:
            self._open()
            while self._running:
                self._turn()
            self._notifier.stopping()
        return 0

    def _open(self) -> None:
        """Build the parts. Where the order matters the reason stands beside the line."""
        settings, parts = self._settings, self._parts
        parts.callback(self._selector.close)
        self._notifier = Notifier()
        state_dir = settings.state_dir
        state_dir.mkdir(parents=True, exist_ok=True)
        self._store = Store(state_dir / "state.json")
        self._worker = Worker("gateway.policy.compile")
        parts.callback(self._worker.close)
        self._worker.start(self._policy_directories())  # first: it takes longest, and runs beside the rest
        self._watch_signals()
        self._sysctls = Sysctls(state_dir / "sysctl.json")
        parts.callback(self._sysctls.restore)
        self._sysctls.set(settings.lan)  # before the ruleset: connections counted from the first
        self._nft = Nft(queue=settings.queue, lan=settings.lan)
        parts.callback(self._nft.remove)
        adopted = self._nft.adopt()
        self._queue = PacketQueue(settings.queue, lan=settings.lan)
        parts.callback(self._queue.close)
        self._raw = RawSender()
        parts.callback(self._raw.close)
        self._conntrack = Conntrack()
        parts.callback(self._conntrack.close)
        self._ledger = Ledger(state_dir / "ledger.db", days=settings.ledger_days)
        parts.callback(self._ledger.close)
        self._control = ControlServer(settings.control, self._selector)
        parts.callback(self._control.close)
        self._leases = Leases(state_dir / "dnsmasq.leases")
        policy = self._first_policy()
        self._engine = Engine(policy, epoch=adopted[0] if adopted else 0, first_id=int(time.time() * 1000) << 11)
        self._engine.set_own_addresses(own_addresses(settings.lan))
        resume = adopted is not None and adopted[1] == policy.digest
        self._do(self._engine.start(self._read_state(), self._now(), resume=resume))
        parts.callback(self._save_at_last)  # runs before all of the above is taken down
        self._selector.register(self._queue, selectors.EVENT_READ, self._judge)  # the ruleset stands: now packets may come
        self._dnsmasq = Dnsmasq(settings, state_dir)
        parts.callback(self._dnsmasq.stop)
        self._dnsmasq.start()  # after the ruleset: no question is answered unjudged
        self._watch = Watch(self._watched_directories())
        parts.callback(self._watch.close)
        self._selector.register(self._watch, selectors.EVENT_READ, self._watch.receive)
        self._beats = [
            Beat(TICK_S, self._tick),
            Beat(COUNTERS_S, lambda: self._handle(self._conntrack.read())),
            Beat(LEASES_S, self._read_outside),
            Beat(self._notifier.watchdog_s, self._notifier.alive),
        ]
        gc.freeze()  # tables that live for ever need not be walked by every collection
        self._notifier.ready()
        log.info("ready: %s judged in epoch %s", ", ".join(settings.lan), self._engine.epoch)

    def _turn(self) -> None:
        """Wait for something to do, and do it."""
        now = time.monotonic()
        due = min(beat.due for beat in self._beats)
        for key, mask in self._selector.select(max(0.0, due - now)):
            if callable(key.data):
                key.data()
            else:
                for asked in self._control.handle(key, mask):
                    self._handle(asked)
        now = time.monotonic()
        for beat in self._beats:
            if beat.due <= now:
                beat.due = now + beat.interval_s
                beat.do()

    def _judge(self) -> None:
        """The hot path: queued packets -> verdicts."""
        handle, send = self._engine.handle, self._queue.send
        for event in self._queue.receive():
            for command in handle(event, self._now()):
                if type(command) is SetVerdict:
                    send(command)
                else:
                    self._execute[type(command)](command)

    def _handle(self, event: Event) -> None:
        self._do(self._engine.handle(event, self._now()))

    def _do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if type(command) is SetVerdict:
                self._queue.send(command)
            else:
                self._execute[type(command)](command)

    def _now(self) -> Now:
        return Now(time.monotonic(), time.time(), self._clock_trusted)

    def _tick(self) -> None:
        self._handle(Ticked())
        if self._watch.settled():
            self._compile()
        for problem in self._dnsmasq.watch():
            self._problem("resolver", problem)

    def _read_outside(self) -> None:
        """What may have changed without telling: leases, our own addresses, the clock, the ledger's health."""
        for lease in self._leases.read():
            self._handle(lease)
        self._engine.set_own_addresses(own_addresses(self._settings.lan))
        self._clock_trusted = self._settings.trust_clock or is_trusted()
        if self._ledger.last_error:
            self._problem("ledger", f"{self._ledger.last_error}; {self._ledger.dropped} rows lost so far")

    def _load_ruleset(self, command: LoadRuleset) -> None:
        plan = RulesetPlan(
            lan=self._settings.lan,
            wan=self._settings.wan,
            epoch=command.epoch,
            digest=command.digest,
            free=command.free,
            fault_open=command.fault_open,
            owners=command.owners,
            native_queue=self._nft.native_queue,
            queue=self._settings.queue,
        )
        self._nft.load(render(plan))

    def _publish(self, command: Publish) -> None:
        if self._control.subscribers == 0:
            return
        data = command.data.eve() if isinstance(command.data, FlowRecord) else command.data
        self._control.publish(Publish(kind=command.kind, data=data))

    def _save_state(self, command: SaveState) -> None:
        if self._saving is not None and self._saving.done() and (error := self._saving.exception()) is not None:
            self._problem("state", str(error))
        self._saving = self._writer.submit(self._store.write, command.state)

    def _save_at_last(self) -> None:
        self._do(self._engine.stop(self._now()))
        self._writer.shutdown()

    def _read_state(self) -> dict[str, Any]:
        return self._store.read()

    def _problem(self, what: str, message: str) -> None:
        """Log a problem once, and show it in ``status``."""
        if message in self._problems:
            return
        self._problems.add(message)
        log.error("%s: %s", what, message)
        problem: dict[str, Any] = {"what": what, "message": message, "at": time.time()}
        self._engine.report_problem(problem)
        self._publish(Publish(kind="problem", data=problem))

    def _policy_directories(self) -> list[str]:
        return [str(directory) for directory in self._settings.policies]

    def _watched_directories(self) -> list[Path]:
        return list(self._settings.policies)

    def _compile(self) -> None:
        """Compile the policy files in a child; its result arrives as an event."""
        if self._worker.busy:
            self._compile_again = True
            return
        output = self._worker.start(self._policy_directories())
        self._selector.register(output, selectors.EVENT_READ, lambda: self._compiled(output))

    def _compiled(self, output: int) -> None:
        finished = self._worker.receive()
        if finished is None:
            return
        self._selector.unregister(output)
        self._handle(self._policy_event(finished))
        if self._compile_again:
            self._compile_again = False
            self._compile()
