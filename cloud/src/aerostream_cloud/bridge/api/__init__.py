"""REST: what is stored and known of the fleet, a module per resource."""
