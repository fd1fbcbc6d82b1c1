"""REST: what is stored and known of the fleet, a module per resource."""

PREFIX = "/api/v1"
"""Path that all resources are below."""
