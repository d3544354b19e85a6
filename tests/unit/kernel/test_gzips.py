"""Compressed bodies: who takes them, and that they are the same every time."""

from __future__ import annotations

import gzip

import pytest

from windtunnel.simulator.kernel.gzips import gzipped, takes_gzip


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (b"gzip", True),
        (b"br;q=1.0, GZip ; q=0.5", True),
        (b"gzip;q=0.001", True),
        (b"gzip;q=0", False),
        (b"gzip; Q = 0.000", False),
        (b"deflate, x-gzip", False),
        (b"*", False),
        (b"", False),
    ],
)
def test_a_client_takes_gzip_where_it_names_it_with_a_weight(accepted, expected):
    assert takes_gzip(accepted) is expected


@pytest.mark.parametrize("body", [b"", b"x" * 100_000])
def test_a_body_comes_out_of_gzip_as_it_went_in(body):
    packed = gzipped(body)
    assert gzip.decompress(packed) == body
    assert packed == gzipped(body)
    assert len(packed) < 1_000
