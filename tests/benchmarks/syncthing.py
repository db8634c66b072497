"""Two Syncthing processes, steered over their REST API: loopback only, no discovery, no relays, all else as is."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import time
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.benchmarks.contender import newest_change_s

FOLDER: Final = "vault"
PATIENCE_S: Final = 900.0
GUI_PORTS: Final = (18_401, 18_402)
SYNC_PORTS: Final = (18_501, 18_502)
OPTIONS: Final = {
    "globalAnnounceEnabled": "false",
    "localAnnounceEnabled": "false",
    "relaysEnabled": "false",
    "natEnabled": "false",
    "stunKeepaliveStartS": "0",
    "announceLANAddresses": "false",
    "urAccepted": "-1",
    "urSeen": "3",
    "crashReportingEnabled": "false",
    "autoUpgradeIntervalH": "0",
    "startBrowser": "false",
}


def installed() -> bool:
    return shutil.which("syncthing") is not None


class _Instance:
    def __init__(self, home: Path, root: Path, number: int, transport: str) -> None:
        self.home, self.root, self._gui = home, root, GUI_PORTS[number]
        self._key = f"benchmark-{number}"
        self.url = f"{transport}://127.0.0.1:{SYNC_PORTS[number]}"
        self._environ = {"HOME": str(home), "PATH": os.environ["PATH"], "STNOUPGRADE": "1", "STNODEFAULTFOLDER": "1"}
        self._process: subprocess.Popen[bytes] | None = None
        self.id = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def generate(self) -> None:
        self.home.mkdir()
        subprocess.run(
            ["syncthing", "generate", f"--home={self.home}", "--no-default-folder", "--skip-port-probing"],
            check=True,
            env=self._environ,
            capture_output=True,
        )
        device = ET.parse(self.home / "config.xml").getroot().find("device")
        assert device is not None
        self.id = device.attrib["id"]

    def configure(self, peer: _Instance, *, tuned: bool, paused: bool) -> None:
        path = self.home / "config.xml"
        tree = ET.parse(path)
        root = tree.getroot()
        for name, value in OPTIONS.items():
            _child(root, f"options/{name}").text = value
        _child(root, "options/listenAddress").text = self.url
        _child(root, "gui/address").text = f"127.0.0.1:{self._gui}"
        _child(root, "gui/apikey").text = self._key
        device = ET.fromstring(ET.tostring(_child(root, "defaults/device")))
        device.set("id", peer.id)
        _child(device, "address").text = peer.url
        _child(device, "paused").text = "true" if paused else "false"
        folder = ET.fromstring(ET.tostring(_child(root, "defaults/folder")))
        for key, value in (("id", FOLDER), ("label", FOLDER), ("path", str(self.root))):
            folder.set(key, value)
        if tuned:
            folder.set("fsWatcherDelayS", "1")
            _child(folder, "caseSensitiveFS").text = "true"
        ET.SubElement(folder, "device", {"id": peer.id, "introducedBy": ""})
        root.insert(0, folder)
        root.insert(1, device)
        tree.write(path)
        self.root.mkdir(exist_ok=True)
        (self.root / ".stfolder").mkdir(exist_ok=True)

    def start(self) -> None:
        with open(self.home / "log.txt", "ab") as log:
            self._process = subprocess.Popen(
                ["syncthing", "serve", f"--home={self.home}", "--no-browser", "--no-upgrade", "--no-restart"],
                stdout=log,
                stderr=log,
                env=self._environ,
            )
        self._wait(self._answers)

    def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        try:
            self.call("POST", "/rest/system/shutdown")
            process.wait(60)
        finally:
            process.kill()

    def call(self, method: str, path: str, body: object = None) -> dict[str, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self._gui, timeout=120)
        try:
            headers = {"X-API-Key": self._key, "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:200]!r}")
        found = json.loads(data) if data.strip() else {}
        return found if isinstance(found, dict) else {}

    def wait_scanned(self, starts: int) -> None:
        def scanned() -> bool:
            log = (self.home / "log.txt").read_bytes()
            return log.count(b"Completed initial scan") >= starts and self.status()["state"] == "idle"

        self._wait(scanned)

    def status(self) -> dict[str, object]:
        return self.call("GET", f"/rest/db/status?folder={FOLDER}")

    def connection(self, peer: _Instance) -> dict[str, object]:
        connections = self.call("GET", "/rest/system/connections")["connections"]
        assert isinstance(connections, dict)
        found: dict[str, object] = connections[peer.id]
        return found

    def holds_all(self, peer: _Instance) -> bool:
        status = self.status()
        if status["state"] != "idle" or status["needTotalItems"] or not self.connection(peer)["connected"]:
            return False
        done = self.call("GET", f"/rest/db/completion?folder={FOLDER}&device={peer.id}")
        return done["completion"] == 100 and not done["needItems"] and not done["needDeletes"]

    def _answers(self) -> bool:
        try:
            self.call("GET", "/rest/system/ping")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def _wait(self, condition: Callable[[], bool]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end_s:
                raise TimeoutError(f"Syncthing in {self.home}")
            time.sleep(0.02)


class Syncthing:
    """`Contender`. As it comes; or `tuned`: told that names are case-sensitive, and of every change by hand."""

    own_names = frozenset({".stfolder", ".stversions"})

    def __init__(self, where: Path, *, tuned: bool = False, transport: str = "tcp") -> None:
        self.name = "Syncthing tuned" if tuned else "Syncthing"
        self.a, self.b = where / "a", where / "b"
        self._tuned = tuned
        self._first = _Instance(where / "home-a", self.a, 0, transport)
        self._second = _Instance(where / "home-b", self.b, 1, transport)
        self._starts = 0

    @property
    def pids(self) -> tuple[int, int]:
        return self._first.pid, self._second.pid

    def start_first(self) -> None:
        both = (self._first, self._second)
        for one in both:
            one.generate()
        self._first.configure(self._second, tuned=self._tuned, paused=False)
        self._second.configure(self._first, tuned=self._tuned, paused=True)
        self._starts = 1
        for one in both:
            one.start()
            one.wait_scanned(1)

    def connect(self) -> float:
        self._second.call("PATCH", f"/rest/config/devices/{self._first.id}", {"paused": False})
        while not self._second.connection(self._first)["connected"]:
            time.sleep(0.01)
        return time.monotonic()

    def wait_identical(self) -> float:
        end_s = time.monotonic() + PATIENCE_S
        while not self._in_sync():
            if time.monotonic() > end_s:
                raise TimeoutError("Syncthing is not in sync")
            time.sleep(0.05)
        now_s = time.monotonic()
        if self._starts > 1:
            return now_s
        # It says so only later; what counts is when the last file came into its place.
        return now_s - (time.time() - newest_change_s(self.b, self.own_names))

    def restart(self) -> float:
        for one in (self._first, self._second):
            one.stop()
        began_s = time.monotonic()
        self._starts += 1
        for one in (self._first, self._second):
            one.start()
        return began_s

    def poke(self, path: str) -> None:
        if self._tuned:
            below = f"&sub={urllib.parse.quote(path)}" if path else ""
            self._first.call("POST", f"/rest/db/scan?folder={FOLDER}{below}")

    def bytes_sent(self) -> int:
        sent = self._first.connection(self._second)["outBytesTotal"]
        assert isinstance(sent, int)
        return sent

    def own_numbers(self) -> dict[str, float]:
        return {}

    def stop(self) -> None:
        for one in (self._first, self._second):
            one.stop()

    def _in_sync(self) -> bool:
        first, second = self._first, self._second
        if self._starts > 1:
            for one in (first, second):
                if (one.home / "log.txt").read_bytes().count(b"Completed initial scan") < self._starts:
                    return False
        if not first.holds_all(second) or not second.holds_all(first):
            return False
        a, b = first.status(), second.status()
        return (a["globalFiles"], a["globalBytes"]) == (b["globalFiles"], b["globalBytes"])


def _child(root: ET.Element, path: str) -> ET.Element:
    found = root.find(path)
    assert found is not None, path
    return found
