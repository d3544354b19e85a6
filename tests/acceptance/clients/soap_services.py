"""zeep, unmodified: descriptions are read, operations called, faults caught."""

from __future__ import annotations

import datetime
import os

import requests
import zeep
from steps import step
from zeep.transports import Transport

fo = os.environ["WT_FO_URL"]
session = requests.Session()
session.trust_env = False  # a bundle in the environment would win over ours
session.verify = os.environ["WT_CA_FILE"]
answer = session.post(
    f"{os.environ['WT_AUTHORITY_URL']}/{os.environ['WT_TENANT_ID']}/oauth2/v2.0/token",
    data={
        "grant_type": "client_credentials",
        "client_id": os.environ["WT_CLIENT_ID"],
        "client_secret": os.environ["WT_CLIENT_SECRET"],
        "scope": f"{fo}/.default",
    },
)
session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
settings = zeep.Settings(strict=True)


def client(group: str) -> zeep.Client:
    return zeep.Client(
        f"{fo}/soap/services/{group}?wsdl", transport=Transport(session=session), settings=settings
    )


contoso = client("ContosoServices")


@step("the standard session service tells who calls")
def _():
    info = client("UserSessionService").service.GetUserSessionInfo()
    result = info.body.result
    assert result.UserId == "Admin", result
    assert (result.Company, result.IsSysAdmin) == ("usmf", True)
    assert result.CurrencyInfo.CurrencyCode == "USD"


@step("moments and numbers go both ways")
def _():
    moment = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    service = client("UserSessionService").service
    answer = service.ApplyTimeZone(dateTime=moment, timeZoneOffset=90)
    assert answer.body.result == moment + datetime.timedelta(minutes=90), answer


@step("a contract with a list goes in and comes out")
def _():
    request = {
        "Account": "Z-1",
        "Blocked": "No",
        "Lines": {"ContosoLine": [{"Number": 1, "Text": "a"}, {"Number": 2, "Text": "b"}]},
        "Wanted": datetime.datetime(2026, 2, 3, tzinfo=datetime.UTC),
    }
    answer = contoso.service.createCustomer(
        _request=request, _soapheaders={"callContext": {"Company": "usrt"}}
    )
    result = answer.body.result
    assert (result.Account, result.Company) == ("Z-1", "usrt"), result
    assert [line.Number for line in result.Lines.ContosoLine] == [2, 4]
    entries = answer.header.infolog.Entries.InfologEntry
    assert [(entry.Type, entry.Message) for entry in entries] == [
        ("Info", "Customer Z-1 was created.")
    ]


@step("a refusal is a fault")
def _():
    told = None
    try:
        contoso.service.createCustomer(_request={"Account": "Z-2", "Blocked": "Yes"})
    except zeep.exceptions.Fault as fault:
        told = fault
    assert told is not None
    assert told.message == "Blocked customers cannot be created.", told.message
    detail = "".join(told.detail.itertext())
    assert "BlockedException" in detail, detail


@step("a second service of the group has its own port")
def _():
    other = contoso.bind("ContosoServices", "BasicHttpBinding_Other")
    assert other.ping().body.result.int == [1, 2]
