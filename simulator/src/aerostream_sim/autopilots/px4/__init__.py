"""PX4 1.16 as recorded, on its link to a companion computer.

The recordings are of a quadrotor in PX4's own simulator. A plane, rover or boat with PX4 was not
recorded: they follow the quadrotor where they can.
"""
