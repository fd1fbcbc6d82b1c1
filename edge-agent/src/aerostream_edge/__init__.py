"""The edge agent: translates MAVLink into compact MQTT on a companion computer."""
