"""$batch, bulk messages, and the three service protection limits to the request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.limits import LIMITS
from windtunnel.design.forecast.replay import Arrival, replay


def part(method: str, url: str, body: object = None, content_id: str = "") -> str:
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    head += f"Content-ID: {content_id}\r\n" if content_id else ""
    text = "" if body is None else json.dumps(body)
    return f"{head}\r\n{method} {url} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{text}\r\n"


def batch(*parts: str, changes: tuple[str, ...] = ()) -> bytes:
    text = "".join(f"--b\r\n{one}" for one in parts)
    if changes:
        inner = "".join(f"--c\r\n{one}" for one in changes)
        text += f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n"
    return f"{text}--b--\r\n".encode()


def send(dataverse, body: bytes, **headers: str):
    return dataverse.ask(
        "POST", "$batch", body, content_type="multipart/mixed; boundary=b", **headers
    )


def test_other_line_ends_want_two_more_of_them_at_the_end(dataverse):
    body = batch(part("GET", "accounts?$top=1")).replace(b"\r\n", b"\n")
    refused = send(dataverse, body)
    assert refused.error == (400, "0x80048d19")
    assert "Stream was not readable" in refused.json["error"]["message"]
    assert send(dataverse, body + b"\n").status == 200


def test_a_url_in_a_batch_may_hold_spaces(dataverse):
    answer = send(dataverse, batch(part("GET", "accounts?$filter=name eq 'no such'&$count=true")))
    assert b'"@odata.count":0' in answer.body


def test_a_task_is_bound_by_its_own_spelling_of_what_it_regards(dataverse):
    made = dataverse.ask(
        "POST",
        "accounts?$expand=Account_Tasks",
        {"name": "A", "Account_Tasks": [{"subject": "one"}]},
        prefer="return=representation",
    ).json
    assert [task["subject"] for task in made["Account_Tasks"]] == ["one"]
    for name in ("regardingobjectid_account_task", "regardingobjectid_account"):
        bound = {"subject": name, f"{name}@odata.bind": f"/accounts({made['accountid']})"}
        task = dataverse.ask("POST", "tasks", bound, prefer="return=representation").json
        assert task["_regardingobjectid_value"] == made["accountid"]


LANGUAGES = [
    ("RetrieveAvailableLanguages", "LocaleIds", [1033]),
    ("RetrieveProvisionedLanguages", "RetrieveProvisionedLanguages", [1033]),
    ("RetrieveDeprovisionedLanguages", "RetrieveDeprovisionedLanguages", []),
    ("RetrieveInstalledLanguagePacks", "RetrieveInstalledLanguagePacks", [1033]),
]


@pytest.mark.parametrize(("function", "member", "value"), LANGUAGES)
def test_the_environment_speaks_english(dataverse, function, member, value):
    answer = dataverse.ask("GET", f"{function}()")
    assert answer.json[member] == value
    assert answer.json["@odata.context"].endswith(f"CRM.{function}Response")


def test_parts_are_answered_in_order(dataverse):
    answer = send(
        dataverse,
        batch(
            part("POST", "/api/data/v9.2/accounts", {"name": "A"}), part("GET", "accounts?$top=1")
        ),
    )
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert answer.body.index(b"204 No Content") < answer.body.index(b"200 OK")


def test_the_first_failure_ends_a_batch_unless_it_is_to_go_on(dataverse):
    body = batch(part("GET", "nope"), part("GET", "accounts?$top=1"))
    stopped = send(dataverse, body)
    assert stopped.status == 400
    assert b"200 OK" not in stopped.body
    whole = send(dataverse, body, prefer="odata.continue-on-error")
    assert whole.status == 200
    assert b"404 Not Found" in whole.body
    assert b"200 OK" in whole.body


def test_a_change_set_refers_to_what_it_made_and_is_undone_as_a_whole(dataverse):
    good = (
        part("POST", "accounts", {"name": "CS"}, "1"),
        part(
            "POST", "contacts", {"lastname": "C", "parentcustomerid_account@odata.bind": "$1"}, "2"
        ),
        part("PATCH", "$1", {"description": "changed"}, "3"),
    )
    answer = send(dataverse, batch(changes=good))
    assert answer.body.count(b"204 No Content") == 3, answer.body
    [row] = dataverse.ask("GET", "accounts?$filter=name eq 'CS'").json["value"]
    assert row["description"] == "changed"
    bad = (part("POST", "accounts", {"name": "Gone"}, "1"), part("PATCH", "$7", {"name": "x"}, "2"))
    refused = send(dataverse, batch(changes=bad))
    assert b"Content-ID Reference: '$7' does not exist" in refused.body
    assert not dataverse.ask("GET", "accounts?$filter=name eq 'Gone'").json["value"]


BROKEN = [
    (b"--b\n\nGET accounts HTTP/1.1\n\n--b--\n", 400),
    (b"", 400),
    (batch(part("GET", "accounts?$top=1"))[:-6], 400),
    (batch(*[part("GET", "accounts?$top=1")] * 1001), 400),
    (batch(changes=(part("GET", "accounts"),)), 400),
    (batch("Content-Type: application/http\r\n\r\nnonsense\r\n"), 400),
]


@pytest.mark.parametrize(("body", "status"), BROKEN)
def test_a_batch_that_cannot_be_read_is_refused_whole(dataverse, body, status):
    answer = send(dataverse, body)
    assert answer.status == status
    assert answer.json["error"]["message"]


def test_bulk_messages_change_all_or_nothing(dataverse):
    kind = "Microsoft.Dynamics.CRM.account"
    target = {"@odata.type": kind, "name": "Bulk"}
    made = dataverse.ask(
        "POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": [target, target]}
    )
    ids = made.json["Ids"]
    assert len(ids) == 2
    updates = [{"@odata.type": kind, "accountid": key, "name": "New"} for key in ids]
    path = "accounts/Microsoft.Dynamics.CRM.UpdateMultiple"
    assert dataverse.ask("POST", path, {"Targets": updates}).status == 204
    missing = {"@odata.type": kind, "accountid": "0" * 8 + "-0000-0000-0000-" + "0" * 12}
    updates[0]["name"] = "Half"
    assert dataverse.ask("POST", path, {"Targets": [*updates, missing]}).status == 404
    assert dataverse.ask("GET", f"accounts({ids[0]})").json["name"] == "New"
    assert dataverse.ask("POST", path, {"Targets": [{"name": "untyped"}]}).status == 400
    gone = dataverse.ask(
        "POST", "accounts/Microsoft.Dynamics.CRM.DeleteMultiple", {"Targets": updates}
    )
    assert gone.error == (501, "0x80040219")


def use(dataverse, **numbers: float) -> None:
    for name, allowance in numbers.items():
        seconds = 60 if name != "concurrency" else None
        change = {"allowance": allowance, **({"seconds": seconds} if seconds else {})}
        dataverse.house.override_limits({f"dataverse.{name.replace('_', '-')}": change})


def test_the_request_after_the_last_allowed_is_refused_until_retry_after(dataverse):
    use(dataverse, requests=5)
    assert [dataverse.ask("GET", "WhoAmI").status for _ in range(6)] == [200] * 5 + [429]
    refused = dataverse.ask("GET", "WhoAmI")
    assert refused.error == (429, "0x80072322")
    assert "Number of requests exceeded the limit of 5 over time window of 60 seconds." in str(
        refused.json
    )
    dataverse.house.clock.advance(int(refused.headers["retry-after"]))
    assert dataverse.ask("GET", "WhoAmI").status == 200


def test_too_much_execution_time_is_refused(dataverse):
    use(dataverse, execution_time=0.5)
    statuses = [dataverse.ask("POST", "accounts", {"name": "x"}).status for _ in range(40)]
    assert 204 in statuses
    assert statuses[-1] == 429
    assert dataverse.ask("GET", "WhoAmI").error == (429, "0x80072321")


def test_users_and_web_servers_count_apart(module_environment):
    guard = module_environment.house.dataverse.guard
    module_environment.house.reset()
    use(module_environment, requests=1)
    assert module_environment.ask("GET", "WhoAmI").status == 200
    assert module_environment.ask("GET", "WhoAmI").status == 429
    uses = {use_.identity: use_.refusals for use_ in guard.limit_use() if "requests" in use_.limit}
    assert list(uses.values()) == [1]


def test_the_forecast_gives_the_same_verdicts_as_the_live_throttle(dataverse):
    use(dataverse, requests=20)
    limits = LIMITS.override("dataverse.requests", allowance=20, seconds=60)
    gaps = [0.5, 0.1, 3.0, 0.2] * 10 + [25.0] + [0.3] * 30 + [70.0] + [0.0] * 25
    moments, now, live = [], 0.0, []
    start = dataverse.house.clock.now()
    for gap in gaps:
        now += gap
        dataverse.house.clock.advance(gap)
        moments.append(now)
        live.append(dataverse.ask("GET", "WhoAmI").status == 200)
    cost = dataverse.house.dataverse.guard.cost("function")
    assert replayed(moments, cost, limits) == live
    assert dataverse.house.clock.now() == pytest.approx(start + now)
    assert True in live
    assert False in live


def replayed(moments, cost, limits) -> list[bool]:
    from windtunnel.contracts.limits import ADMITTED

    verdicts = replay([Arrival(moment, cost) for moment in moments], limits)
    return [verdict is ADMITTED for verdict in verdicts]


_NAMES = st.lists(st.sampled_from(["good", "bad", "update", "delete", "link", "lost"]), max_size=6)


@settings(max_examples=40)
@given(before=_NAMES, after=_NAMES)
def test_a_failed_change_set_leaves_no_trace(dataverse, before, after):
    """Whatever a change set did before one of its requests fails, everything is as it was."""
    dataverse.house.reset()
    account = dataverse.create("accounts", name="A", revenue=5)
    contact = dataverse.create("contacts", lastname="L")
    lead = dataverse.create("leads", lastname="L")
    delta = dataverse.ask("GET", "accounts?$select=name", prefer="odata.track-changes").json
    parts = {
        "good": ("POST", "accounts", {"name": "New", "primarycontactid": {"lastname": "Deep"}}),
        "update": ("PATCH", f"accounts({account})", {"name": "B", "revenue": 6}),
        "delete": ("DELETE", f"contacts({contact})", None),
        "link": (
            "POST",
            f"accounts({account})/accountleads_association/$ref",
            {"@odata.id": f"leads({lead})"},
        ),
        "bad": ("POST", "accounts", {"nosuch": 1}),
        "lost": ("PATCH", "$77", {"name": "x"}),
    }
    wanted = [*before, "bad", *after]
    body = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    for number, name in enumerate(wanted):
        method, path, values = parts[name]
        target = path if path.startswith("$") else f"/api/data/v9.2/{path}"
        body += (
            "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
            f"Content-ID: {number}\r\n\r\n{method} {target} HTTP/1.1\r\n"
            f"Content-Type: application/json\r\n\r\n{json.dumps(values) if values else ''}\r\n"
        )
    kept = ("accounts", "contacts", "leads", f"accounts({account})/accountleads_association")
    state = [dataverse.ask("GET", path).body for path in kept]
    answer = dataverse.ask(
        "POST",
        "$batch",
        f"{body}--c--\r\n--b--\r\n".encode(),
        content_type="multipart/mixed; boundary=b",
    )
    assert answer.status == 400
    assert [dataverse.ask("GET", path).body for path in kept] == state
    link = delta["@odata.deltaLink"].removeprefix("https://localhost:3/api/data/v9.2/")
    assert dataverse.ask("GET", link).json["value"] == []


def cookie_of(answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_each_web_server_counts_alone_and_the_affinity_cookie_leads_back_to_it(make_environment):
    dataverse = make_environment(**{"dataverse.web_servers": 3})
    use(dataverse, requests=4)
    first = dataverse.ask("GET", "WhoAmI")
    name, _, server = cookie_of(first).partition("=")
    assert name == "ARRAffinity"
    pinned = [dataverse.ask("GET", "WhoAmI", cookie=f"a=b; {cookie_of(first)}") for _ in range(4)]
    assert [answer.status for answer in pinned] == [200, 200, 200, 429]
    assert all("set-cookie" not in a.headers or server in cookie_of(a) for a in pinned)
    left = [int(a.headers["x-ms-ratelimit-burst-remaining-xrm-requests"]) for a in pinned[:3]]
    assert left == [2, 1, 0]
    others = [dataverse.ask("GET", "WhoAmI") for _ in range(60)]
    answered = [a for a in others if a.status == 200]
    assert len({cookie_of(a) for a in answered}) == 2
    refused = {cookie_of(a) for a in others if a.status == 429}
    assert refused == {cookie_of(a) for a in others}
    assert len(answered) == 2 * 4


def test_the_degree_of_parallelism_is_told_and_configured(make_environment):
    dataverse = make_environment(limits={"dataverse.model.dop-hint": {"allowance": 4}})
    answer = dataverse.ask("GET", "WhoAmI")
    assert answer.headers["x-ms-dop-hint"] == "4"
    dataverse.house.override_limits({"dataverse.model.dop-hint": {"allowance": 7}})
    assert dataverse.ask("GET", "WhoAmI").headers["x-ms-dop-hint"] == "7"
    assert answer.headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "1,199.97"


def test_execution_time_is_charged_by_the_costs_of_the_limits_file(make_environment, tmp_path):
    file = tmp_path / "limits.yaml"
    file.write_text("costs: {dataverse: {create: {base: 400s}}}\n")
    dataverse = make_environment(**{"simulator.limits_file": file})
    statuses = [dataverse.ask("POST", "accounts", {"name": "x"}).status for _ in range(5)]
    assert statuses == [204, 204, 204, 204, 429]
    dataverse.house.clock.advance(301)
    assert dataverse.ask("POST", "accounts", {"name": "x"}).status == 204


def test_a_bulk_update_tells_of_all_records_that_are_not_there(dataverse):
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    key = dataverse.create("contacts", lastname="A")
    nobody = [f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2)]
    targets = [{**kind, "contactid": one, "lastname": "B"} for one in (key, *nobody)]
    path = "contacts/Microsoft.Dynamics.CRM.UpdateMultiple"
    answer = dataverse.ask("POST", path, {"Targets": targets})
    assert answer.error == (404, "0x80040217")
    said = f"Contact With Ids = {nobody[0]}, {nobody[1]} Do Not Exist"
    assert answer.json["error"]["message"] == said
    assert dataverse.ask("GET", f"contacts({key})").json["lastname"] == "A"
