"""The cloud services; ingest, commands, bridge and alerts share what sits directly here."""
