"""The composition root: builds the parts once, then loops event -> engine -> commands -> edges.

The packet loop does no disk or YAML work: policies are compiled in a child process, the ledger and the state are written by
threads of their own behind bounded queues.
"""

import gc
import logging
import os
import selectors
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import fields, replace
from typing import Any

from gateway.compilation import Compilation
from gateway.edge.answerer import Answerer
from gateway.edge.asker import Asker
from gateway.edge.clock import is_trusted
from gateway.edge.conntrack import Conntrack
from gateway.edge.control import ControlServer
from gateway.edge.dnsmasq import Dnsmasq
from gateway.edge.health import Health
from gateway.edge.leases import Leases
from gateway.edge.ledger import Ledger
from gateway.edge.ledger_reader import newest_flow_id
from gateway.edge.link import Links, own_addresses, private_networks
from gateway.edge.listener import Listener
from gateway.edge.loop import Loop
from gateway.edge.nfqueue import PacketQueue
from gateway.edge.nft import Nft, RulesetError
from gateway.edge.nft_set import Sets
from gateway.edge.notify import Notifier
from gateway.edge.rawsend import RawSender
from gateway.edge.rest import Rest
from gateway.edge.saver import Saver
from gateway.edge.share import group_number
from gateway.edge.store import Store
from gateway.edge.suffix import read_suffixes
from gateway.edge.sysctl import Sysctls
from gateway.engine import Engine
from gateway.model.assessment import FixedReply
from gateway.model.command import (
    AnswerHere,
    AskAgain,
    Command,
    Erase,
    ForgetRefused,
    LoadRuleset,
    OpenPanel,
    Publish,
    Record,
    ReloadPolicy,
    Reply,
    ResolveName,
    RulesetPlan,
    SaveState,
    SendPacket,
    SetVerdict,
)
from gateway.model.device import Mac
from gateway.model.event import Erased, Event, Now, PolicyChanged, PolicyRefused, Ticked
from gateway.model.policy import Policy
from gateway.ruleset import render, render_dnsmasq
from gateway.settings import Settings
from gateway.wire.dissector import layer_class

log = logging.getLogger("netcurtain")
TICK_S = 0.2
COUNTERS_S = 1.0
"""What turns out to be pictures is cut so soon, where the kernel does not ask before."""
TRIES_S = 2.0
COUNTING_SHARE = 50.0
"""A walk through a large connection table is followed by a rest of so many times its CPU time."""
OUTSIDE_S = 1.0
LEASES_S = 0.05
"""A phone that was given an address uses it at once, and is free only by its lease."""
LISTEN_S = 0.05
"""Nobody waits for what devices say of themselves: it is looked at between packets."""
ANSWERED_S = 3_600.0
"""How long the gateway answers in an address's place, unless it is named again."""
SPIN_S = 200e-6
"""How long to look for the next packet after one."""
JUDGE_S = 0.02
"""How long packets alone may have the loop: clocks and requests come after."""
NICE = -15
GC_THRESHOLDS = (20_000, 50, 1_000)
"""Judging makes few cycles; a full collection walks every flow, for tens of milliseconds."""
FIRST_LAYERS = (("scapy.contrib.stun", "STUN"), ("scapy.contrib.mqtt", "MQTT"), ("scapy.layers.rtp", "RTP"))
"""What a gadget that speaks no TLS speaks most often."""


