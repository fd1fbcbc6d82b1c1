"""ArduPilot 4.7 as recorded: Copter, Plane and Rover, the last also as a boat.

The recordings are of ArduCopter, ArduPlane and ArduRover in their own simulator. A boat is
ArduRover with the frame of a boat: it was not recorded apart.
"""
