"""Names of the settings of every part, so that each can tell a typing error from a neighbour's."""

EDGE_SETTINGS = frozenset(
    {
        "backfill_rate",
        "batch_interval",
        "data_dir",
        "drone",
        "fleet",
        "frame_values",
        "log_level",
        "mavlink_rates",
        "mavlink_url",
        "max_vehicles",
        "mqtt_ca",
        "mqtt_cert",
        "mqtt_credentials",
        "mqtt_key",
        "mqtt_url",
        "passthrough",
        "rate_policy",
        "spool_bytes",
        "spool_days",
        "spool_fsync",
        "sysid",
        "window_bytes",
    }
)
"""What the edge agent reads."""

CLOUD_SETTINGS = frozenset(
    {
        "data_dir",
        "database_url",
        "dead_letter_max_bytes",
        "http_host",
        "http_origins",
        "http_port",
        "ingest_fleets",
        "instance",
        "log_level",
        "map_origins",
        "map_style",
        "metrics_port",
        "mirror_rate",
        "mqtt_ca",
        "mqtt_cert",
        "mqtt_key",
        "mqtt_url",
        "store_url",
    }
)
"""What the cloud services read."""

ALL_SETTINGS = EDGE_SETTINGS | CLOUD_SETTINGS
"""All names, in lower case and without the prefix `AEROSTREAM_`."""
