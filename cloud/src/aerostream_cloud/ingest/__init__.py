"""Ingest: telemetry from the broker into the store, acknowledged when it is durable.

`decoding` turns messages into rows, `pipeline` writes them, `acks` and `mirror` decide what to
publish, `inbox` forms batches, `app` connects these to the broker.
"""
