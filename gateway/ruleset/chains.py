"""The chains, as they stand in every generation of the ruleset. What differs between two of them is in ``nftables``.

The path of a packet from a curtain interface, by hook and priority::

    prerouting  mangle - 10   arrive      what an early SYN may say; DNS queries of managed devices, and requests for our own
                                          time: ask
                mangle        (queue)
                dstnat        steer       DNS -> our resolver; plain HTTP that we answer ourselves
    forward     mangle - 10   ask         what has no judgement of this epoch: ask
                mangle        (queue)
                filter        judge       verdict -> connection mark; whatever is not let out is denied
    input       filter        gateway     what the gateway itself offers, and to whom; DNS: verdict -> connection mark
    output      raw           own_answers packets that we made ourselves
                filter        own_errors  what the gateway's kernel complains about to the internet
                mangle - 10   ask_answer  DNS answers to managed devices: ask
                mangle        (queue)
                mangle + 10   answered
    postrouting srcnat        to_wan      masquerade

Two rules hold for all of it. A packet is *asked about* while bit 0 of its mark is set; only a verdict clears that bit, so a
missing listener, a full queue or a missing queue rule all end in ``unjudged``. And no mark of ours outlives the last chain
that needs it, since other people's routing rules read marks too.
"""

PREROUTING = """\
  chain arrive {
    type filter hook prerouting priority mangle - 10; policy accept;
    # The bulk of all traffic: a flow that may pass in this epoch.
    ct mark & $PASSING_MASK == $PASSING return
    iifname != $LAN return
    # Before the gateway itself could answer such a packet: its complaint would carry a quote out to whoever is the source.
    ip6 saddr != { ::, fe80::/10 } fib saddr . iif oif missing drop
    tcp flags & (syn | ack) == syn jump early_syn
    meta l4proto { tcp, udp } th dport vmap { 53 : goto ask_dns, 123 : goto ask_clock }
  }
  chain early_syn {
    ether saddr . ip saddr @free return
    ether saddr @free6 meta nfproto ipv6 return
    # No system's own options need more room; others are read by the judge.
    tcp doff > 11 drop
    # Without the option no client gets a cookie, so none tries to put data into its SYN (RFC 7413).
    reset tcp option fastopen
    # Numbers that mean nothing yet.
    tcp ackseq set 0
    tcp urgptr set 0
    tcp option timestamp tsecr set 0
    # Further paths of a connection would be connections that nobody judged (RFC 8684).
    reset tcp option mptcp
  }
  chain ask_dns {
    fib saddr . iif oif missing drop
    meta mark set 0
    ether saddr . ip saddr @free return
    ether saddr @free6 meta nfproto ipv6 return
    # Here, where the server is still the one that was asked: a reset after the redirect does not find its way back.
    meta l4proto tcp reject with tcp reset
    ether saddr @known update @queries { ether saddr limit rate over 100/second burst 200 packets } goto flood
    ether saddr != @known limit rate over 50/second burst 100 packets goto flood
    meta mark set 0x1
  }
  chain ask_clock {
    meta l4proto != udp return
    fib daddr type != local return
    fib saddr . iif oif missing drop
    ether saddr @known update @queries { ether saddr limit rate over 100/second burst 200 packets } goto flood
    ether saddr != @known limit rate over 50/second burst 100 packets goto flood
    meta mark set 0x1
  }
  chain flood {
    # Who sends more than a gadget has to say pays with its own packets; nobody waits behind it.
    update @flooded { ether saddr }
    drop
  }
  chain steer {
    type nat hook prerouting priority dstnat; policy accept;
    iifname != $LAN return
    ether saddr . ip saddr @free return
    ether saddr @free6 meta nfproto ipv6 return
    udp dport 53 redirect
    tcp dport 80 ether saddr . ip daddr @answered4 redirect to :$ANSWER_PORT
    tcp dport 80 ether saddr . ip6 daddr @answered6 redirect to :$ANSWER_PORT
  }
"""

