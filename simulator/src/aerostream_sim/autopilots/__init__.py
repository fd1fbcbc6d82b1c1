"""How ArduPilot and PX4 speak: a package each, of the same parts behind the same interface.

The modules here are what both do the same: how a command is acknowledged, a mission downloaded, a
message streamed, and the base of each part. The packages `ardupilot` and `px4` have a module of
the same name where they differ. Their streams, texts, modes and answers are those that recordings
of both showed.
"""
