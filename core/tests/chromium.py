"""A headless Chromium, spoken to over a pipe in its DevTools protocol: no package is needed but the browser.

https://chromedevtools.github.io/devtools-protocol/: JSON messages that end with a zero byte, written to the browser's
file descriptor 3 and read from its 4 (``--remote-debugging-pipe``).
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 60.0


@dataclass
class Page:
    """One tab. ``requests`` are the addresses that it asked for, ``errors`` what its console reports."""

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def evaluate(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise; it survives JSON."""
        how = {"expression": script, "returnByValue": True, "awaitPromise": True}
        found = self.browser.ask("Runtime.evaluate", how, self.session)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{script}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self.evaluate(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"{condition}; console: {self.errors}")
            time.sleep(0.02)

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key: its name, its virtual key code, and what it types."""
        of = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        kind = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.browser.ask("Input.dispatchKeyEvent", {**kind, **of}, self.session)
        self.browser.ask("Input.dispatchKeyEvent", {"type": "keyUp", **of}, self.session)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.browser.ask("Input.insertText", {"text": text}, self.session)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """A PNG of what is seen, or of the whole page."""
        found = self.browser.ask("Page.captureScreenshot", {"captureBeyondViewport": whole}, self.session)
        path.write_bytes(base64.b64decode(found["data"]))


class Browser:
    """A running browser."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._pages: dict[str, Page] = {}
        self._count = 0
        self._read = b""

    def open(self, path: Path, *, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        """A file in a new tab of this size, loaded."""
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable", {}, session)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", size, session)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", {"features": [scheme]}, session)
        self.ask("Page.navigate", {"url": path.resolve().as_uri()}, session)
        page.wait_for("document.URL !== 'about:blank' && document.readyState === 'complete'")
        return page

    def ask(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            if not select.select([self._from], [], [], PATIENCE_SECONDS)[0]:
                raise TimeoutError("the browser is silent")
            block = os.read(self._from, 1 << 20)
            if not block:
                raise RuntimeError("the browser has ended")
            self._read += block
        line, _zero, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        page = self._pages.get(message.get("sessionId", ""))
        if page is not None:
            _note(page, message.get("method", ""), message.get("params", {}))
        return message


def _note(page: Page, method: str, said: dict[str, Any]) -> None:
    if method == "Network.requestWillBeSent":
        page.requests.append(said["request"]["url"])
    elif method == "Runtime.exceptionThrown":
        page.errors.append(json.dumps(said["exceptionDetails"]))
    elif method == "Log.entryAdded":
        page.errors.append(said["entry"]["text"])
    elif method == "Runtime.consoleAPICalled":
        page.errors.append(json.dumps(said["args"]))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, ended in the end.

    :raises FileNotFoundError: there is none on this machine.
    """
    command = next(filter(None, map(shutil.which, NAMES)), None)
    if command is None:
        raise FileNotFoundError("the page of the report is tested in Chromium: apt-get install chromium")
    read_there, write_here = os.pipe()
    read_here, write_there = os.pipe()
    # The browser's descriptors are 3 and 4, which a shell gives them.
    redirect = f'exec "$@" 3<&{read_there} 4>&{write_there}'
    with tempfile.TemporaryDirectory(prefix="tasktune-chromium-", ignore_cleanup_errors=True) as profile:
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        options += ["--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"]
        process = subprocess.Popen(
            ["bash", "-c", redirect, "bash", command, *options, f"--user-data-dir={profile}"],
            pass_fds=(read_there, write_there),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_there)
        os.close(write_there)
        browser = Browser(write_here, read_here)
        try:
            yield browser
            browser.ask("Browser.close", {})
        finally:
            os.close(write_here)
            os.close(read_here)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