FORWARD = """\
  chain ask {
    type filter hook forward priority mangle - 10; policy accept;
    iifname != $LAN return
    ct state established ct mark & $EMASK == $EPOCH goto known_flow
    ether saddr . ip saddr @free oifname != $LAN goto unasked
    ether saddr @free6 meta nfproto ipv6 oifname != $LAN goto unasked
    meta mark set 0
    # Neighbours on one bridge find each other; conntrack does not follow that, and router advertisements do not pass.
    oifname $LAN icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } return
    @nh,0,8 != $BARE_IPV4 jump headers
    # The middle of a connection that we do not know (a reboot): a reset makes the device come again, silence hangs it.
    ct state invalid meta l4proto tcp goto refuse
    ct state invalid,untracked drop
    tcp flags & (syn | ack) == syn @ih,0,8 >= 0 drop
    # Nobody sends under an address that is not here; later packets of a flow are tied to its hardware address.
    ct state new fib saddr . iif oif missing drop
    # An ICMP error quotes the packet it is about: payload that nobody judges, and an end point needs to send none.
    ct state related drop
    ct state new jump newcomer
    ct mark & $EMASK == $EPOCH goto known_flow
    # Its handshake passed before this epoch; what its server acknowledged is known all the same.
    meta l4proto tcp ct direction original @ih,0,8 >= 0 ct id . tcp sequence @begun goto begins
    goto again
  }
  chain newcomer {
    # Refused before, and nothing has changed: the kernel says so by itself.
    meta l4proto { tcp, udp } jump refused_before
    ether saddr != @known limit rate over 50/second burst 100 packets goto flood
    ether saddr @known update @newcomers { ether saddr limit rate over 100/second burst 200 packets } goto flood
    ether saddr @known add @connections { ether saddr ct count over 1000 } goto flood
    tcp flags & (fin | syn | rst | ack) == syn goto opens
  }
  chain refused_before {
    ether saddr . ip daddr . meta l4proto . th dport @refused4 goto refuse
    ether saddr . ip6 daddr . meta l4proto . th dport @refused6 goto refuse
    ether saddr . ip daddr . meta l4proto . th dport @silenced4 drop
    ether saddr . ip6 daddr . meta l4proto . th dport @silenced6 drop
  }
  chain headers {
    # Room for bytes that no judge reads: IPv4 options, IPv6 extension headers. True fragments are whole here, and have lost
    # their header.
    ip hdrlength > 5 drop
    ip6 nexthdr { 0, 43, 44, 51, 60, 135, 139, 140 } drop
  }
  chain unasked {
    # Never queued, whatever marks others use.
    meta mark & 0x1 == 0x1 meta mark set meta mark & 0xfffffffe
  }
  chain known_flow {
    @nh,0,8 != $BARE_IPV4 jump headers
    # A flow belongs to the hardware address it was judged for; answers within the home come from another one.
    ct direction reply goto known_answer
    meta mark set ct mark & $DMASK
    ether saddr . meta mark != @owner_of drop
    meta mark set 0
    ct mark & $LET_OUT_BIT != $LET_OUT_BIT goto handshake
    # What goes up counts, and only what says something: acknowledgements of a download are free.
    meta l4proto != tcp goto says
    @ih,0,8 >= 0 goto says
    # Nothing but an acknowledgement, and its time.
    @th,96,16 0x8010 return
    # Ports that are used again before anybody saw the end: another connection.
    tcp flags & (fin | syn | rst | ack) == syn goto again
    # What is free has no room for more than a time, and what came after a gap (RFC 2018).
    tcp doff > 8 tcp option sack missing drop
  }
  chain known_answer {
    meta mark set 0
    goto handshake
  }
  chain handshake {
    ct mark & $CMASK vmap $HANDSHAKES
  }
  chain says {
    ct mark & $CMASK vmap $NEXT_LOOK
  }
  chain undecided {
    meta l4proto != tcp goto again
    tcp flags & (syn | ack) == syn @ih,0,8 >= 0 drop
    # True only where there is payload.
    @ih,0,8 >= 0 goto speaks
    # It may call a byte urgent that comes later: the server then reads other bytes than the judge.
    tcp flags & urg == urg drop
    # Handshake and goodbye need a handful of empty segments, and no options but timestamps: more is a channel of its own.
    ct original packets > 24 drop
    ct direction reply tcp flags & (syn | ack) == (syn | ack) jump greeting
    ct mark & $CMASK == $WELCOME tcp flags & (syn | ack) == syn jump usual_syn
    # The options of a SYN are for the judge to read.
    tcp flags & syn == syn goto again
    tcp doff > 8 drop
    tcp doff > 5 tcp option timestamp missing drop
  }
  chain arrives {
    # What is judged arrives: a packet that dies on its way could be said anew in other words.
    ip ttl < 64 ip ttl set 64
    ip6 hoplimit < 64 ip6 hoplimit set 64
  }
$LOOKS
  chain look_again {
    ct id @looked goto limited
    add @looked { ct id }
    goto again
  }
  chain limited {
    ct mark & $BUDGET_MASK @spent goto overspent
    ct mark & $BUDGET_MASK vmap @flow_budget
    ct mark & $BUDGET_MASK vmap @purpose_budget
  }
  chain overspent {
    jump seldom
    meta mark set ct mark & $NO_CLASS
    meta mark set meta mark | $ASK_SPENT
  }
  chain again {
    jump seldom
    jump arrives
    meta mark set ct mark
    meta mark set meta mark | 0x1
  }
  chain seldom {
    # Whatever is asked about costs the judge time: so much of it is for each device, and as much for all strangers together.
    ether saddr @known update @askers { ether saddr limit rate over 500/second burst 1000 packets } goto flood
    ether saddr != @known limit rate over 100/second burst 200 packets goto flood
  }
  chain judge {
    type filter hook forward priority filter; policy accept;
    # It may pass, and was not asked about: what it sends was counted.
    ct mark & $PASSING_MASK == $PASSING meta mark 0 $PASSES
    iifname != $LAN goto inbound
    # Without a mark it was not asked about, and what was judged before holds.
    ct state established meta mark 0 ct mark & $EMASK == $EPOCH goto judged
    ether saddr . ip saddr @free oifname != $LAN accept
    ether saddr @free6 meta nfproto ipv6 oifname != $LAN accept
    oifname $LAN icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    meta mark & 0x1 == 0x1 goto unjudged
    meta mark & $EMASK == $EPOCH ct mark set meta mark
    meta mark set 0
    ct mark & $EMASK != $EPOCH drop
    goto judged
  }
  chain judged {
    ct mark & $CMASK vmap $VERDICTS
    # A question that went past the redirect, on ports that were used before there was one: asked anew, it is turned round.
    goto refuse
  }
  chain unjudged {
    # Judged flows go on without their next look; a budget that is spent stays spent.
    ct mark & $EMASK == $EPOCH meta mark & $CMASK vmap $UNSEEN_LOOKS
    meta mark set 0
    ether saddr @fault_open accept
    goto refuse
  }
  chain unseen_look {
    meta mark set 0
    goto charged
  }
  chain charged {
    ct direction reply accept
    ct mark & $BUDGET_MASK vmap @purpose_budget
    accept
  }
  chain spend {
    # The packet that does not fit any more is lost; when it comes again it is asked about.
    update @spent { ct mark & $BUDGET_MASK }
    drop
  }
  chain remember {
    update @refused4 { ether saddr . ip daddr . meta l4proto . th dport }
    update @refused6 { ether saddr . ip6 daddr . meta l4proto . th dport }
    goto refuse
  }
  chain silence {
    update @silenced4 { ether saddr . ip daddr . meta l4proto . th dport }
    update @silenced6 { ether saddr . ip6 daddr . meta l4proto . th dport }
    drop
  }
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx type admin-prohibited
  }
  chain inbound {
    # What answers a flow that was judged in this epoch: its class says the rest.
    ct direction reply ct mark & $EMASK == $EPOCH goto answered_flow
    # A device of the curtain, on an interface of another name: it was renamed while it was up.
    ether saddr @known drop
    # What neither comes from the curtain nor goes there is not ours.
    oifname != $LAN return
    ct state established,related accept
    drop
  }
  chain answered_flow {
    ct mark & $CMASK vmap $ANSWERS
    ct state established,related accept
    drop
  }
  chain unanswered {
    # Tells the server too, as soon as it speaks.
    meta l4proto tcp reject with tcp reset
    drop
  }
"""

