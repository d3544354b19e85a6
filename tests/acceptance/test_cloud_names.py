"""Clients that know only the cloud's names, unmodified, through the forward proxy."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys

import httpx
import msal
import pytest
import requests
from azure.identity import ClientSecretCredential

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ORGANIZATION = "https://contoso.crm4.dynamics.com"
ERP = "https://contoso.operations.dynamics.com"


@pytest.fixture
def cloud(env, monkeypatch):
    """The variables that make a process believe it is in the cloud."""
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, env["WT_PROXY_URL"])
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        monkeypatch.setenv(name, env["WT_CA_FILE"])
    return env


def msal_token(env, resource: str) -> str:
    application = msal.ConfidentialClientApplication(
        env["WT_CLIENT_ID"],
        client_credential=env["WT_CLIENT_SECRET"],
        authority=f"https://login.microsoftonline.com/{env['WT_TENANT_ID']}",
    )
    answer = application.acquire_token_for_client([f"{resource}/.default"])
    assert "access_token" in answer, answer
    return answer["access_token"]


def test_msal_and_requests_work_with_their_defaults(cloud):
    headers = {"authorization": f"Bearer {msal_token(cloud, ORGANIZATION)}"}
    answer = requests.get(f"{ORGANIZATION}/api/data/v9.2/WhoAmI", headers=headers, timeout=120)
    assert answer.status_code == 200
    assert answer.json()["@odata.context"].startswith(f"{ORGANIZATION}/api/data/v9.2/$metadata")


def test_azure_identity_and_httpx_work_with_their_defaults(cloud):
    credential = ClientSecretCredential(
        cloud["WT_TENANT_ID"], cloud["WT_CLIENT_ID"], cloud["WT_CLIENT_SECRET"]
    )
    headers = {"authorization": f"Bearer {credential.get_token(f'{ERP}/.default').token}"}
    context = ssl.create_default_context(cafile=cloud["WT_CA_FILE"])
    with httpx.Client(verify=context, headers=headers) as client:
        for _ in range(2):
            answer = client.get(f"{ERP}/data/CustomersV3?$top=1")
            assert answer.json()["@odata.context"].startswith(f"{ERP}/data/$metadata#CustomersV3")


def test_an_event_loop_of_its_own_and_many_tunnels_at_once(cloud):
    import asyncio

    token = msal_token(cloud, ORGANIZATION)

    async def main() -> list[int]:
        context = ssl.create_default_context(cafile=cloud["WT_CA_FILE"])
        async with httpx.AsyncClient(
            verify=context, headers={"authorization": f"Bearer {token}"}, timeout=120
        ) as client:
            calls = [client.get(f"{ORGANIZATION}/api/data/v9.2/WhoAmI") for _ in range(30)]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(main()) == [200] * 30


NODE = """
const https = require('node:https'), http = require('node:http'), tls = require('node:tls');
const [url, token] = process.argv.slice(1);
const target = new URL(url), proxy = new URL(process.env.HTTPS_PROXY);
http.request({ host: proxy.hostname, port: proxy.port, method: 'CONNECT',
               path: `${target.hostname}:443` })
  .on('connect', (answer, socket) => {
    const agent = new https.Agent();
    agent.createConnection = () => tls.connect({ socket, servername: target.hostname });
    https.get(url, { agent, headers: { authorization: `Bearer ${token}` } }, (reply) => {
      let text = '';
      reply.on('data', (part) => { text += part; });
      reply.on('end', () => console.log(JSON.stringify({ status: reply.statusCode, text })));
    });
  }).end();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_tunnels_and_trusts_the_extra_ca(cloud):
    token = msal_token(cloud, ORGANIZATION)
    done = subprocess.run(
        ["node", "-e", NODE, f"{ORGANIZATION}/api/data/v9.2/WhoAmI", token],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == 200
    assert ORGANIZATION in answer["text"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_says_why_another_host_is_refused(cloud):
    done = subprocess.run(
        ["curl", "-sSv", "--cacert", cloud["WT_CA_FILE"], "https://www.example.org/"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "windtunnel does not answer for www.example.org" in done.stderr


NAMESPACE = """
set -e
"$PYTHON" -c "$LOOPBACK_UP"
mount -t tmpfs none /mnt && cp /etc/hosts /mnt/hosts
echo '127.0.0.1 login.microsoftonline.com contoso.crm4.dynamics.com' >> /mnt/hosts
mount --bind /mnt/hosts /etc/hosts
WINDTUNNEL_PROXY__HTTPS_PORT=443 "$PYTHON" -m windtunnel.simulator.cli up --env-file "$FOLDER/env" &
up=$!
trap 'kill $up; wait $up' EXIT
for _ in $(seq 3000); do [ -e "$FOLDER/env" ] && break; sleep 0.1; done
. "$FOLDER/env"
SSL_CERT_FILE=$WT_CA_FILE REQUESTS_CA_BUNDLE=$WT_CA_FILE "$PYTHON" - <<'CODE'
import os, msal, requests
lines = open(os.environ["FOLDER"] + "/env").read().splitlines()
env = dict(line.split("=", 1) for line in lines)
app = msal.ConfidentialClientApplication(
    env["WT_CLIENT_ID"], client_credential=env["WT_CLIENT_SECRET"],
    authority="https://login.microsoftonline.com/" + env["WT_TENANT_ID"])
root = "https://contoso.crm4.dynamics.com"
token = app.acquire_token_for_client([root + "/.default"])["access_token"]
answer = requests.get(root + "/api/data/v9.2/WhoAmI", headers={"authorization": "Bearer " + token})
print(answer.status_code, answer.url)
CODE
"""


LOOPBACK_UP = """
import fcntl, socket, struct
up, set_flags = 0x1, 0x8914  # IFF_UP, SIOCSIFFLAGS: what `ip link set lo up` does
fcntl.ioctl(socket.socket(), set_flags, struct.pack("16sh", b"lo", up))
"""


def can_unshare() -> bool:
    probe = ["unshare", "-rnm", "sh", "-c", "mount -t tmpfs none /mnt"]
    found = shutil.which("unshare") is not None
    return found and subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_a_network_namespace_needs_no_proxy(tmp_path):
    if not can_unshare():
        pytest.skip("this machine allows no unprivileged network namespace")
    clean = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    done = subprocess.run(
        ["unshare", "-rnm", "bash", "-c", NAMESPACE],
        env={
            **clean,
            "PYTHON": sys.executable,
            "FOLDER": str(tmp_path),
            "LOOPBACK_UP": LOOPBACK_UP,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert "200 https://contoso.crm4.dynamics.com/" in done.stdout, done.stdout + done.stderr
