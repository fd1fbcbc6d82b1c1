"""MAVLink: packets, and the messages that a vehicle's state makes."""