class App:
    """The gateway process: one thread judges, two others write."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = ExitStack()
        self._loop = Loop(self._serve)
        self._parts.callback(self._loop.close)
        self._started = False
        self._health = Health(self._tell_trouble)
        self._unloaded: LoadRuleset | None = None
        """A generation that the kernel refused, or that is no longer true: it is tried again."""
        self._loaded: LoadRuleset | None = None
        self._old_network: tuple[str, ...] = ()
        self._notifier = Notifier()
        self._counting = Rest(COUNTING_SHARE)
        self._clock_trusted = settings.trust_clock or is_trusted()
        self._execute: dict[type, Callable[[Any], object]] = {
            SendPacket: lambda command: self._raw.send(command.data),
            LoadRuleset: self._load_ruleset,
            AnswerHere: self._answer_here,
            OpenPanel: self._open_panel,
            ForgetRefused: lambda command: self._sets.forget_refused(command),
            AskAgain: self._ask_again,
            ResolveName: lambda command: self._asker.ask(command.name),
            Record: lambda command: self._ledger.put(command.record),
            Publish: self._publish,
            Reply: lambda command: self._control.reply(command),
            Erase: self._erase,
            SaveState: lambda command: self._saver.put(command),
            ReloadPolicy: lambda command: self._policies.start(),
        }

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then leave no rule behind; returns the exit status."""
        with self._parts:
            self._open()
            self._loop.run()
            self._notifier.stopping()
        return 0

    def _open(self) -> None:
        """Build the parts. Where the order matters, the reason stands beside the line."""
        self._policies = Compilation(self._settings.policies, self._loop)  # first: it takes longest, and runs beside the rest
        self._parts.callback(self._policies.close)
        registrable = read_suffixes()
        for module, name in FIRST_LAYERS:  # 0.2 s that no packet shall wait for, while the policy is compiled
            layer_class(module, name)
        with suppress(PermissionError):  # packets wait for this thread; the writers keep their place
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        self._loop.catch(SIGHUP=self._policies.start)
        self._settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o711)  # what is shared is found by its name
        unset = self._open_kernel()
        self._open_books()
        self._start_engine(self._policies.first(), registrable)
        unset += self._sysctls.forward(self._settings.lan, self._settings.wan)  # the ruleset stands: packets may pass
        self._health.set("kernel", "; ".join(unset))
        self._parts.callback(self._save_at_last)  # it runs before all of the above is taken down
        self._loop.read(self._queue, self._judge)  # the ruleset stands: packets may come
        self._start_resolver()  # after the ruleset: no question is answered unjudged
        self._start_beats()
        self._policies.follow(self._take_policy)
        gc.collect()
        gc.set_threshold(*GC_THRESHOLDS)
        gc.freeze()  # tables that live for ever need not be walked by every collection
        self._notifier.ready()
        log.info("the curtain is drawn on %s (epoch %s)", ", ".join(self._settings.lan), self._engine.epoch)

    def _open_kernel(self) -> tuple[str, ...]:
        """Everything that speaks with the kernel; on the way out it is taken down in reverse. Returns what could not be set."""
        settings, parts = self._settings, self._parts
        self._links = Links(settings.lan, settings.wan)
        self._queue = PacketQueue(settings.queue, lan=settings.lan)  # first: a second gateway ends here, and undoes nothing
        parts.callback(self._queue.close)
        self._execute[SetVerdict] = self._queue.send
        self._sysctls = Sysctls(settings.state_dir / "sysctl.json")
        self._nft = Nft(queue=settings.queue, lan=settings.lan)
        parts.callback(self._nft.remove)
        parts.callback(self._sysctls.restore)  # before the ruleset goes: without it nothing is forwarded
        unset = self._sysctls.prepare(settings.lan)  # before the ruleset: every connection is counted
        self._listener = Listener(settings.lan)
        parts.callback(self._listener.close)
        self._raw = RawSender(lan=settings.lan)
        parts.callback(self._raw.close)
        self._conntrack = Conntrack()
        parts.callback(self._conntrack.close)
        self._loop.read(self._conntrack, self._take_counters)
        self._sets = Sets()
        parts.callback(self._sets.close)
        self._loop.read(self._sets, self._take_tries)
        return unset

    def _open_books(self) -> None:
        """State, ledger, and the socket at which they are asked for."""
        settings, parts = self._settings, self._parts
        self._store = Store(settings.state_dir / "state.json")
        self._saver = Saver(self._store)
        self._dnsmasq = Dnsmasq(render_dnsmasq, settings, settings.state_dir)
        self._leases = Leases(self._dnsmasq.lease_file)
        parts.callback(self._saver.close)
        path = settings.state_dir / "ledger.db"
        self._newest_id = newest_flow_id(path)
        group = group_number(settings.control_group)
        self._ledger = Ledger(
            path,
            days=settings.ledger_days,
            months=settings.ledger_months,
            may_prune=lambda: self._clock_trusted,
            group=group,
        )
        parts.callback(self._ledger.close)
        self._control = ControlServer(settings.control, self._loop.selector, group=group)
        parts.callback(self._control.close)

    def _start_resolver(self) -> None:
        self._answerer = Answerer(self._settings.answer_port)
        self._parts.callback(self._answerer.stop)
        self._answerer.start(self._replies)  # it comes up while the resolver is waited for
        self._parts.callback(self._dnsmasq.stop)
        self._dnsmasq.start()

    def _start_beats(self) -> None:
        self._loop.every(TICK_S, self._tick)
        self._loop.every(COUNTERS_S, self._ask_for_counters)
        self._loop.every(TRIES_S, self._sets.request)
        self._loop.every(LEASES_S, self._look_at_leases)
        self._loop.every(LISTEN_S, self._listen)
        self._loop.every(OUTSIDE_S, self._look_outside)
        self._loop.every(self._notifier.watchdog_s, self._notifier.alive)
        self._started = True

    def _start_engine(self, policy: Policy, registrable: Callable[[str], str]) -> None:
        """Adopt the ruleset that stands if it is of this policy; else begin a new epoch."""
        epoch, digest = self._nft.adopt() or (0, "")
        self._asker = Asker()
        self._parts.callback(self._asker.close)
        self._loop.read(self._asker, self._take_names)
        self._engine = Engine(
            policy,
            epoch=epoch,
            first_id=max(self._newest_id, int(time.time() * 1_000) << 11),  # the clock may have gone back
            registrable=registrable,
            names_grace_s=self._settings.names_grace_s,
            trial_s=self._settings.manner_trial_s,
            set_up_s=self._settings.newcomers_set_up_s,
            set_up_first_s=self._settings.newcomers_first_s,
        )
        self._replies = _replies_of(policy)
        self._look_at_own_addresses()
        saved, leases = self._store.read(), self._leases.read()  # whom the kernel lets pass rests on the leases
        self._do(self._engine.start(saved, self._now(), resume=digest == policy.digest, leases=leases))
        self._health.set("saved state", self._store.damage)

    def _serve(self, key: selectors.SelectorKey, mask: int) -> None:
        for asked in self._control.handle(key, mask):
            self._handle(asked)

    def _judge(self) -> None:
        """The hot path: queued packets -> verdicts.

        A packet seldom comes alone, so it looks again for a moment before it sleeps: being woken costs more than judging.
        """
        began = quiet_since = time.perf_counter()
        while True:
            if self._queue.waits():
                self._judge_waiting()
                self._do(self._engine.report(self._now()))  # only now: a waiting packet comes before its record
                quiet_since = time.perf_counter()
            else:
                os.sched_yield()  # where cores are few, whom we wait for may be waiting for this one
            now = time.perf_counter()
            if now - quiet_since > SPIN_S or now - began > JUDGE_S:
                return

    def _judge_waiting(self) -> None:
        found = self._queue.receive()
        handle, now = self._engine.handle, self._now()
        self._do([command for event in found for command in handle(event, now)])

    def _handle(self, event: Event) -> None:
        now = self._now()
        self._do(self._engine.handle(event, now))
        self._do(self._engine.report(now))

    def _do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self._execute[type(command)](command)

    def _now(self) -> Now:
        return Now(time.monotonic(), time.time(), self._clock_trusted)

    def _tick(self) -> None:
        self._handle(Ticked())
        for mac in self._ledger.take_erased():
            self._handle(Erased(mac=Mac(mac)))
        self._policies.look()

    def _ask_for_counters(self) -> None:
        """One walk through the connection table at a time; it comes in chunks, between packets."""
        if not self._conntrack.reading and self._counting.is_over:
            self._conntrack.request()

    def _take_counters(self) -> None:
        with self._counting.work():
            if (read := self._conntrack.receive()) is not None:
                self._handle(read)
        if not self._conntrack.reading:
            self._counting.begin()

    def _take_tries(self) -> None:
        if (read := self._sets.receive()) is not None:
            self._handle(read)

    def _take_names(self) -> None:
        for resolved in self._asker.receive():
            self._handle(resolved)

    def _look_at_leases(self) -> None:
        for lease in self._leases.read():
            self._handle(lease)

    def _listen(self) -> None:
        now = self._now()
        for heard in self._listener.receive(now.mono):
            self._do(self._engine.handle(heard, now))

    def _look_outside(self) -> None:
        """What may have changed without telling: our own addresses, the clock, the health of what we depend on."""
        self._look_at_own_addresses()
        self._look_at_links()
        if self._unloaded is not None:
            self._load_ruleset(self._unloaded)
        self._clock_trusted = self._settings.trust_clock or is_trusted()
        self._dnsmasq.watch()
        self._health.set("resolver", self._dnsmasq.trouble)
        self._health.set("answers", "; ".join(self._answerer.watch()))
        self._health.set("ledger", self._ledger.trouble(), lost=self._ledger.dropped)
        self._health.set("state", self._saver.last_error)

    def _look_at_links(self) -> None:
        """An interface that came anew has another number, and the kernel's own settings."""
        for name, trouble in self._links.troubles().items():
            self._health.set(f"interface {name}", trouble)
        if self._links.renewed():
            self._queue.find_interfaces()
            self._listener.find_interfaces()
            self._health.set("kernel", "; ".join(self._sysctls.forward(self._settings.lan, self._settings.wan)))

    def _look_at_own_addresses(self) -> None:
        addresses = own_addresses(self._settings.lan)
        self._engine.set_own_addresses(addresses)
        if private_networks(self._links.upstream()) != self._old_network and self._unloaded is None:
            self._unloaded = self._loaded
        self._asker.use(addresses)

    def _load_ruleset(self, command: LoadRuleset) -> None:
        settings = self._settings
        terms: dict[str, Any] = {field.name: getattr(command, field.name) for field in fields(command)}
        terms |= {"lan": settings.lan, "wan": settings.wan, "answer_port": settings.answer_port, "queue": settings.queue}
        self._unloaded, self._loaded = None, command
        terms["old_network"] = self._old_network = private_networks(self._links.upstream())
        try:
            fast = self._nft.fast_interfaces(settings.lan + settings.wan)
            plan = RulesetPlan(native_queue=self._nft.native_queue, bridges=self._nft.bridges, flowtable=fast, **terms)
            slow = render(replace(plan, flowtable=())) if fast else ""  # packets wait meanwhile: never the same text twice
            self._nft.load(render(plan), otherwise=slow)
        except RulesetError as err:
            if not self._started:
                raise  # at the start there is no last generation that could stay
            self._unloaded = command
            self._health.set("ruleset", f"the kernel refused a new generation, the last one stays: {err}")
        else:
            self._health.set("ruleset", "")

    def _answer_here(self, command: AnswerHere) -> None:
        """Without it a check goes the way of every other flow."""
        with self._health.watch("answered addresses", "plain HTTP cannot be turned round"):
            self._sets.add_answer(command, timeout_s=ANSWERED_S)

    def _open_panel(self, command: OpenPanel) -> None:
        """The kernel ends it, whatever becomes of this process."""
        with self._health.watch("first contact", "who may reach the panel cannot be changed"):
            self._sets.open_panel(command)

    def _erase(self, command: Erase) -> None:
        """What DHCP knows first: a device that asks again meanwhile is new there, too."""
        with self._health.watch("leases", "one of a device that was forgotten stands there until it ends"):
            self._dnsmasq.forget(command.mac)
        self._ledger.erase(command)

    def _ask_again(self, command: AskAgain) -> None:
        """The mark first: what comes back from the way past the chains meets the new one."""
        with self._health.watch("second looks", "a connection that is something else by now goes on as it was"):
            self._conntrack.ask_again(command.key)
            if command.settled:
                self._nft.empty_flowtable()

    def _publish(self, command: Publish) -> None:
        if self._control.subscribers:
            self._control.publish(command)

    def _save_at_last(self) -> None:
        self._do(self._engine.stop(self._now()))
        self._saver.close()

    def _tell_trouble(self, trouble: dict[str, Any], is_new: bool) -> None:
        """Show it in ``status``, and tell those who listen."""
        if is_new:
            self._engine.report_problem(trouble)
        self._publish(Publish(kind="problem", data=trouble))

    def _take_policy(self, event: PolicyChanged | PolicyRefused) -> None:
        self._handle(event)
        if isinstance(event, PolicyChanged):
            self._answerer.say(_replies_of(event.policy))


def _replies_of(policy: Policy) -> tuple[FixedReply, ...]:
    return tuple(reply for replies in policy.catalogue.replies.values() for reply in replies)
