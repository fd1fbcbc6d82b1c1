"""The channel page is made from the table and is up to date."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_generator_makes() -> None:
    generator = runpy.run_path(str(ROOT / "contract/tools/generate_channel_docs.py"))
    page = (ROOT / "docs/channels.md").read_text(encoding="utf-8")
    assert page == generator["document"](), "run: make channels"
