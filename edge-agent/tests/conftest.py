"""Settings of the edge agent's tests."""

from hypothesis import settings

# The machine is shared: how long one example takes says nothing.
settings.register_profile("edge", deadline=None)
settings.load_profile("edge")
