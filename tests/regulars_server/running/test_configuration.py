"""What the environment may say, and that all of it is documented."""

from __future__ import annotations

import re

import pytest

from regulars.cli.app import added_commands
from regulars.errors import SettingRefused
from regulars_server.config import VARIABLES, Config
from regulars_server.running.commands import COMMANDS
from regulars_server.running.up_command import warnings


class TestDocumentation:
    def test_has_every_variable(self, repository) -> None:
        page = (repository / "docs" / "server" / "running.md").read_text(encoding="utf-8")
        rows = set(re.findall(r"^\| `(REGULARS_[A-Z_]+)` \|", page, flags=re.MULTILINE))
        assert VARIABLES.keys() - rows == set()

    def test_has_every_variable_that_the_code_reads(self, repository) -> None:
        read = set()
        for path in (repository / "src" / "regulars_server").rglob("*.py"):
            read |= set(re.findall(r"(?:environ(?:\.get)?[\[(]|getenv\()\s*\"(REGULARS_[A-Z_]+)\"", path.read_text(encoding="utf-8")))
        # How a test lets the loader die is no setting.
        assert read - VARIABLES.keys() == {"REGULARS_KILL_AT"}

    @pytest.mark.parametrize("name", COMMANDS)
    def test_has_every_command(self, name, repository) -> None:
        page = (repository / "docs" / "server" / "running.md").read_text(encoding="utf-8")
        assert re.search(rf"^\$ (?:REGULARS_\S+ )*regulars {name}\b", page, flags=re.MULTILINE)

    def test_commands_are_found_by_the_command_line(self) -> None:
        assert COMMANDS.items() <= added_commands().items()


class TestConfig:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("REGULARS_LISTEN", "8321"),
            ("REGULARS_LISTEN", "127.0.0.1:99999"),
            ("REGULARS_LISTEN", "0.0.0.0:8321"),
            ("REGULARS_PUBLIC_URL", "regulars.example.com"),
            ("REGULARS_PUBLIC_URL", "https://example.com/regulars"),
            ("REGULARS_DATABASE_URL", "mysql://localhost"),
            ("REGULARS_TRUSTED_PROXIES", "proxy.example.com"),
            ("REGULARS_PREDICT_UP_TO", "many"),
        ],
    )
    def test_refuses_what_cannot_be(self, name, value) -> None:
        with pytest.raises(SettingRefused):
            Config.from_environment({name: value})

    def test_says_no_password_of_a_database(self) -> None:
        with pytest.raises(SettingRefused) as refused:
            Config.from_environment({"REGULARS_DATABASE_URL": "mysql://anna:secret@localhost/x"})
        assert "secret" not in str(refused.value)

    def test_takes_six_colons_in_an_address(self) -> None:
        config = Config.from_environment({"REGULARS_LISTEN": "[::1]:8321"})
        assert (config.host, config.port, config.public_url, config.is_loopback) == ("::1", 8321, "http://[::1]:8321", True)


class TestWarnings:
    def test_are_silent_on_this_machine_only_and_behind_a_trusted_proxy(self) -> None:
        assert warnings(Config.from_environment({})) == []
        behind = {"REGULARS_PUBLIC_URL": "https://regulars.example.com", "REGULARS_TRUSTED_PROXIES": "127.0.0.1"}
        assert warnings(Config.from_environment(behind)) == []

    def test_speak_of_passwords_in_the_clear_and_of_an_untrusted_proxy(self) -> None:
        bare = {"REGULARS_LISTEN": "0.0.0.0:80", "REGULARS_PUBLIC_URL": "http://regulars.example.com"}
        assert "in the clear" in warnings(Config.from_environment(bare))[0]
        assert "no proxy is trusted" in warnings(Config.from_environment({"REGULARS_PUBLIC_URL": "https://regulars.example.com"}))[0]
