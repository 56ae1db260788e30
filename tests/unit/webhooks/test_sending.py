"""Requests on the wire: to checked addresses alone, within a deadline, and whatever comes back is an answer."""

import itertools
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest
import trustme

from marketplace.webhooks.addresses import IP
from marketplace.webhooks.destinations import Destination, read_destination
from marketplace.webhooks.models import Attempt
from marketplace.webhooks.sending import INTERNET, KEPT_BYTES, Answer, Network, post
from tests.factories.receivers import HOST, Got, Receiver, Reply, raw_receiver, receiver

Problem = Attempt.Problem
NAME = "hooks.example.org"
HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}
BODY = '{"type":"style.published"}'
LOOPBACK = ip_address(HOST)


def resolver(*answers: list[str]) -> tuple[Callable[[str, int], list[IP]], list[str]]:
    """One that answers so, in turn, and the last for ever; and the names it was asked for."""
    asked: list[str] = []
    turns = itertools.chain(answers, itertools.repeat(answers[-1]))

    def resolve(host: str, _port: int) -> list[IP]:
        asked.append(host)
        return [ip_address(address) for address in next(turns)]

    return resolve, asked


def local(port: int) -> Destination:
    return Destination("http", HOST, port, "/hooks", is_local=True)


@pytest.fixture
def open_receiver() -> Iterator[Receiver]:
    with receiver() as started:
        yield started


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def tls_server(authority: trustme.CA, name: str = NAME) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def on_loopback(port: int, tls: ssl.SSLContext) -> tuple[Destination, Network]:
    """As a public name, whose address a test may have on loopback."""
    resolve, _ = resolver([HOST])
    return Destination("https", NAME, port, "/hooks?a=b"), Network(resolve, lambda ip: ip == LOOPBACK, tls)


def test_what_is_sent_arrives_as_it_is(open_receiver: Receiver) -> None:
    answer = post(local(open_receiver.port), HEADERS, "彩り")
    assert (answer.problem, answer.status, answer.address, answer.body) == (Problem.NONE, 200, HOST, "ok")
    assert open_receiver.got == [
        Got(
            "/hooks",
            {
                "host": f"{HOST}:{open_receiver.port}",
                "content-length": "6",
                "content-type": "application/json",
                "webhook-id": "msg_1",
            },
            "彩り",
        )
    ]


def test_tls_names_and_verifies_the_host_at_the_pinned_address(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    with receiver(tls_server(authority)) as server:
        destination, network = on_loopback(server.port, trusting)
        answer = post(destination, HEADERS, BODY, network=network)
    assert (answer.problem, answer.address) == (Problem.NONE, HOST)
    assert (server.sni, server.got[0].headers["host"]) == ([NAME], f"{NAME}:{server.port}")


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_of_another_name_or_authority_is_not_believed(authority: trustme.CA, trusted: bool) -> None:
    context = ssl.create_default_context()
    if trusted:
        authority.configure_trust(context)
    with receiver(tls_server(authority, "elsewhere.example.org" if trusted else NAME)) as server:
        destination, network = on_loopback(server.port, context)
        answer = post(destination, HEADERS, BODY, network=network)
    assert (answer.problem, server.got) == (Problem.TLS, [])


@pytest.mark.parametrize(
    "addresses",
    [
        [HOST],
        ["8.8.8.8", HOST],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["10.0.0.1", "8.8.8.8"],
    ],
)
def test_a_name_with_any_address_that_is_not_public_is_not_connected_to(
    open_receiver: Receiver, addresses: list[str]
) -> None:
    resolve, asked = resolver(addresses)
    destination = Destination("https", NAME, open_receiver.port, "/")
    answer = post(destination, HEADERS, BODY, network=Network(resolve))
    assert (answer.problem, asked, open_receiver.got) == (Problem.ADDRESS, [NAME], [])


def test_a_name_that_changes_after_the_check_is_not_asked_again(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """Rebinding: the first answer is allowed, every later one is where the attacker wants us."""
    with receiver(tls_server(authority)) as allowed, receiver() as inner:
        resolve, asked = resolver([HOST], ["127.0.0.2"])
        network = Network(resolve, lambda ip: ip == LOOPBACK, trusting)
        answer = post(Destination("https", NAME, allowed.port, "/"), HEADERS, BODY, network=network)
    assert (answer.problem, answer.address, asked) == (Problem.NONE, HOST, [NAME])
    assert (len(allowed.got), inner.got) == (1, [])


def test_a_name_that_moves_between_two_attempts_is_checked_each_time(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    with receiver(tls_server(authority)) as server:
        resolve, asked = resolver([HOST], ["127.0.0.2"])
        network = Network(resolve, lambda ip: ip == LOOPBACK, trusting)
        destination = Destination("https", NAME, server.port, "/")
        problems = [post(destination, HEADERS, BODY, network=network).problem for _ in range(2)]
    assert (problems, asked, len(server.got)) == ([Problem.NONE, Problem.ADDRESS], [NAME, NAME], 1)


def test_an_address_in_disguise_is_found_by_the_real_resolver() -> None:
    """Where a name that looks like a number gets past the form, the resolver reads it as what it is."""
    for host in ("127.1", "0x7f000001", "2130706433", "localhost"):
        assert post(Destination("https", host, 443, "/"), HEADERS, BODY).problem == Problem.ADDRESS


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), OSError("no network")]
)
def test_a_resolver_that_fails_lets_nothing_through(open_receiver: Receiver, error: Exception) -> None:
    def resolve(_host: str, _port: int) -> list[IP]:
        raise error

    answer = post(Destination("https", NAME, open_receiver.port, "/"), HEADERS, BODY, network=Network(resolve))
    assert (answer.problem, open_receiver.got) == (Problem.NAME, [])