INPUT = """\
  chain dns_judged {
    ether saddr . ip saddr @free return
    ether saddr @free6 meta nfproto ipv6 return
    meta mark & 0x1 == 0x1 goto dns_unjudged
    # A verdict of the epoch before this one still counts: dropping it would cost a stub seconds, and what the answer leads
    # to is judged anew anyway.
    ct mark set meta mark
    meta mark set 0
  }
  chain dns_unjudged {
    meta mark set 0
    ether saddr @fault_open return
    reject with icmpx type admin-prohibited
  }
  chain from_lan {
    ip6 saddr != :: fib saddr . iif oif missing drop
    # DHCP believes the address inside the message: it is the one that sends, or one that nobody is yet.
    udp dport 67 ether saddr @known ether saddr . @ih,224,48 != @dhcp_of drop
    udp dport 67 @ih,224,48 @stations ether saddr . @ih,224,48 != @dhcp_of drop
    udp dport 53 jump dns_judged
    udp dport 123 meta mark set 0
    udp dport { 53, 67, 123, 547 } accept
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept
    icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept
    # Conversations that the gateway began.
    ct state established,related ct direction reply accept
    # What was turned round on its way out; whoever asks for that port by itself is refused.
    ct status dnat tcp dport $ANSWER_PORT accept
    ether saddr . ip saddr @free goto from_trusted
    ether saddr @free6 meta nfproto ipv6 goto from_trusted
    # Multicast and broadcast: nobody waits for an answer.
    fib daddr type != local drop
    # First contact: while the box has no owner its panel answers everybody, then whoever has claimed it. The sets' elements end
    # by themselves, whoever has died meanwhile.
    tcp dport @first_contact accept
    ether saddr @claimant tcp dport { 80, 443 } accept
    # Who was told that a name leads here is seen nowhere else.
    meta l4proto { tcp, udp } ether saddr @known update @knocked { ether saddr . meta l4proto }
    goto refuse
  }
  chain from_trusted {
    tcp dport 53 accept
    goto from_household
  }
  chain from_household {
    icmp type echo-request accept
    icmpv6 type echo-request accept
    meta l4proto . th dport @services accept
    fib daddr type != local drop
    goto refuse
  }
  chain from_wan {
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, mld-listener-query } accept
    # Answers of a DHCP server, which conntrack does not tie to the broadcast that asked.
    udp dport { 68, 546 } accept
    # The private networks that we ourselves are in upstream are the home's old one: its people reach the panel and their
    # shell, whatever conntrack knows of the session, so that starting the curtain cuts nobody off. Not every private address:
    # a provider's other customers have some too.
    ip saddr @old_network4 goto from_household
    ip6 saddr @old_network6 goto from_household
    drop
  }
"""

OUTPUT = """\
  chain own_errors {
    type filter hook output priority filter; policy accept;
    # What our kernel complains about to the internet quotes what a device sent, whatever source that claimed to be.
    oifname $LAN return
    oifname "lo" return
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } drop
    icmp type { destination-unreachable, time-exceeded, parameter-problem } drop
  }
  chain own_answers {
    type filter hook output priority raw; policy accept;
    # Conntrack must not see them: a reverse entry would let the device's next query slip past the redirect.
    meta mark $OWN_ANSWER notrack meta mark set 0
  }
  chain ask_answer {
    type filter hook output priority mangle - 10; policy accept;
    oifname $LAN udp sport 53 ct mark != 0 goto ask_about_answer
  }
  chain ask_about_answer {
    meta mark set ct mark
    meta mark set meta mark | 0x1
  }
  chain answered {
    type filter hook output priority mangle + 10; policy accept;
    oifname $LAN udp sport 53 ct mark != 0 meta mark set 0
  }
"""
