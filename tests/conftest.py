"""What every test may ask for: the shared data, a PostgreSQL database of its own, a browser; and the rule that nothing skips in CI."""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from playwright.sync_api import Browser

REPOSITORY = Path(__file__).resolve().parent.parent
DRIVER = pytest.StashKey[asyncio.AbstractEventLoop | None]()
"""The event loop of the browser's driver. Playwright leaves it marked as running in this thread, where Django then asks no database: so it is
marked only while a test has a browser."""
NO_SKIP = os.environ.get("REGULARS_NO_SKIP", "") not in {"", "0"}

# The same examples on every run and every machine: a red test stays red until it is mended. Hypothesis would also draw numbers that stand in
# the modules which happen to be imported, and these differ with the order of tests and the number of processes.
providers._get_local_constants = providers.Constants
settings.register_profile("regulars", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("regulars")


def pytest_configure(config: pytest.Config) -> None:
    """The application's settings, over a data folder of this process's own; pytest-django looks for them right after this."""
    folder = tempfile.mkdtemp(prefix="regulars-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # Neither stays in the environment: processes of tests say what they are about, and those of pytest-xdist make a folder of their own.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_SETTINGS_MODULE", "regulars_server.settings")
        patch.setenv("REGULARS_WORKSPACE", folder)
        from django.conf import settings as django_settings

        # Some tests empty the data folder.
        if Path(folder).absolute() != django_settings.CONFIG.workspace:
            raise pytest.UsageError(
                "unset DJANGO_SETTINGS_MODULE: with it, settings are read before the tests have a data folder of their own"
            )
    from tests.left_behind import LeftBehind

    config.pluginmanager.register(LeftBehind())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.spreading import Spreading

    config.option.loadscopereorder = False
    return Spreading(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        from tests.spreading import turn_of

        items.sort(key=lambda item: turn_of(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    if "browser" in item.fixturenames and DRIVER in item.config.stash:
        asyncio._set_running_loop(item.config.stash[DRIVER])
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    yield
    asyncio._set_running_loop(None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report):
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"REGULARS_NO_SKIP is set, and this wanted to skip: {reason}"
    return report


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real and synthetic data sets that are not part of the repository."""
    folder = Path(os.environ.get("REGULARS_SHARED_DATA") or REPOSITORY.parent / "shared" / "data").resolve()
    if not (folder / "cdnow").is_dir():
        pytest.skip(f"no shared data in {folder}; set REGULARS_SHARED_DATA to the folder that holds cdnow/ and online_retail/")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that is installed on this machine."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")


@pytest.fixture(scope="session")
def browser(chromium: str, pytestconfig: pytest.Config) -> Iterator[Browser]:
    """A headless browser, driven by Playwright: `browser.new_page(viewport=..., color_scheme="dark")`."""
    from playwright.sync_api import sync_playwright

    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*quiet, "--disable-sync"])
        pytestconfig.stash[DRIVER] = asyncio._get_running_loop()
        yield browser
        asyncio._set_running_loop(pytestconfig.stash[DRIVER])
        browser.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a PostgreSQL server that lives as long as this test process and listens on a socket file only.

    What a test leaves in it is there for the next one: `new_database` and `postgres_url` give databases of one's own.
    """
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server on this machine; on Debian: apt-get install postgresql")
    # A server refuses to run as root. Its folder lies outside pytest's, which only the owner may enter.
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="regulars-pg-"))
    if owner:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    # As unlike SQLite as may be: texts in the order of a language, and a day that begins at another time.
    initdb += ["--locale-provider=icu", "--icu-locale=en-US"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **owner)
    options = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "full_page_writes=off", "TimeZone=Asia/Kathmandu"]
    command = [binaries / "postgres", "-D", data, *(part for option in options for part in ("-c", option))]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **owner) as server:
        url = f"postgresql://postgres@/postgres?host={folder}"
        try:
            _wait_until_it_answers(url, server, folder / "log")
            yield url
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=30)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(postgres_server: str) -> Callable[[], str]:
    """Makes an empty PostgreSQL database and returns its address. The server goes at the end, and with it all that was made."""
    import psycopg

    numbers = itertools.count(1)

    def make() -> str:
        name = f"regulars_{next(numbers)}"
        with psycopg.connect(postgres_server, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        return postgres_server.replace("/postgres?", f"/{name}?")

    return make


@pytest.fixture
def postgres_url(new_database: Callable[[], str]) -> str:
    """Address of an empty PostgreSQL database of this test's own."""
    return new_database()


def _postgres_binaries() -> Path | None:
    found = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "postgres").exists()), None)


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
