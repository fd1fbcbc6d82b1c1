"""How long a test waits for what should happen soon."""

PATIENCE_S = 120.0
"""On a machine that is busy with other tests everything takes its time, a browser most of all."""
