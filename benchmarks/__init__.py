"""Benchmarks against the design's targets: `python -m benchmarks`, or `make bench`."""
