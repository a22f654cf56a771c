"""Coverage-guided fuzzing of what reads a gadget's bytes: ``python -m tests.fuzz [--runs N] [TARGET …]``.

``target``   what is fuzzed: a function for each group of parsers, which yields after every packet
``seed``     where mutation begins: packets of our own making
``timing``   how long the slowest packet of an input takes
``harness``  one target in a process of its own, under atheris
``__main__`` all targets, two at a time; times the slowest inputs again, without atheris, and prints the table

Atheris is Apache-2.0, Scapy GPL-2.0-only: they never share a process. So nothing here imports Scapy, not even by way of
another module of the tests; ``harness`` asserts it.
"""
