"""What a frame may hold at most, and keeping count of it."""

from dataclasses import dataclass

from aerostream_contract.errors import FrameError

MAX_FRAME_BYTES = 256 * 1024
"""Largest payload; the broker refuses larger ones too."""
MAX_BODY_BYTES = 1024 * 1024
"""Largest body after inflating. Parsed, a hostile one takes some forty times its size for a moment:
hence not more."""
MAX_BLOCKS = 2000
"""Most blocks, and most sections, of one frame."""
MAX_EVENTS = 10_000
"""Most events of one frame."""
MAX_ROWS = 4096
"""Most rows of one block."""
MAX_COLUMNS = 512
"""Most columns of one block; MAVLink's longest array gives half as many."""
MAX_CELLS = 500_000
"""Most values of all blocks together."""
MAX_TEXT = 1_000_000
"""Most characters of all text values together, a repeated text counted as often as it occurs."""
MAX_INSTANCE = 64
"""Longest name of an instance."""
MAX_FRAMES = 4096
"""Most frames that are merged into one."""
MAX_NUMBER = (1 << 53) - 1
"""Largest epoch and number: `dn/ack` names them in JSON, which JavaScript must read exactly."""
MAX_COMPONENT = 255
"""Largest MAVLink component id."""


class LimitError(FrameError):
    """The frame as a whole asks for too much: none of it stands."""


@dataclass(slots=True)
class Allowance:
    """What the blocks of one frame may still hold."""

    blocks: int = MAX_BLOCKS
    cells: int = MAX_CELLS
    text: int = MAX_TEXT

    def take_blocks(self, count: int) -> None:
        """Count blocks."""
        self.blocks -= count
        if self.blocks < 0:
            raise LimitError(f"frame has more than {MAX_BLOCKS} blocks")

    def take_cells(self, count: int) -> None:
        """Count values."""
        self.cells -= count
        if self.cells < 0:
            raise LimitError(f"frame holds more than {MAX_CELLS} values")

    def take_text(self, characters: int) -> None:
        """Count characters of text values."""
        self.text -= characters
        if self.text < 0:
            raise LimitError(f"frame holds more than {MAX_TEXT} characters of text")


def check_identity(epoch: int, number: int) -> None:
    """Refuse an epoch or number that JavaScript could not read."""
    if not 1 <= epoch <= MAX_NUMBER:
        raise FrameError(f"frame has the epoch {epoch}, expected 1 to {MAX_NUMBER}")
    if not 0 <= number <= MAX_NUMBER:
        raise FrameError(f"frame has the number {number}, expected 0 to {MAX_NUMBER}")


def check_count(what: str, count: int, limit: int) -> None:
    """Refuse more than a limit."""
    if count > limit:
        raise FrameError(f"frame has {count} {what}, expected at most {limit}")
