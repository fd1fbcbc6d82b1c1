"""What a vehicle does: patterns and paths, take-off to landing, and a person who lets it fly.

Nothing here knows MAVLink or an autopilot's modes.
"""
