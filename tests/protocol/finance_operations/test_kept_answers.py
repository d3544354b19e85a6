"""What is kept between requests never shows: a read behind a write has what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

KEY = "dataAreaId='usmf',CustomerGroupId='10'"
SPELLINGS = (
    f"CustomerGroups({KEY})",
    "CustomerGroups(CustomerGroupId='10',dataAreaId='usmf')",
    "CustomerGroups(dataAreaId='USMF', CustomerGroupId='10')",
    f"CustomerGroups({KEY})?cross-company=true",
    f"CustomerGroups({KEY})?$select=Description",
    f"CustomerGroups({KEY})?$format=application/json;odata.metadata=full",
    f"CustomerGroups({KEY.replace('=', '%3D')})",
)
READERS: tuple[dict[str, str], ...] = (
    {},
    {"accept": "application/json;odata.metadata=none"},
    {"host": "other.test"},
)


def described(rig: Rig) -> set[str]:
    found = {
        str(rig.get(spelling, headers=headers).json()["Description"])
        for spelling in SPELLINGS
        for headers in READERS
    }
    path = f"CustomerGroups({KEY})"
    found.add(rig.get(f"{path}/Description").json()["value"])
    found.add(rig.get(f"{path}/Description/$value").text)
    found.add(rig.rows("CustomerGroups?$filter=CustomerGroupId eq '10'")[0]["Description"])
    return found


@pytest.mark.parametrize("written", SPELLINGS[:4])
def test_every_way_to_read_a_record_shows_its_last_change(rig: Rig, written: str) -> None:
    described(rig)
    for text in ("first", "second"):
        assert rig.call("PATCH", f"/data/{written}", {"Description": text}).status_code == 204
        assert described(rig) == {text}


def test_a_change_of_one_company_is_none_of_another(rig: Rig) -> None:
    other = "CustomerGroups(dataAreaId='usrt',CustomerGroupId='10')?cross-company=true"
    before = rig.get(other).content
    rig.call("PATCH", f"/data/{SPELLINGS[0]}", {"Description": "of one company"})
    assert rig.get(other).content == before
    rig.call("PATCH", f"/data/{other}", {"Description": "of the other"})
    assert rig.get(other).json()["Description"] == "of the other"
    assert rig.get(SPELLINGS[0]).json()["Description"] == "of one company"


def test_versions_of_an_entity_show_each_others_changes(rig: Rig) -> None:
    key = "(dataAreaId='usmf',VendorAccountNumber='US-101')"

    def notes() -> set[Any]:
        found = [rig.get(f"{name}{key}").json() for name in ("VendorsV2", "VendorsV3")]
        return {row["VendorSearchName"] for row in found}

    notes()
    for name in ("VendorsV3", "VendorsV2"):
        rig.call("PATCH", f"/data/{name}{key}", {"VendorSearchName": f"by {name}"})
        assert notes() == {f"by {name}"}


def test_what_a_rule_writes_to_another_record_shows_there(rig: Rig) -> None:
    header = {"JournalName": "GenJrn", "Description": "kept"}
    made = rig.call("POST", "/data/LedgerJournalHeaders", header).json()
    number = made["JournalBatchNumber"]
    path = f"LedgerJournalHeaders(dataAreaId='usmf',JournalBatchNumber='{number}')"
    assert rig.get(path).json()["JournalTotalDebit"] == 0
    line = {
        "JournalBatchNumber": number,
        "LineNumber": 1,
        "AccountType": "Vend",
        "AccountDisplayValue": "US\\-101",
        "DebitAmount": 12.5,
        "CurrencyCode": "USD",
    }
    answer = rig.call("POST", "/data/LedgerJournalLines", line)
    assert answer.status_code == 201, answer.text
    assert rig.get(path).json()["JournalTotalDebit"] == 12.5


def test_a_deleted_record_is_gone_and_a_new_one_of_its_key_is_new(rig: Rig) -> None:
    rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "k", "Description": "old"})
    path = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='K')"
    assert rig.get(path).json()["Description"] == "old"
    assert rig.call("DELETE", f"/data/{path}").status_code == 204
    assert rig.get(path).status_code == 404
    rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "K", "Description": "new"})
    assert rig.get(path).json()["Description"] == "new"


def test_a_change_that_was_taken_back_shows_nowhere(rig: Rig) -> None:
    before = described(rig)
    good = f"PATCH CustomerGroups({KEY}) HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
    bad = "PATCH CustomerGroups(dataAreaId='usmf',CustomerGroupId='nope') HTTP/1.1\r\n\r\n"
    parts = [good + '{"Description":"lost"}', bad + '{"Description":"lost"}']
    body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + "".join(
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {number}\r\n\r\n{part}\r\n"
        for number, part in enumerate(parts, 1)
    )
    answer = rig.call(
        "POST",
        "/data/$batch",
        content=body + "--c--\r\n--b--\r\n",
        headers={"content-type": "multipart/mixed; boundary=b"},
    )
    assert "No resources were found" in answer.text
    assert described(rig) == before


def test_a_change_to_what_is_there_already_is_none(rig: Rig) -> None:
    before = rig.get(SPELLINGS[0])
    number = rig.changes.last
    unchanged = {"Description": before.json()["Description"]}
    assert rig.call("PATCH", f"/data/{SPELLINGS[0]}", unchanged).status_code == 204
    assert rig.changes.last == number
    assert rig.get(SPELLINGS[0]).headers["etag"] == before.headers["etag"]


def test_keys_that_differ_in_letters_beyond_ascii_are_as_the_store_has_them(rig: Rig) -> None:
    rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "Ä", "Description": "upper"})
    path = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='{}')"
    cold = rig.get(path.format("ä")).status_code
    assert rig.get(path.format("Ä")).json()["Description"] == "upper"
    assert rig.get(path.format("ä")).status_code == cold


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')", {"CreditLimit": 5}),
        ("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')", {"CreditLimit": 5.25}),
        ("CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')", {"IsOneTimeCustomer": "Yes"}),
        (f"CustomerGroups({KEY})", {"Description": "Ä"}),
    ],
)
def test_a_kept_answer_is_to_the_letter_what_is_read_anew(
    rig: Rig, path: str, values: dict[str, Any]
) -> None:
    before = rig.get(path)
    assert rig.call("PATCH", f"/data/{path}", values).status_code == 204
    kept = rig.get(path)
    fresh = rig.get(path, headers={"accept": "application/json"})
    assert (kept.content, kept.headers["etag"]) == (fresh.content, fresh.headers["etag"])
    assert kept.headers["etag"] != before.headers["etag"]
    assert kept.json()[next(iter(values))] == next(iter(values.values()))
