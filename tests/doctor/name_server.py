"""A name server on this machine, which answers with given TXT records."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.message
import dns.rcode
import dns.rrset
from dns.resolver import Resolver


@contextmanager
def name_server(records: dict[str, list[str]]) -> Iterator[Resolver]:
    """Run a name server while the block runs. Give the resolver that asks it. Other names do not exist."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_answer, args=[server, records], daemon=True)
        thread.start()
        yield resolver_of(server.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", server.getsockname())
        thread.join()


def resolver_of(port: int) -> Resolver:
    """Return a resolver that asks the server on this port."""
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    return resolver


def _answer(server: socket.socket, records: dict[str, list[str]]) -> None:
    while True:
        packet, client = server.recvfrom(4096)
        if not packet:
            return
        question = dns.message.from_wire(packet)
        name = question.question[0].name
        response = dns.message.make_response(question)
        texts = records.get(name.to_text(omit_final_dot=True))
        if texts:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *(f'"{text}"' for text in texts)))
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        server.sendto(response.to_wire(), client)
