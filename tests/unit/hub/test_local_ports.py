import socket
from dataclasses import astuple

from hub.local.ports import GRPC_OFFSET, HOST, Ports, choose_ports, is_free

ANY = Ports(site=0, broker=0, s3=0, master=0, volume=0, filer=0, metrics=0)


def test_free_ports_are_all_different_and_so_are_the_stores_grpc_ports() -> None:
    ports, moved = choose_ports(ANY)
    grpc = [port + GRPC_OFFSET for port in (ports.s3, ports.master, ports.volume, ports.filer)]
    assert len({*astuple(ports), *grpc}) == 11
    assert moved == []


def test_a_port_in_use_is_left_alone_and_the_move_is_said() -> None:
    free, _ = choose_ports(ANY)
    with socket.socket() as other:
        other.bind((HOST, free.site))
        other.listen()
        ports, moved = choose_ports(free)
        assert ports.site != free.site
        assert moved == [f"Port {free.site} is in use, so site listens on {ports.site}."]


def test_a_store_port_moves_when_only_its_grpc_port_is_in_use() -> None:
    free, _ = choose_ports(ANY)
    with socket.socket() as other:
        other.bind((HOST, free.filer + GRPC_OFFSET))
        other.listen()
        assert is_free(free.filer)
        ports, moved = choose_ports(free)
        assert ports.filer != free.filer
        assert len(moved) == 1
