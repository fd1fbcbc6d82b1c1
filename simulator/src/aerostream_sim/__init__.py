"""Vehicles that speak MAVLink as ArduPilot and PX4 do, and recorded flights played again."""
