"""Channels of the vehicle's systems: power, radio, RC, outputs, events, the agent itself."""

from aerostream_contract.channels.types import (
    AGENT_SOURCE,
    Channel,
    ColumnKind,
    Field,
    RatePolicy,
    Source,
)

SYSTEM = (
    Channel(
        60,
        "system",
        "Sensors' health, load, main battery and errors of the autopilot",
        (Source("SYS_STATUS"),),
        (
            Field("onboard_control_sensors_present", "", "Sensors that exist (bitmask)"),
            Field("onboard_control_sensors_enabled", "", "Sensors in use (bitmask)"),
            Field("onboard_control_sensors_health", "", "Sensors in health (bitmask)"),
            Field("load", "%", "Load of the main loop", 10, deadband=10),
            Field("voltage_battery", "V", "Voltage", 1000, invalid=(65535,), deadband=0.1),
            Field("current_battery", "A", "Current", 100, invalid=(-1,), deadband=1),
            Field("battery_remaining", "%", "Charge that is left", invalid=(-1,)),
            Field("drop_rate_comm", "%", "Packets lost by the autopilot", 100, deadband=1),
            Field("errors_comm", "", "Packets with errors", deadband=10),
            Field("errors_count1", "", "Autopilot's own error count 1", deadband=10),
            Field("errors_count2", "", "Autopilot's own error count 2", deadband=10),
            Field("errors_count3", "", "Autopilot's own error count 3", deadband=10),
            Field("errors_count4", "", "Autopilot's own error count 4", deadband=10),
            Field("onboard_control_sensors_present_extended", "", "More sensors that exist"),
            Field("onboard_control_sensors_enabled_extended", "", "More sensors in use"),
            Field("onboard_control_sensors_health_extended", "", "More sensors in health"),
        ),
        rate=RatePolicy(rate_hz=0.2, silence_s=10, priority=3),
    ),
    Channel(
        61,
        "system_time",
        "The autopilot's clocks: UTC against time since boot",
        (Source("SYSTEM_TIME"),),
        (Field("time_unix_usec", "us", "UTC since 1970", kind=ColumnKind.UINT64, invalid=(0,)),),
        time_field="time_boot_ms",
        rate=RatePolicy(rate_hz=0.1, silence_s=30, priority=5),
    ),
    Channel(
        62,
        "battery",
        "Batteries; the instance is the battery's id",
        (Source("BATTERY_STATUS", None),),
        (
            Field("battery_function", "", "What it feeds (MAV_BATTERY_FUNCTION)"),
            Field("type", "", "Chemistry (MAV_BATTERY_TYPE)"),
            Field("temperature", "degC", "Temperature", 100, invalid=(32767,), deadband=1),
            *(
                Field(
                    f"voltages_{cell}",
                    "V",
                    f"Voltage of cell {cell + 1}, or of the pack in the first"
                    if cell == 0
                    else f"Voltage of cell {cell + 1}",
                    1000,
                    source="voltages",
                    invalid=(65535,),
                    deadband=0.05,
                )
                for cell in range(10)
            ),
            Field("current_battery", "A", "Current", 100, invalid=(-1,), deadband=1),
            Field("current_consumed", "mAh", "Charge used", invalid=(-1,), deadband=20),
            Field("energy_consumed", "hJ", "Energy used", invalid=(-1,), deadband=20),
            Field("battery_remaining", "%", "Charge that is left", invalid=(-1,)),
            Field("time_remaining", "s", "Time until empty", invalid=(0,), deadband=30),
            Field("charge_state", "", "Low, critical … (MAV_BATTERY_CHARGE_STATE)"),
            *(
                Field(
                    f"voltages_ext_{cell}",
                    "V",
                    f"Voltage of cell {cell + 11}",
                    1000,
                    source="voltages_ext",
                    invalid=(0,),
                    deadband=0.05,
                )
                for cell in range(4)
            ),
            Field("mode", "", "Mode of the battery (MAV_BATTERY_MODE)"),
            Field("fault_bitmask", "", "Faults (MAV_BATTERY_FAULT)"),
        ),
        rate=RatePolicy(rate_hz=0.2, silence_s=10, priority=2),
    ),
    Channel(
        63,
        "power",
        "Supply of the autopilot",
        (Source("POWER_STATUS"),),
        (
            Field("Vcc", "V", "Board voltage", 1000, deadband=0.1),
            Field("Vservo", "V", "Servo rail voltage", 1000, deadband=0.1),
            Field("flags", "", "What feeds it (MAV_POWER_STATUS)"),
        ),
        rate=RatePolicy(rate_hz=0.1, silence_s=30, priority=6),
    ),
    Channel(
        64,
        "radio",
        "Telemetry radio: signal and errors at both ends",
        (Source("RADIO_STATUS"),),
        (
            Field("rssi", "", "Signal here", invalid=(255,), deadband=3),
            Field("remrssi", "", "Signal at the other end", invalid=(255,), deadband=3),
            Field("txbuf", "%", "Free transmit buffer", deadband=10),
            Field("noise", "", "Noise here", invalid=(255,), deadband=3),
            Field("remnoise", "", "Noise at the other end", invalid=(255,), deadband=3),
            Field("rxerrors", "", "Receive errors", deadband=10),
            Field("fixed", "", "Corrected errors", deadband=10),
        ),
        rate=RatePolicy(rate_hz=0.2, silence_s=10, priority=4),
    ),
    Channel(
        65,
        "rc",
        "Remote control: pulse lengths and signal",
        (Source("RC_CHANNELS"),),
        (
            Field("chancount", "", "Channels that are received"),
            *(
                Field(f"chan{n}_raw", "us", f"Channel {n}", invalid=(65535,), deadband=20)
                for n in range(1, 19)
            ),
            Field("rssi", "", "Signal, 0 to 254", invalid=(255,), deadband=5),
        ),
        time_field="time_boot_ms",
        rate=RatePolicy(rate_hz=0.2, silence_s=20, priority=6),
    ),
    Channel(
        66,
        "servo",
        "Servo and motor outputs; the instance is the port",
        (Source("SERVO_OUTPUT_RAW", None),),
        tuple(Field(f"servo{n}_raw", "us", f"Output {n}", deadband=50) for n in range(1, 17)),
        time_field="time_usec",
        rate=RatePolicy(rate_hz=0.1, silence_s=30, priority=7),
    ),
    Channel(
        80,
        "event",
        "What happened, in words; the instance is the kind of event",
        (Source("STATUSTEXT", "statustext"), Source(AGENT_SOURCE, None)),
        (
            Field("severity", "", "0 emergency … 7 debug (MAV_SEVERITY)"),
            Field("text", "", "The event in words", kind=ColumnKind.TEXT),
            Field("data", "", "Details as JSON", kind=ColumnKind.TEXT),
        ),
        rate=RatePolicy(priority=1),
    ),
    Channel(
        81,
        "link",
        "The MAVLink link as the agent sees it",
        (Source(AGENT_SOURCE),),
        (
            Field("bytes", "", "Bytes received"),
            Field("frames", "", "Frames with a good checksum, all systems"),
            Field("bad_bytes", "", "All other bytes"),
            Field("bad_checksums", "", "Frames with a bad checksum"),
            Field("unknown_frames", "", "Frames of a message that is not known"),
            Field("lost_frames", "", "Frames missing by their sequence numbers"),
            Field(
                "overflow",
                "",
                "Lost because it came faster than the agent read it: datagrams, or bytes of a "
                "serial line",
            ),
        ),
        rate=RatePolicy(rate_hz=0.1, silence_s=30, priority=6),
    ),
    Channel(
        82,
        "agent",
        "Health of the edge agent",
        (Source(AGENT_SOURCE),),
        (
            Field("cpu", "%", "Processor time used, of one core", 10, deadband=10),
            Field("memory", "MB", "Resident memory", 10, deadband=1),
            Field(
                "window_frames",
                "",
                "Frames, events and reports that are not known to be stored",
                deadband=10,
            ),
            Field("window_bytes", "bytes", "Bytes that the spool holds for them", deadband=20_000),
            Field("sent_frames", "", "Frames sent, resent ones included", deadband=1000),
            Field("resent_frames", "", "Frames sent again", deadband=10),
            Field("sent_bytes", "bytes", "Payload bytes sent", deadband=1_000_000),
            Field("dropped_samples", "", "Samples given up", deadband=0),
        ),
        rate=RatePolicy(rate_hz=0.1, silence_s=30, priority=6),
    ),
)
