"""`$batch` bodies: what is read, what is refused where, and what is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.odata.batch import (
    Answer,
    BatchError,
    BatchPart,
    BatchRules,
    ChangeSet,
    PartAnswer,
    TooManyParts,
    boundary_of,
    parse_batch,
    render_batch,
)

TOLERANT = BatchRules(operations=3)
STRICT = BatchRules(operations=3, needs_crlf=True, needs_closing=True)
MEDIA = "multipart/mixed; boundary=b1"

GET = "Content-Type: application/http\nContent-Transfer-Encoding: binary\n\nGET /data/a HTTP/1.1\n"
POST = (
    "Content-Type: application/http\nContent-ID: 7\n\n"
    "post b HTTP/1.1\nContent-Type: application/json\nX-Two: a:b\n\n{}"
)
BODY = (
    f"--b1\n{GET}Accept: application/json\n\n\n"
    f"--b1\nContent-Type: multipart/mixed;boundary=c1\n\n--c1\n{POST}\n--c1\n{POST}\n--c1--\n"
    "--b1--\n"
)


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("GET a?$filter=name eq 'b c' HTTP/1.1", "a?$filter=name eq 'b c'"),
        ("GET a?$search=x HTTP/1.1 HTTP/1.1", "a?$search=x HTTP/1.1"),
        ("GET a", "a"),
    ],
)
def test_the_url_of_a_request_line_ends_at_the_last_space(line: str, url: str) -> None:
    body = _crlf(f"--b1\nContent-Type: application/http\n\n{line}\n\n\n--b1--\n")
    assert parse_batch(MEDIA, body, STRICT) == [BatchPart("GET", url, {})]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        (_crlf(BODY), STRICT),
        (_crlf(BODY), TOLERANT),
        (BODY.encode(), TOLERANT),
        (_crlf(BODY).removesuffix(b"--b1--\r\n"), TOLERANT),
        (_crlf(BODY.replace("--c1--\n", "")), TOLERANT),
        (b"a preamble\r\n" + _crlf(BODY) + b"an epilogue", STRICT),
    ],
)
def test_requests_and_change_sets_are_read_in_order(body: bytes, rules: BatchRules) -> None:
    first, second = parse_batch(MEDIA, body, rules)
    assert first == BatchPart("GET", "/data/a", {b"accept": b"application/json"})
    assert isinstance(second, ChangeSet)
    headers = {b"content-type": b"application/json", b"x-two": b"a:b"}
    assert second.parts == (BatchPart("POST", "b", headers, b"{}", "7"),) * 2


def test_headers_may_be_absent_and_a_content_id_may_be_inside() -> None:
    body = b"--b1\r\n\r\nGET a HTTP/1.1\r\n--b1\r\n\nDELETE b\r\nContent-ID: 2\r\n\r\n--b1--"
    assert parse_batch(MEDIA, body, TOLERANT) == [
        BatchPart("GET", "a"),
        BatchPart("DELETE", "b", {b"content-id": b"2"}, b"", "2"),
    ]


@pytest.mark.parametrize(
    ("media", "boundary"),
    [
        ("multipart/mixed; boundary=abc", b"abc"),
        ('Multipart/Mixed ; charset=utf-8; boundary="a b"', b"a b"),
        ("multipart/mixed;boundary=batch_1;x=y", b"batch_1"),
    ],
)
def test_a_boundary_is_found(media: str, boundary: bytes) -> None:
    assert boundary_of(media) == boundary


PART = f"--b1\n{GET}\n"
SET = "--b1\nContent-Type: multipart/mixed; boundary=c1\n\n"
REFUSED = [
    ("application/json", "", TOLERANT, "is not multipart/mixed", 0),
    ("multipart/mixed", "", TOLERANT, "is not multipart/mixed", 0),
    (MEDIA, "", TOLERANT, "does not occur", 0),
    (MEDIA, "--b1--", TOLERANT, "is empty", 6),
    (MEDIA, "--b1\n", TOLERANT, "is empty", 6),
    (MEDIA, PART, STRICT, "Stream was not readable", None),
    (MEDIA, PART * 4 + "--b1--", TOLERANT, "more than 3 operations", None),
    (MEDIA, "--b1\nno colon\n\nGET a\n--b1--", TOLERANT, "has no colon", 6),
    (MEDIA, "--b1\nX: y\n\nnonsense\n--b1--", TOLERANT, "'nonsense' is not a request line", 14),
    (MEDIA, f"{SET}--c1\n{GET}\n--c1--\n--b1--", TOLERANT, "must not hold a GET", None),
    (MEDIA, f"{SET}--c1\n{SET[5:]}\n--c1--\n--b1--", TOLERANT, "another batch", None),
    (MEDIA, f"{SET}nothing\n--b1--", TOLERANT, "does not occur", None),
]


@pytest.mark.parametrize(("media", "body", "rules", "words", "position"), REFUSED)
def test_a_body_that_is_no_batch_is_refused(
    media: str, body: str, rules: BatchRules, words: str, position: int | None
) -> None:
    with pytest.raises(BatchError, match=words) as caught:
        parse_batch(media, _crlf(body), rules)
    assert words in caught.value.message
    assert position is None or caught.value.position == position
    assert isinstance(caught.value, TooManyParts) == ("more than" in words)


def test_lines_that_end_without_a_carriage_return_are_refused_by_a_strict_service() -> None:
    with pytest.raises(BatchError, match="Stream was not readable"):
        parse_batch(MEDIA, BODY.encode(), STRICT)


def test_answers_are_written_with_their_change_sets() -> None:
    found = PartAnswer(200, b"OData-Version: 4.0\r\n", b"{}")
    made = PartAnswer(204, b"", b"", "1")
    odd = PartAnswer(299, b"", b"")
    media, body = render_batch([found, (made, made), odd], "i", ["j"])
    head = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    inner = b"--changesetresponse_j\r\n" + head
    inner += b"Content-ID: 1\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\r\n"
    assert media == "multipart/mixed; boundary=batchresponse_i"
    assert body == (
        b"--batchresponse_i\r\n" + head + b"\r\nHTTP/1.1 200 OK\r\nOData-Version: 4.0\r\n\r\n{}\r\n"
        b"--batchresponse_i\r\nContent-Type: multipart/mixed; boundary=changesetresponse_j\r\n\r\n"
        + inner * 2
        + b"--changesetresponse_j--\r\n"
        + b"--batchresponse_i\r\n"
        + head
        + b"\r\nHTTP/1.1 299 Status\r\n\r\n\r\n--batchresponse_i--\r\n"
    )


@given(body=st.binary() | st.lists(st.sampled_from(_crlf(BODY).split(b"\r\n"))).map(b"\n".join))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    refused: BatchError | None = None
    try:
        assert parse_batch(MEDIA, body, TOLERANT)
    except BatchError as error:
        refused = error
    assert refused is None or 0 <= refused.position <= len(body)


@given(
    st.lists(
        st.builds(PartAnswer, st.just(200), st.just(b"A: b\r\n"), st.sampled_from([b"{}", b""])),
        max_size=5,
    )
)
def test_what_is_written_has_as_many_parts_as_answers(answers: list[Answer]) -> None:
    _, body = render_batch(answers, "i")
    assert body.count(b"--batchresponse_i\r\n") == len(answers)
    assert body.endswith(b"--batchresponse_i--\r\n")
