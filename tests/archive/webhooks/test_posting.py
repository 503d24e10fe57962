"""One request: to the address that was looked at, led nowhere else, and over in some seconds."""

from __future__ import annotations

import datetime
import socket
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from archive.webhooks import posting
from archive.webhooks.posting import Rules, Unsendable
from tests.archive.webhooks.receiver import receiving

HERE = Rules(http=True, networks=posting.networks_of(["127.0.0.0/8"]))


def test_nothing_is_sent_inside_unless_it_is_allowed():
    with receiving() as server:
        with pytest.raises(Unsendable):
            posting.post(server.url, b"{}", {}, Rules(http=True))
        assert posting.post(server.url, b"{}", {"webhook-id": "m"}, HERE) == 200
        ((path, headers, body),) = server.got
    assert (path, headers["webhook-id"], body) == ("/hook", "m", b"{}")
    assert headers["host"] == f"127.0.0.1:{server.port}"


def test_no_redirect_is_followed():
    with receiving() as server, receiving() as other:
        server.status, server.location = 307, other.url
        assert posting.post(server.url, b"{}", {}, HERE) == 307
        assert other.got == []


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    with receiving() as server, receiving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert posting.post(server.url, b"{}", {}, HERE) == 200
        assert proxy.got == [] and len(server.got) == 1


def test_the_name_is_asked_once_and_the_connection_goes_where_it_led(monkeypatch):
    with receiving() as server:
        real, asked = socket.getaddrinfo, []

        def rebinding(host: str, port: int, *rest: object, **more: object):
            if host == "rebind.example":
                asked.append(host)
                return real("127.0.0.1" if len(asked) == 1 else "127.0.0.9", port, *rest, **more)
            return real(host, port, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        url = f"http://rebind.example:{server.port}/"
        assert posting.post(url, b"{}", {}, HERE) == 200
        assert asked == ["rebind.example"]
        assert server.got[0][1]["host"] == f"rebind.example:{server.port}"


def test_an_answer_that_drips_is_cut(monkeypatch):
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.3)
    with receiving() as server:
        server.drips = True
        began = time.monotonic()
        with pytest.raises(Unsendable):
            posting.post(server.url, b"{}", {}, HERE)
        assert time.monotonic() - began < 2


def test_nobody_there_is_said():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    with pytest.raises(Unsendable, match="no answer"):
        posting.post(f"http://127.0.0.1:{port}/", b"{}", {}, HERE)


def certificate_for(name: str, folder) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(paths[0]), str(paths[1])


def test_the_certificate_must_be_the_names(tmp_path, monkeypatch):
    certificate, key = certificate_for("hooks.example", tmp_path)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *rest, **more: real(
            "127.0.0.1" if str(host).endswith(".example") else host, *rest, **more
        ),
    )  # fmt: skip
    with receiving() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        rules = Rules(networks=HERE.networks)
        url = f"https://hooks.example:{server.port}/hook"
        with pytest.raises(Unsendable, match="certificate"):
            posting.post(url, b"{}", {}, rules)  # signed by nobody who is trusted
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        assert posting.post(url, b"{}", {}, rules) == 200
        with pytest.raises(Unsendable, match="match"):
            posting.post(url.replace("hooks", "others"), b"{}", {}, rules)