def test_a_name_without_addresses_is_unknown() -> None:
    resolve, _ = resolver([])
    assert post(Destination("https", NAME, 443, "/"), HEADERS, BODY, network=Network(resolve)).problem == Problem.NAME


def test_the_next_address_is_tried_where_one_does_not_answer(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    with receiver(tls_server(authority)) as server:
        resolve, _ = resolver(["127.0.0.3", HOST])  # nobody listens at the first
        network = Network(resolve, lambda ip: ip.is_loopback, trusting)
        answer = post(Destination("https", NAME, server.port, "/"), HEADERS, BODY, network=network)
    assert (answer.problem, answer.address) == (Problem.NONE, HOST)


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (200, Problem.NONE),
        (202, Problem.NONE),
        (204, Problem.NONE),
        (299, Problem.NONE),
        (301, Problem.REDIRECT),
        (304, Problem.REDIRECT),
        (307, Problem.REDIRECT),
        (400, Problem.STATUS),
        (404, Problem.STATUS),
        (410, Problem.GONE),
        (429, Problem.STATUS),
        (500, Problem.STATUS),
        (503, Problem.STATUS),
    ],
)
def test_only_2xx_is_success(open_receiver: Receiver, status: int, problem: Problem) -> None:
    open_receiver.reply = lambda _got: Reply(status, body=b"")
    answer = post(local(open_receiver.port), HEADERS, BODY)
    assert (answer.status, answer.problem) == (status, problem)


def test_a_redirect_is_noted_and_not_followed(open_receiver: Receiver) -> None:
    open_receiver.reply = lambda _got: Reply(302, {"Location": f"http://{HOST}:{open_receiver.port}/inner"})
    answer = post(local(open_receiver.port), HEADERS, BODY)
    assert (answer.problem, [got.path for got in open_receiver.got]) == (Problem.REDIRECT, ["/hooks"])
    assert answer.headers["location"].endswith("/inner")


def test_the_beginning_of_a_long_answer_is_kept_without_what_turns_a_log_around(open_receiver: Receiver) -> None:
    open_receiver.reply = lambda _got: Reply(
        500, {"Server": "x\x1b[31m", "X-Other": "y"}, b"\x1b[2J\xff\n" + "\u202e".encode() + b"a" * 10_000_000
    )
    answer = post(local(open_receiver.port), HEADERS, BODY)
    assert answer.body[:9] == "\ufffd[2J\ufffd\n\ufffdaa"
    assert len(answer.body.encode()) <= 3 * KEPT_BYTES
    assert (answer.headers["server"], "x-other" in answer.headers) == ("x\ufffd[31m", False)


def until_left(connection: socket.socket, *, every: bytes, pause: float = 0.02) -> None:
    while True:
        connection.sendall(every)
        time.sleep(pause)


def says_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def drips_headers(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    until_left(connection, every=b"X: y\r\n")


def goes_on_with_100(connection: socket.socket) -> None:
    connection.recv(65536)
    until_left(connection, every=b"HTTP/1.1 100 Continue\r\n\r\n")


@pytest.mark.parametrize("talk", [says_nothing, drips_headers, goes_on_with_100])
def test_everything_together_ends_by_the_deadline(talk: Callable[[socket.socket], None]) -> None:
    with raw_receiver(talk) as port:
        answer = post(local(port), HEADERS, BODY, total_s=0.4)
    assert (answer.problem, answer.status, answer.seconds < 1.5) == (Problem.TIMEOUT, None, True)


def test_a_slow_resolver_uses_up_the_same_time(open_receiver: Receiver) -> None:
    def resolve(_host: str, _port: int) -> list[IP]:
        time.sleep(0.3)
        return [ip_address(HOST)]

    network = Network(resolve, lambda _ip: True)
    answer = post(Destination("http", NAME, open_receiver.port, "/"), HEADERS, BODY, network=network, total_s=0.2)
    assert (answer.problem, open_receiver.got) == (Problem.TIMEOUT, [])


def test_a_body_that_never_ends_does_not_take_the_success_back() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        until_left(connection, every=b"a")

    with raw_receiver(talk) as port:
        answer = post(local(port), HEADERS, BODY, total_s=0.4)
    assert (answer.problem, answer.status, answer.seconds < 1.5, set(answer.body)) == (Problem.NONE, 200, True, {"a"})


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (b"", Problem.ANSWER),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Problem.ANSWER),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, Problem.ANSWER),
        (b"HTTP/1.1 999999 OK\r\n\r\n", Problem.ANSWER),
    ],
)
def test_what_is_not_http_is_said_to_be_none(said: bytes, problem: Problem) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # what is left unread would make the end a reset
            pass

    with raw_receiver(talk) as port:
        assert post(local(port), HEADERS, BODY, total_s=5).problem == problem


def test_where_nobody_listens_there_is_no_connection() -> None:
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    answer = post(local(port), HEADERS, BODY)
    assert replace(answer, seconds=0) == Answer(Problem.CONNECTION, 0, HOST)


def test_proxies_in_the_environment_are_not_used(open_receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(local(open_receiver.port), HEADERS, BODY).problem == Problem.NONE


def test_the_rule_of_the_site_is_the_public_internet() -> None:
    assert [INTERNET.allows(ip_address(address)) for address in ("8.8.8.8", HOST)] == [True, False]
    assert not read_destination("https://example.org").is_local
