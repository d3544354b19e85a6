"""What is said of requests that came to nothing."""

from __future__ import annotations

import pytest

from windtunnel.load.causes import cause_of


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (400, b'{"error": {"code": "0x1", "message": "Too\\n long."}}', "HTTP 400: Too long."),
        (400, b'{"error": {"innererror": {"message": "Why"}, "message": "x"}}', "HTTP 400: Why"),
        (429, b'{"error": {"message": "Number of requests exceeded"}}', "HTTP 429"),
        (404, b"<html>", "HTTP 404"),
        (400, b'{"error": "x"}', "HTTP 400"),
        (400, b"[]", "HTTP 400"),
        (500, None, "HTTP 500"),
        (0, None, "ConnectionResetError"),
    ],
)  # fmt: skip
def test_a_cause_is_the_status_and_what_the_service_said(status, content, said):
    assert cause_of(status, content, ConnectionResetError()) == said


def test_a_long_text_is_cut():
    said = cause_of(400, b'{"error": {"message": "%s"}}' % (b"x" * 500))
    assert said.endswith("x...")
    assert len(said) < 200
