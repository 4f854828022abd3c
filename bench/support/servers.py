"""Servers on loopback that cost little: nginx with prebuilt pages, one worker; bf-sim with the same rows."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from support import pages

ECHO_MODULE = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")

NGINX = """
{modules}
worker_processes 1; worker_rlimit_nofile 16384; daemon off;
pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 8192; }}
http {{
  log_format instant $msec; access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
  open_file_cache max=100000 inactive=1h; default_type application/json;
  client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
  uwsgi_temp_path {dir}; scgi_temp_path {dir};
  ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
  map $msec $milliseconds {{ ~^(?<s>[0-9]+)\\.(?<f>[0-9]+)$ $s$f; }}
{servers}
}}
"""

# Small answers come at once; a delay stands in front of the pages alone.
SERVER = """
  server {{
    listen 127.0.0.1:{port} backlog=4096{ssl}; root {dir}/pages; gzip_static {gzip};
    location ~ ^/(api/v3|fapi/v1)/time$ {{ return 200 '{{"serverTime":$milliseconds}}'; }}
    location = /api/v3/exchangeInfo {{ try_files /spot-exchangeInfo.json =404; }}
    location = /fapi/v1/exchangeInfo {{ try_files /um-exchangeInfo.json =404; }}
    location = /api/v3/klines {{ {page_1000} }}
    location = /fapi/v1/klines {{ {page_um} {log} }}
    location /archive/ {{ }}
    location = /archive/ {{ try_files /listing.xml =404; }}
    location @1000 {{ try_files /1000/$arg_startTime.json =404; }}
    location @499 {{ {log} try_files /499/$arg_startTime.json =404; }}
  }}
"""


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def wait_for(port):
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server does not listen")


def cpu_seconds(pid):
    """What a process and those that it started have used so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for one in [str(pid), *children]:
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def make_certificate(folder):
    """An authority of its own (ca.pem), and a certificate for 127.0.0.1 that it signed."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=bench")
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", "server.csr", *signed, "-extfile", "names", "-out", "server.pem")


class Listener:
    """One port of nginx and how it answers."""

    def __init__(self, tls=False, gzip=False, delay_ms=0, um_pages="1000", log=None):
        """`log`: a file that gets the instant at which each page of USD-M was sent, one a line."""
        self.tls, self.gzip, self.delay_ms, self.um_pages = tls, gzip, delay_ms, um_pages
        self.log, self.port = log, 0

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def config(self, work):
        def page(rows):
            if self.delay_ms:
                return f"echo_sleep {self.delay_ms / 1000}; echo_exec @{rows};"
            return f"try_files /{rows}/$arg_startTime.json =404;"

        return SERVER.format(
            dir=work,
            port=self.port,
            ssl=" ssl" if self.tls else "",
            gzip="on" if self.gzip else "off",
            log=f"access_log {self.log} instant;" if self.log else "",
            page_1000=page("1000"),
            page_um=page(self.um_pages),
        )


def delays_possible():
    return ECHO_MODULE.exists()


class Nginx:
    """Serves `work`/pages at every listener, whose ports it sets."""

    def __init__(self, work, listeners):
        make_certificate(work)
        for listener, port in zip(listeners, free_ports(len(listeners))):
            listener.port = port
        conf = work / "nginx.conf"
        delays = any(listener.delay_ms for listener in listeners)
        conf.write_text(
            NGINX.format(
                dir=work,
                modules=f"load_module {ECHO_MODULE};" if delays else "",
                servers="".join(listener.config(work) for listener in listeners),
            )
        )
        os.chmod(work, 0o755)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        user = "user root;" if os.getuid() == 0 else ""
        self.process = subprocess.Popen([program, "-c", conf, "-g", user])
        for listener in listeners:
            wait_for(listener.port)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Sim:
    """bf-sim with `data`, which publishes a limit that is never reached."""

    def __init__(self, work, build, data):
        port_file = work / "port"
        port_file.unlink(missing_ok=True)
        command = [
            *(build / "bin/bf-sim", "--data", data, "--no-limits", "--weight-limit", str(10**8)),
            *("--port", "0", "--port-file", port_file),
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **quiet)
        while not port_file.exists():
            if self.process.poll() is not None:
                sys.exit("bf-sim ended")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{int(port_file.read_text())}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def write_sim_data(folder, series, count):
    """The series for bf-sim: one file, linked under each symbol's name."""
    folder = folder / "binance/spot"
    folder.mkdir(parents=True)
    first, *others = pages.symbols(count)
    series.write_csv(folder / f"{first}-1m.csv")
    for name in others:
        os.link(folder / f"{first}-1m.csv", folder / f"{name}-1m.csv")
