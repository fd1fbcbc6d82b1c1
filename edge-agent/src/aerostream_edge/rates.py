"""Asks the autopilot for the messages that the policy needs, and no more."""

from enum import StrEnum


class RatesMode(StrEnum):
    """Whether the agent asks for message rates."""

    ASK = "ask"
    """It asks for what its policy needs."""
    LISTEN = "listen"
    """It never asks for anything: a ground station shares the link."""
