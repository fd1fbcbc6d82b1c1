"""What the agent says in its log, for whoever runs it."""

from pathlib import Path

from support.agent import EdgeAgent
from support.broker import Broker
from support.cloud import until


def test_a_broken_connection_is_said_in_plain_words(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    try:
        with EdgeAgent(broker.url, tmp_path / "edge") as agent:
            until(lambda: agent.said('"connected"'), "it connected")
            broker.kill()
            until(lambda: agent.said("is lost"), "it is said")
            (line,) = agent.said("is lost")
            assert line["event"] == "the connection to the broker is lost"
            assert line["level"] == "warning"
    finally:
        broker.stop()
