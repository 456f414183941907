"""`regulars up`: start the application."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from regulars.cli.app import Shared
    from regulars_server.config import Config


@click.command("up")
@click.pass_obj
def command(shared: Shared) -> None:
    """Start the application on the workspace: intake, pages and worker behind one address, until Ctrl-C or SIGTERM.

    Makes what is missing (workspace, folders, keys, databases) and brings the databases to this version, after a backup. As long as nobody can
    sign in, it prints a link with which the first owner sets a password. The environment variables REGULARS_LISTEN, REGULARS_PUBLIC_URL,
    REGULARS_DATABASE_URL and REGULARS_TRUSTED_PROXIES say where it listens and where data lie; see "Running the application" in the documentation.
    """
    from regulars_server.running.environment import config_of
    from regulars_server.running.supervisor import Supervisor, alone, listening, prepared, workspace_made

    # Whatever this process and its children make is their owner's alone.
    os.umask(0o077)
    config = config_of(shared.folder)
    if workspace_made(config):
        click.echo(f"Made the workspace {config.workspace}. Its currency and time zone: regulars settings --workspace {config.workspace}")
    with alone(config, "`regulars up`"), listening(config) as listener:
        config = _with_port(config, listener.getsockname()[1])
        for warning in warnings(config):
            click.echo(warning, err=True)
        answer = prepared(config)
        if answer["backup"]:
            click.echo(f"Brought to this version; backed up before: {answer['backup']}")

        def ready() -> None:
            click.echo(f"ready: {config.public_url}")
            if answer["owner_link"]:
                click.echo(f"Set the first password here, within 48 hours: {answer['owner_link']}")
            click.echo("Ctrl-C ends it.")

        Supervisor(config, listener, lambda line: click.echo(line, err=True)).run(ready)


def warnings(config: Config) -> list[str]:
    """What is risky about the address."""
    found = []
    is_https = config.public_url.startswith("https://")
    if not config.is_loopback and not is_https:
        found.append(
            f"Warning: {config.host}:{config.port} can be reached from other machines and {config.public_url} is not https: passwords and personal"
            " data travel in the clear. Put a TLS proxy before it and set REGULARS_PUBLIC_URL."
        )
    if is_https and not config.trusted_proxies:
        found.append(
            "Warning: the public address is https, and no proxy is trusted (REGULARS_TRUSTED_PROXIES): every visitor seems to come from the"
            " proxy's address, and pages believe that they are read over http."
        )
    return found


def _with_port(config: Config, port: int) -> Config:
    """Port 0 asks for any free one."""
    if config.port:
        return config
    return dataclasses.replace(config, port=port, public_url=config.public_url.removesuffix(":0") + f":{port}")
