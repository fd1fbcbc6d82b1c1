"""MAVLink on the wire: frames, messages, recorded logs."""
