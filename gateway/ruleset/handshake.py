"""The chains of handshakes: which pass without a question, and where a connection begins.

The first SYN of a device to an address is asked about. Where names led there and some of them may pass, the kernel lets the
next ones pass by itself (``welcome``), since what is said in them is judged. What a server acknowledges with its SYN-ACK is the
number of the first byte (``begun``); the packet that holds it is asked about as such, and nothing before it was (``reading``).
"""

HANDSHAKE = """\
  chain opens {
    # The number of a connection is used again after its end.
    delete @reading { ct id }
    # Names led this device to that address, and some of them may pass: the handshake does, what is said then is judged.
    ether saddr . ip saddr . ip daddr @welcome4 goto welcome
    ether saddr . ip6 saddr . ip6 daddr @welcome6 goto welcome
  }
  chain welcome {
    ct mark set ether saddr map @welcome_mark
  }
  chain usual_syn {
    # Segment size, selective acknowledgement, timestamps, window scale, as Linux has them; segment size alone; nothing.
    tcp doff 10 @th,160,16 0x0204 @th,192,32 0x0402080a @th,288,24 0x010303 accept
    tcp doff 6 @th,160,16 0x0204 accept
    tcp doff 5 accept
  }
  chain speaks {
    # Within the home the side that answers may speak first.
    ct direction reply goto again
    ct id . tcp sequence @begun goto begins
    ct id @reading goto again
    # Behind its first byte, which nobody has seen yet: it comes again when that one came.
    drop
  }
  chain begins {
    jump seldom
    delete @begun { ct id . tcp sequence }
    delete @greeted { ct id }
    update @reading { ct id }
    jump arrives
    meta mark set ct mark & $NO_CLASS
    meta mark set meta mark | $ASK_BEGUN
  }
  chain greeting {
    # What a server acknowledges with its first segment is where the connection begins. It says so once.
    ct id @greeted ct id . tcp ackseq != @begun goto unanswered
    update @greeted { ct id }
    update @begun { ct id . tcp ackseq }
  }
  chain greeted {
    tcp flags & (syn | ack) == (syn | ack) jump greeting
    ct state established,related accept
    drop
  }
  chain welcome_again {
    # Not refreshed: what leads there is asked about again after a while.
    add @welcome4 { ether saddr . ip saddr . ip daddr }
    add @welcome6 { ether saddr . ip6 saddr . ip6 daddr }
    accept
  }
"""
