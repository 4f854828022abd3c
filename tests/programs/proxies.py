"""Real proxies on loopback: each a program of the system, with a configuration made for one test.

tinyproxy and microsocks are installed by the test set-up, because neither starts a service of its own;
squid and danted do, and are used where they are.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import support

USER = "bf-user"
PLAIN_PASSWORD = "canary-5DqwY"  # for configurations that know no quoting
PASSWORD, ESCAPED_PASSWORD = "canary-5Dq/w@Y:%", "canary-5Dq%2Fw%40Y%3A%25"


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Proxy:
    """One running proxy; a kind of it says how it is started."""

    scheme = "http"
    program = ""
    password, escaped = PLAIN_PASSWORD, PLAIN_PASSWORD

    def __init__(self, with_password):
        self.with_password = with_password
        self.directory = Path(tempfile.mkdtemp(prefix="bf-proxy-"))
        self.port = free_port()
        self.log_path = self.directory / "log"
        self.log = open(self.log_path, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            self.command(), cwd=self.directory, stdout=self.log, stderr=self.log
        )
        try:
            support.wait_for(self._answers)
        except RuntimeError as error:
            self.stop()
            raise RuntimeError(f"{self.program} does not run: {self.said()}") from error

    @classmethod
    def path(cls):
        """Where the program is, or None."""
        return shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def command(self):
        raise NotImplementedError

    def configuration(self, *lines):
        """A file of these lines."""
        file = self.directory / "conf"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return file

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"exit {self.process.returncode}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, user=None, password=None):
        """Its URL, with these credentials (escaped already)."""
        info = f"{user}:{password}@" if user else ""
        return f"{self.scheme}://{info}127.0.0.1:{self.port}"

    def good_url(self):
        return self.url(USER, self.escaped) if self.with_password else self.url()

    def said(self):
        """Its log so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def carried(self, simulator):
        """Whether it says that it connected to this simulator; some say so when the tunnel has ended."""
        try:
            return support.wait_for(lambda: str(simulator.port) in self.said())
        except RuntimeError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(support.START_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Tinyproxy(Proxy):
    program = "tinyproxy"

    def command(self):
        lines = [f"Port {self.port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "MaxClients 200"]
        if self.with_password:
            lines.append(f"BasicAuth {USER} {self.password}")
        return [self.path(), "-d", "-c", self.configuration(*lines)]


class Squid(Proxy):
    program = "squid"

    def said(self):
        access = self.directory / "access"
        return super().said() + (access.read_text("utf-8") if access.exists() else "")

    def command(self):
        self.directory.chmod(0o777)  # started by root, it becomes a user of its own
        lines = [
            *(f"http_port 127.0.0.1:{self.port}", "pid_filename none", "cache deny all"),
            *("cache_log /dev/null", f"access_log stdio:{self.directory}/access"),
            "shutdown_lifetime 0 seconds",
            *(f"coredump_dir {self.directory}", "visible_hostname localhost", "pinger_enable off"),
        ]
        if self.with_password:
            # A helper answers OK or ERR to each "user password"; it gets them percent-encoded.
            helper = self.directory / "helper"
            helper.write_text(
                f'#!/bin/sh\nwhile read -r line; do [ "$line" = "{USER} {self.password}" ] '
                "&& echo OK || echo ERR; done\n",
                encoding="utf-8",
            )
            helper.chmod(0o755)
            lines += [f"auth_param basic program {helper}", "acl known proxy_auth REQUIRED"]
            lines += ["http_access allow known", "http_access deny all"]
        else:
            lines += ["http_access allow all"]
        return [self.path(), "-N", "-f", self.configuration(*lines)]


class Microsocks(Proxy):
    scheme = "socks5h"
    program = "microsocks"
    password, escaped = PASSWORD, ESCAPED_PASSWORD

    def command(self):
        command = [self.path(), "-i", "127.0.0.1", "-p", str(self.port)]
        return command + (["-u", USER, "-P", self.password] if self.with_password else [])


class Danted(Proxy):
    """Knows the users of the system alone, so it runs here without a password."""

    scheme = "socks5h"
    program = "danted"

    def command(self):
        file = self.configuration(
            "logoutput: stderr",
            f"internal: 127.0.0.1 port = {self.port}",
            "external: 127.0.0.1",
            "clientmethod: none",
            "socksmethod: none",
            "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }",
            "socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 log: connect }",
        )
        return [self.path(), "-f", file]


# Each kind, and whether it can ask for a password here.
KINDS = [(Tinyproxy, True), (Microsocks, True), (Squid, True), (Danted, False)]
