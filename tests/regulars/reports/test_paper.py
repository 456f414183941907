"""The review on paper."""

from __future__ import annotations

import pytest

from regulars.errors import FileMissing, ToolMissing
from regulars.reports import pdf


class TestPdf:
    def test_says_what_to_install_where_there_is_no_browser(self, tmp_path, monkeypatch):
        page = tmp_path / "review.html"
        page.write_text("<p>hello")
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("REGULARS_BROWSER", raising=False)
        monkeypatch.setattr("regulars.reports.paper.ELSEWHERE", ())
        with pytest.raises(ToolMissing, match="apt-get install chromium"):
            pdf(page, tmp_path / "review.pdf")
        assert not (tmp_path / "review.pdf").exists()

    def test_refuses_a_named_browser_that_does_not_exist(self, tmp_path, monkeypatch):
        page = tmp_path / "review.html"
        page.write_text("<p>hello")
        monkeypatch.setenv("REGULARS_BROWSER", str(tmp_path / "nothing"))
        with pytest.raises(ToolMissing, match="does not exist"):
            pdf(page, tmp_path / "review.pdf")

    def test_refuses_a_page_that_is_not_there(self, tmp_path):
        with pytest.raises(FileMissing):
            pdf(tmp_path / "no.html", tmp_path / "review.pdf")

    @pytest.mark.suite
    def test_prints_with_an_installed_browser(self, tmp_path, chromium, monkeypatch):
        monkeypatch.setenv("REGULARS_BROWSER", chromium)
        page = tmp_path / "review.html"
        page.write_text("<!doctype html><p>hello")
        assert pdf(page, tmp_path / "out" / "review.pdf").read_bytes().startswith(b"%PDF")
