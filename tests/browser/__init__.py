"""The panel in a real browser: Debian's Chromium, driven by Playwright, in front of the virtual home.

``home``      the virtual home as a process of its own, which takes commands as lines of JSON: Playwright is Apache-2.0 and
              Scapy GPL-2.0-only, so they never meet in one process
``harness``   the other end of that process, and people with browsers
``test_*``    one file for each thing that people do
"""
