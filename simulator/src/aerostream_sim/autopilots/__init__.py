"""How ArduPilot and PX4 speak: one module each, behind the same interface.

Their streams, texts, modes and answers are those that recordings of both showed; the `_facts`
modules hold them as tables.
"""
