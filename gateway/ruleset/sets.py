"""The sets of our tables: what stands in every generation of the ruleset, and what each says anew.

``flush table`` leaves sets alone, so a change here needs a new ``SCHEMA``. A dynamic set that is full ends the rule that would
add to it: each is larger than the roster, 254 devices, times 17 purposes where a purpose is part of the key.
"""

SETS = """\
  set free { type ether_addr . ipv4_addr; }
  set free6 { type ether_addr; }
  set fault_open { type ether_addr; }
  set owner_of { type ether_addr . mark; }
  set known { type ether_addr; }
  set stations { typeof @ih,224,48; }
  set dhcp_of { typeof ether saddr . @ih,224,48; }
  set old_network4 { type ipv4_addr; flags interval; auto-merge; }
  set old_network6 { type ipv6_addr; flags interval; auto-merge; }
  set refused4 {
    type ether_addr . ipv4_addr . inet_proto . inet_service; size 8192; flags dynamic,timeout; timeout 30s; counter;
  }
  set refused6 {
    type ether_addr . ipv6_addr . inet_proto . inet_service; size 8192; flags dynamic,timeout; timeout 30s; counter;
  }
  set silenced4 {
    type ether_addr . ipv4_addr . inet_proto . inet_service; size 8192; flags dynamic,timeout; timeout 30s; counter;
  }
  set silenced6 {
    type ether_addr . ipv6_addr . inet_proto . inet_service; size 8192; flags dynamic,timeout; timeout 30s; counter;
  }
  set answered4 { type ether_addr . ipv4_addr; size 8192; flags timeout; timeout 1h; }
  set answered6 { type ether_addr . ipv6_addr; size 8192; flags timeout; timeout 1h; }
  set welcome4 { type ether_addr . ipv4_addr . ipv4_addr; size 8192; flags dynamic,timeout; timeout 10m; }
  set welcome6 { type ether_addr . ipv6_addr . ipv6_addr; size 8192; flags dynamic,timeout; timeout 10m; }
  map welcome_mark { type ether_addr : mark; }
  set greeted { typeof ct id; size 65536; flags dynamic,timeout; timeout 5m; }
  set begun { typeof ct id . tcp sequence; size 65536; flags dynamic,timeout; timeout 5m; }
  set reading { typeof ct id; size 65536; flags dynamic,timeout; timeout 1m; }
  set newcomers { type ether_addr; size 512; flags dynamic,timeout; timeout 1m; }
  set askers { type ether_addr; size 512; flags dynamic,timeout; timeout 1m; }
  set queries { type ether_addr; size 512; flags dynamic,timeout; timeout 1m; }
  set connections { type ether_addr; size 512; flags dynamic; }
  set knocked { type ether_addr . inet_proto; size 1024; flags dynamic; counter; }
  set flooded { type ether_addr; size 512; flags dynamic; counter; }
  set first_contact { type inet_service; flags timeout; }
  set claimant { type ether_addr; flags timeout; }
  set looked { typeof ct id; size 8192; flags dynamic,timeout; timeout 10m; }
  set spent { type mark; size 8192; flags dynamic,timeout; timeout 10s; }
  map flow_budget { type mark : verdict; }
  map purpose_budget { type mark : verdict; }
  set services {
    type inet_proto . inet_service
    elements = { tcp . 22, tcp . 80, tcp . 443, tcp . 8080, udp . 5353 }
  }
"""

REFILLED = (
    ("set", "free"), ("set", "free6"), ("set", "fault_open"), ("set", "owner_of"), ("set", "known"),
    ("set", "stations"), ("set", "dhcp_of"), ("set", "old_network4"), ("set", "old_network6"),
    ("set", "refused4"), ("set", "refused6"), ("set", "silenced4"), ("set", "silenced6"), ("set", "spent"), ("set", "knocked"),
    ("set", "welcome4"), ("set", "welcome6"), ("map", "welcome_mark"),
    ("set", "answered4"), ("set", "answered6"),
    ("map", "flow_budget"), ("map", "purpose_budget"),
)  # fmt: skip
"""What every generation says anew, or must forget: what was refused under the last policy may pass under this one."""

NEIGHBOURS = """\
table arp netcurtain {
  set leased { type ipv4_addr . ether_addr; }
  set claimed { type ipv4_addr; }
}
flush table arp netcurtain
flush set arp netcurtain leased
flush set arp netcurtain claimed
table arp netcurtain {
  chain heard {
    type filter hook input priority filter; policy accept;
    # Nobody takes an address that was leased to somebody else, and with it the answers that come back.
    iifname $LAN arp saddr ip @claimed arp saddr ip . arp saddr ether != @leased drop
  }
}"""
"""A table of another family, for what the link says: who has which address."""

PORTS = """\
table bridge netcurtain {
  set trusted { type ether_addr; }
  set heard { type ether_addr; size 512; flags dynamic,timeout; timeout 5s; }
  set heard_at { type ether_addr . ifname; size 1024; flags dynamic,timeout; timeout 5s; }
  set contested { type ether_addr . ifname; size 512; flags dynamic,timeout; timeout 1m; counter; }
}
flush table bridge netcurtain
flush set bridge netcurtain trusted
table bridge netcurtain {
  chain arrive {
    type filter hook prerouting priority -300; policy accept;
    ether saddr != @trusted return
    # The shorter memory first: it never outlives the other one.
    ether saddr . iifname @heard_at update @heard { ether saddr } update @heard_at { ether saddr . iifname } return
    ether saddr @heard goto elsewhere
    add @heard { ether saddr }
    add @heard_at { ether saddr . iifname }
  }
  chain elsewhere {
    update @contested { ether saddr . iifname }
    drop
  }
}"""
"""One of the family ``bridge``: nobody speaks under the hardware address of a trusted device from another port of the bridge
while that device itself is heard. Who walks from one access point to another is not heard for five seconds at most."""
