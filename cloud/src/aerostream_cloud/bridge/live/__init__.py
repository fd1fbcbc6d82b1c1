"""The live half of the bridge: the fleet as it is now, and the WebSocket that shows it."""

from aerostream_cloud.bridge.live.service import Live

__all__ = ["Live"]
