"""What an installation is told from outside: where its data lie, at which address it answers, whom it trusts."""

from __future__ import annotations

import json
import os
import secrets as random
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from regulars.errors import SettingRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES = {
    "REGULARS_WORKSPACE": "the data folder (default: ./regulars-data)",
    "REGULARS_DATABASE_URL": "postgresql://... for everything operational; without it SQLite files in the data folder",
    "REGULARS_PUBLIC_URL": "the address that people and SDKs use (default: http:// and the address listened at)",
    "REGULARS_LISTEN": "host:port of the one door (default: 127.0.0.1:8321)",
    "REGULARS_TRUSTED_PROXIES": "addresses of proxies whose X-Forwarded-* headers are believed, comma separated (default: none)",
    "REGULARS_PREDICT_UP_TO": "up to how many customers predictions are reckoned daily without being asked (default: 150000)",
}
"""Every environment variable that the application reads, and what it is; a test compares them with the documentation."""

PREDICT_UP_TO = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """An installation. `workspace` is the data folder; everything of the application lies in its folder `server`."""

    workspace: Path
    database_url: str | None
    public_url: str
    host: str
    port: int
    trusted_proxies: tuple[str, ...]
    predict_up_to: int = PREDICT_UP_TO
    """Of more customers than this nothing is predicted unasked: a million take the machine's memory for minutes."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """The configuration that the environment describes; raises `SettingRefused` for an impossible one."""
        listen = environ.get("REGULARS_LISTEN") or "127.0.0.1:8321"
        host, _, port = listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise _refused("REGULARS_LISTEN", listen, "host:port, such as 127.0.0.1:8321")
        if host in {"0.0.0.0", "[::]", "::"} and not environ.get("REGULARS_PUBLIC_URL"):  # noqa: S104 - named, not bound
            raise _refused("REGULARS_PUBLIC_URL", "", "the address at which people reach this machine, since REGULARS_LISTEN says any")
        public_url = (environ.get("REGULARS_PUBLIC_URL") or f"http://{listen}").rstrip("/")
        parts = urlsplit(public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            raise _refused("REGULARS_PUBLIC_URL", public_url, "an address without a path, such as https://regulars.example.com")
        database_url = environ.get("REGULARS_DATABASE_URL") or None
        if database_url and urlsplit(database_url).scheme not in {"postgresql", "postgres"}:
            raise _refused("REGULARS_DATABASE_URL", urlsplit(database_url).scheme + "://...", "postgresql://...")
        proxies = tuple(part.strip() for part in environ.get("REGULARS_TRUSTED_PROXIES", "").split(",") if part.strip())
        for proxy in proxies:
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                raise _refused("REGULARS_TRUSTED_PROXIES", proxy, "addresses or networks, such as 127.0.0.1, 10.0.0.0/8") from None
        up_to = environ.get("REGULARS_PREDICT_UP_TO") or str(PREDICT_UP_TO)
        if not up_to.isdecimal():
            raise _refused("REGULARS_PREDICT_UP_TO", up_to, "a number of customers, such as 150000")
        return cls(
            workspace=Path(environ.get("REGULARS_WORKSPACE") or "regulars-data").expanduser().absolute(),
            database_url=database_url,
            public_url=public_url,
            host=host.strip("[]"),
            port=int(port),
            trusted_proxies=proxies,
            predict_up_to=int(up_to),
        )

    @property
    def server(self) -> Path:
        """The application's folder."""
        return self.workspace / "server"

    @property
    def database(self) -> Path:
        """The operational SQLite file (not used with PostgreSQL)."""
        return self.server / "regulars.db"

    @property
    def audit_database(self) -> Path:
        """The audit log's own SQLite file (with PostgreSQL: a schema of its own)."""
        return self.server / "audit.db"

    @property
    def inbox(self) -> Path:
        """The intake's own SQLite file (not used with PostgreSQL)."""
        return self.server / "inbox.db"

    @property
    def secrets_file(self) -> Path:
        return self.server / "secrets.json"

    @property
    def staged(self) -> Path:
        """Rows of batches that were resolved and not yet appended."""
        return self.server / "staged"

    @property
    def serving(self) -> Path:
        """The serving file and the overview."""
        return self.server / "serving"

    @property
    def uploads(self) -> Path:
        return self.server / "uploads"

    @property
    def run(self) -> Path:
        """Sockets, locks and heartbeats of running processes; never in a backup."""
        return self.server / "run"

    @property
    def web_socket(self) -> Path:
        """Where the web process listens: a socket file that only its owner may open."""
        return self.run / "web.sock"

    @property
    def web_address(self) -> str:
        """The socket file's name as the kernel takes it: at most 100 bytes, so relative to the folder one is in where that is shorter."""
        names = (str(self.web_socket), os.path.relpath(self.web_socket))
        shortest = min(names, key=lambda name: len(os.fsencode(name)))
        if len(os.fsencode(shortest)) > 100:
            raise _refused(
                "REGULARS_WORKSPACE", str(self.workspace), "a shorter path: the kernel takes names of socket files up to 100 bytes"
            )
        return shortest

    @property
    def installation_file(self) -> Path:
        """Which version of the application looked after these data last, and in which kind of database they lie."""
        return self.server / "installation.json"

    @property
    def running_file(self) -> Path:
        """Who runs here: processes, since when, how often each was started."""
        return self.run / "up.json"

    @property
    def heartbeat_file(self) -> Path:
        """What the worker did last, written every few seconds."""
        return self.run / "worker.json"

    @property
    def backups(self) -> Path:
        """Where an upgrade puts the backup it makes first; never in a backup."""
        return self.server / "backups"

    @property
    def uses_postgres(self) -> bool:
        return self.database_url is not None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the door."""
        return self.host in {"127.0.0.1", "::1", "localhost"}

    def make_folders(self) -> None:
        """The folders of the application, readable by their owner only."""
        for folder in (self.server, self.staged, self.serving, self.uploads, self.run):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Keys of an installation, kept in one file that only its owner may read and that no backup holds."""

    django_key: str
    reference_key: str
    """Turns a customer id into the reference that stands in addresses and in the audit log."""
    front_key: str
    """What the front door shows the web process, so that forwarded headers are believed from it alone."""

    @classmethod
    def of(cls, config: Config) -> Secrets:
        """The installation's keys, made at the first call. Raises `SettingRefused` when others may read the file."""
        path = config.secrets_file
        if not path.exists():
            config.make_folders()
            values = {name: random.token_urlsafe(48) for name in cls.__slots__}
            _write_once(path, values)
        if path.stat().st_mode & 0o077:
            raise SettingRefused(
                f"{path} may be read by others.", expected="a file that only its owner may read", remedy=f"Run: chmod 600 {path}"
            )
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: found[name] for name in cls.__slots__})


def _write_once(path: Path, values: Mapping[str, Any]) -> None:
    """Write unless another process was first; whoever reads sees a whole file."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _refused(name: str, value: str, expected: str) -> SettingRefused:
    return SettingRefused(f"{name} is '{value}'.", expected=expected, remedy=f"Set {name} to another value, or leave it away.")
