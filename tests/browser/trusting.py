"""``python -m tests.browser.trusting FOLDER``: the real panel and Chromium on a machine of their own (``unshare --net``),
before and after the browser was given the box's authority as the panel hands it out. What came of it is a line of JSON."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import BrowserContext, Error, sync_playwright

from .harness import CHROMIUM, PASSWORD

ADDRESS = "10.77.0.1"
PLAIN, SECURE = f"http://{ADDRESS}", f"https://{ADDRESS}"


def run(*command: str) -> None:
    """To its end, which has to be a good one."""
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def serving(folder: Path) -> Iterator[None]:
    """The panel, on ports 80 and 443."""
    options = ["--listen", ADDRESS, "--state", str(folder), "--control", str(folder / "no.sock")]
    with (folder / "panel.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway", "panel", *options], stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def fetch(path: str) -> bytes:
    """Over plain HTTP, as soon as somebody answers."""
    for _ in range(200):
        try:
            with urlopen(PLAIN + path, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(path)


def trust(home: Path, certificate: bytes) -> None:
    """Chromium on Linux reads whom it trusts from there."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    file = home / "netcurtain.pem"
    file.write_bytes(certificate)
    run("certutil", "-d", f"sql:{store}", "-N", "--empty-password")
    run("certutil", "-d", f"sql:{store}", "-A", "-n", "netcurtain", "-t", "C,,", "-i", str(file))


@contextmanager
def browsing(home: Path) -> Iterator[BrowserContext]:
    """Chromium with a profile of its own; nothing tells it to overlook anything."""
    home.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] * (os.geteuid() == 0), env={**os.environ, "HOME": str(home)}
        )
        context = browser.new_context(locale="en-GB", ignore_https_errors=False)
        context.set_default_timeout(20_000)
        yield context
        browser.close()


def visit(context: BrowserContext, url: str) -> str:
    """Where it ends, with its status; or what the browser says instead."""
    page = context.new_page()
    try:
        response = page.goto(url)
        return f"{response.status if response else 0} {page.url}"
    except Error as err:
        return next((word for word in str(err).split() if "ERR_" in word), str(err))
    finally:
        page.close()


def main(folder: Path) -> dict[str, str]:
    """The whole way of a new browser."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    seen: dict[str, str] = {}
    with serving(folder):
        certificate = fetch("/certificate/netcurtain.pem")
        with browsing(folder / "stranger") as context:
            seen["a browser that was given nothing"] = visit(context, f"{SECURE}/welcome")
        trust(folder / "trusting", certificate)
        with browsing(folder / "trusting") as context:
            seen["with its certificate"] = visit(context, f"{SECURE}/welcome")
            page = context.new_page()
            page.goto(f"{SECURE}/welcome")
            page.locator("input[name=password]").fill(PASSWORD)
            page.get_by_role("button", name="This box is mine").click()
            page.wait_for_url(f"{SECURE}/welcome/phone")
            page.close()
            seen["plain HTTP, before it was seen to work"] = visit(context, f"{PLAIN}/login")
            seen["the proof"] = visit(context, f"{SECURE}/certificate/works")
            seen["plain HTTP, afterwards"] = visit(context, f"{PLAIN}/settings")
    return seen


if __name__ == "__main__":
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    print(json.dumps(main(Path(sys.argv[1]))))
