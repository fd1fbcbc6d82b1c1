"""The bridge: what people and programs see of the fleet, over REST and WebSocket."""
