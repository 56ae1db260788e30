"""The tree of RFC 9162, by the vectors that implementations of Certificate Transparency share."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.ledger.sealing.merkle import leaf_hash, path, root, root_of_path

DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in DATA]


@pytest.mark.parametrize("count", range(9))
def test_roots_are_the_known_ones(count: int) -> None:
    assert root(LEAVES[:count]).hex() == ROOTS[count]


def test_a_path_is_the_known_one() -> None:
    # Leaf 5 of 7, drawn by hand after section 2.1.5: its neighbour, then 6 alone, then the four on the left.
    right = hashlib.sha256(b"\x01" + LEAVES[4] + LEAVES[5]).digest()
    assert path(LEAVES[:7], 4) == [LEAVES[5], LEAVES[6], root(LEAVES[:4])]
    assert root([LEAVES[4], LEAVES[5]]) == right


SIZES = st.integers(1, 70).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1)))


@given(SIZES)
def test_every_path_leads_to_the_root_and_is_short(size: tuple[int, int]) -> None:
    count, position = size
    leaves = [leaf_hash(bytes([number])) for number in range(count)]
    found = path(leaves, position)
    assert root_of_path(leaves[position], position, count, found) == root(leaves)
    assert len(found) <= (count - 1).bit_length()


@given(SIZES, st.data())
def test_a_path_that_is_altered_leads_elsewhere(size: tuple[int, int], data: st.DataObject) -> None:
    count, position = size
    leaves = [leaf_hash(bytes([number])) for number in range(count)]
    found = path(leaves, position)
    altered = data.draw(
        st.sampled_from(
            [
                (leaf_hash(b"other"), position, count, found),
                (leaves[position], position + 1, count, found),
                (leaves[position], position, count, [*found, leaves[0]]),
                (leaves[position], position, count, found[:-1] if found else [leaves[0]]),
                (leaves[position], position, count, [leaf_hash(b"other"), *found[1:]]),
            ]
        )
    )
    assert root_of_path(*altered) != root(leaves)
