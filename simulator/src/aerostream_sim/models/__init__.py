"""How vehicles move and what they sense: pure, seeded, with time handed in.

Metres, seconds and radians; north, east and up from home. A model keeps honest limits and knows
neither MAVLink nor a mission.
"""
