"""Netcurtain: works out what each outbound flow is for, and lets out only what the household agreed to.

The map of the rooms, and the reasons behind them, stand in ``gateway/README.md``.
"""

__version__ = "0.1.0"
