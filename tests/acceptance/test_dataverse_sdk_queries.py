"""FetchXML and SQL by Microsoft's own Dataverse SDK for Python, unmodified, over https."""

from __future__ import annotations

import pytest

pytest.importorskip("PowerPlatform.Dataverse", reason="the vendor's SDK is not installed")

from PowerPlatform.Dataverse.core.errors import HttpError

from tests.acceptance.test_dataverse_sdk import client_for

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def client(env, monkeypatch):
    return client_for(env, monkeypatch)


def test_fetchxml_pages_by_the_cookie(client):
    xml = (
        '<fetch count="60"><entity name="contact"><attribute name="lastname"/>'
        '<attribute name="contactid"/><order attribute="lastname"/></entity></fetch>'
    )
    pages = list(client.query.fetchxml(xml).execute_pages())
    keys = [record["contactid"] for page in pages for record in page]
    assert len(pages) >= 4
    assert len(keys) == len(set(keys)) >= 200


def test_fetchxml_aggregates(client):
    xml = (
        '<fetch aggregate="true"><entity name="account">'
        '<attribute name="accountid" aggregate="count" alias="n"/></entity></fetch>'
    )
    [row] = list(client.query.fetchxml(xml).execute())
    assert row["n"] >= 100


def test_bad_fetchxml_is_the_sdk_s_http_error(client):
    with pytest.raises(HttpError) as caught:
        client.query.fetchxml('<fetch><entity name="account"><x/></entity></fetch>').execute()
    assert caught.value.status_code == 400


def test_sql(client):
    rows = client.query.sql(
        "SELECT TOP 5 a.name, c.lastname AS person FROM account a "
        "JOIN contact c ON a.accountid = c.parentcustomerid WHERE c.lastname IS NOT NULL "
        "ORDER BY a.name"
    )
    assert len(rows) == 5
    assert all(row["name"] and row["person"] for row in rows)
    counted = client.query.sql(
        "SELECT accountcategorycode, COUNT(*) AS n FROM account "
        "GROUP BY accountcategorycode ORDER BY accountcategorycode"
    )
    assert sum(row["n"] for row in counted) >= 100
