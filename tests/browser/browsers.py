"""Firefox and WebKit, as Debian has them. A driver opens, types and presses; `page_checks.js` does the rest in the page."""

import contextlib
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import threading
from http import HTTPStatus
from pathlib import Path

from live_book import Plain, listening
from selenium import webdriver
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput
from selenium.webdriver.webkitgtk.service import Service
from websockets.sync.client import connect

from tools import programs

CHECKS = Path(__file__).with_name("page_checks.js")
PATIENCE = 90  # seconds that a page may take, or a cell on it
# No call of Firefox's own to anywhere, and no page over the page.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Checked(Plain):
    """Any static host, whose pages run `page_checks.js` before their own scripts."""

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix != ".html" or not path.is_file():
            return super().send_head()
        checks = CHECKS.read_text(encoding="utf-8")
        html = path.read_text(encoding="utf-8").replace("<head>", f"<head><script>{checks}</script>", 1)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        return io.BytesIO(html.encode())


def serve(folder):
    """Serve a folder with the checks in its pages; a context manager that yields its address."""
    return listening(folder, Checked)


class Firefox:
    """Firefox by WebDriver BiDi, which it speaks itself."""

    narrow = 390
    hands = ("mouse", "touch")

    def __init__(self, folder):
        lines = (
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()
        )
        (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [
                programs.find("firefox-esr"),
                "--headless",
                "--no-remote",
                "--profile",
                str(folder),
                "--remote-debugging-port",
                "0",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        said = (re.search(r"BiDi listening on (ws:\S+)", line) for line in self._process.stderr)
        address = next(found[1] for found in said if found)
        # Nobody reads what else it says, and a full pipe would stop it.
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        self._numbers = itertools.count()
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(connect(f"{address}/session", max_size=None))
        self._call("session.new", capabilities={})
        self._tab = self._call("browsingContext.create", type="tab")["context"]

    def _call(self, method, **parameters):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(PATIENCE))
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return answer["result"]

    def open(self, address):
        self._call("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def resize(self, width, height):
        self._call(
            "browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height}
        )

    def ask(self, expression):
        found = self._call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await {expression}) ?? null))()",
            target={"context": self._tab},
            awaitPromise=True,
        )
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"]["value"])

    def reopen(self, address):
        """Close the page, and open one anew."""
        closed = self._tab
        self._tab = self._call("browsingContext.create", type="tab")["context"]
        self._call("browsingContext.close", context=closed)
        self.open(address)

    def type(self, text, held=""):
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        down, up = ([{"type": kind, "value": key} for key in held] for kind in ("keyDown", "keyUp"))
        source = {"type": "key", "id": "keyboard", "actions": [*down, *keys, *up]}
        self._call("input.performActions", context=self._tab, actions=[source])

    def press(self, x, y, hand="mouse"):
        """Press and let go at a place of the window, with a mouse or a finger."""
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        source = {"type": "pointer", "id": hand, "parameters": {"pointerType": hand}, "actions": actions}
        self._call("input.performActions", context=self._tab, actions=[source])

    def close(self):
        with contextlib.suppress(Exception):
            self._call("browser.close")
            self._open.close()
        self._process.terminate()
        self._process.wait(PATIENCE)


class WebKit:
    """WebKitGTK's MiniBrowser by selenium, on a display of its own."""

    narrow = 447  # its window takes no less
    hands = ("mouse",)  # its driver has no finger

    def __init__(self, folder):
        read, write = os.pipe()
        self._display = subprocess.Popen(
            [
                programs.find("xvfb"),
                "-displayfd",
                str(write),
                "-screen",
                "0",
                "1600x1200x24",
                "-nolisten",
                "tcp",
            ],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as said:
            display = f":{said.readline().strip()}"
        options = webdriver.WebKitGTKOptions()
        options.binary_location = mini_browser()
        options.add_argument("--automation")
        environment = os.environ | {"DISPLAY": display, "HOME": str(folder), "LIBGL_ALWAYS_SOFTWARE": "1"}
        service = Service(programs.find("webkit2gtk-driver"), env=environment)
        self._driver = webdriver.WebKitGTK(options=options, service=service)
        self._driver.set_script_timeout(PATIENCE)
        self._keyboard = webdriver.ActionChains(self._driver, duration=0)

    def open(self, address):
        self._driver.get(address)

    def resize(self, width, height):
        """Make the page as large as this; nobody manages windows here, so they have no frame."""
        self._driver.set_window_size(width, height)
        self.ask(f"pageChecks.until(() => innerWidth === {width})")

    def ask(self, expression):
        script = (
            "const done = arguments[0];"
            f"(async () => JSON.stringify([(await {expression}) ?? null]))()"
            ".then(done, (error) => done(JSON.stringify(String(error))));"
        )
        found = json.loads(self._driver.execute_async_script(script))
        if isinstance(found, str):
            raise RuntimeError(found)
        return found[0]

    def reopen(self, address):
        """Close the page, and open one anew."""
        closed = self._driver.current_window_handle
        self._driver.switch_to.new_window("window")
        opened = self._driver.current_window_handle
        self._driver.switch_to.window(closed)
        self._driver.close()
        self._driver.switch_to.window(opened)
        self.open(address)

    def type(self, text, held=""):
        for key in held:
            self._keyboard.key_down(key)
        self._keyboard.send_keys(text)
        for key in held:
            self._keyboard.key_up(key)
        self._keyboard.perform()

    def press(self, x, y, hand="mouse"):
        """Press and let go at a place of the window."""
        actions = ActionBuilder(self._driver, mouse=PointerInput(hand, hand), duration=0)
        actions.pointer_action.move_to_location(x, y).click()
        actions.perform()

    def close(self):
        with contextlib.suppress(Exception):
            self._driver.quit()
        self._display.terminate()
        self._display.wait(PATIENCE)


def mini_browser():
    """The browser that WebKit's driver starts: the newest, as the driver's own; it is on no PATH."""
    found = [
        *Path("/usr/lib").glob("*/webkit*/MiniBrowser"),
        *Path("/usr/libexec").glob("webkit*/MiniBrowser"),
    ]
    return str(max(found)) if found else shutil.which("MiniBrowser")


BROWSERS = {"firefox": Firefox, "webkit": WebKit}
