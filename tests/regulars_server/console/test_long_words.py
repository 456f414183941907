"""What strangers send may be one word of two hundred signs: no page becomes wider by it than its window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regulars_server import console

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CSS = Path(console.__file__).with_name("static") / "console" / "console.css"
WORD = "W" * 200
PARTS = {
    "a row": f'<section class="card"><ol class="rows"><li><p><strong>{WORD}</strong> · {WORD} <span class="tag">website</span></p></li></ol></section>',
    "traits": f'<section class="card"><dl class="traits"><div><dt>{WORD}</dt><dd>{WORD}</dd><dd class="muted small">{WORD}</dd></div></dl></section>',
    "a table": f'<section class="card"><div class="scroll"><table class="data"><tbody><tr><th scope="row">{WORD}</th><td>{WORD}</td></tr></tbody></table></div></section>',
}


@pytest.mark.suite
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("width", [1280, 390])
def test_a_long_word_does_not_widen_the_page(browser: Browser, part: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_content(f"<!doctype html><style>{CSS.read_text('utf-8')}</style><body><main>{PARTS[part]}</main></body>")
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.close()
    assert wider == 0
