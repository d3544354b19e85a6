"""Whole scenarios against the fake world: what passes, what fails and what a failure says."""

from __future__ import annotations

import json

import pytest

from windtunnel.contracts.results import Outcome
from windtunnel.scenarios.failure_text import scenario_text
from windtunnel.scenarios.runner import run_scenario

START = 1_767_225_600.0


def outcomes(result):
    return [step.outcome.value for step in result.steps]


def test_a_record_is_created_read_changed_and_deleted(make_scenario, environment, world):
    result = run_scenario(
        make_scenario("""
data:
  name: {$faker: company, locale: de_DE}
defaults: {origin: dataverse}
steps:
  - change_record: {name: made, do: create, set: accounts, record: {name: "${data.name}"}}
  - expect_response: {status: 201, json: {name: "${steps.made.record.name}"}}
  - expect_record: {set: accounts, key: "${steps.made.id}", record: {name: "${data.name}"}}
  - change_record: {do: update, set: accounts, key: "${steps.made.id}", record: {city: Ulm}}
  - expect_record: {name: all, set: accounts, record: {city: Ulm}, count: 1}
  - change_record: {do: delete, set: accounts, key: "${steps.made.id}"}
  - expect_record: {set: accounts, key: "${steps.made.id}", absent: true}
  - expect_record: {set: accounts, record: {city: Ulm}, absent: true}
  - expect_calls: {made_by: scenario, service: dataverse, status: 201, count: 1}
  - expect_calls: {count: 0}
"""),
        environment,
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)
    assert world.tokens == ["https://crm.test/.default"]
    patch = next(line for line in world.journal if line["method"] == "PATCH")
    assert patch["request_headers"]["if-match"] == "*"
    assert len({line["request_headers"]["x-windtunnel-scenario"] for line in world.journal}) == 1


def test_composite_keys_are_quoted_and_cross_company(make_scenario, environment, world):
    world.records["/data/CustomersV3(dataAreaId='usmf',CustomerAccount='O''Neil 1')"] = {"a": 1}
    result = run_scenario(
        make_scenario("""
defaults: {origin: fo}
steps:
  - expect_record:
      set: CustomersV3
      key: {dataAreaId: usmf, CustomerAccount: "O'Neil 1"}
      record: {a: 1}
  - change_record:
      do: upsert
      set: CustomersV3
      key: {dataAreaId: usmf, CustomerAccount: new}
      record: {b: 2}
  - expect_response: {status: 201, json: {dataAreaId: usmf, CustomerAccount: new, b: 2}}
"""),
        environment,
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)
    assert world.journal[0]["url"].endswith(
        "CustomersV3(dataAreaId='usmf',CustomerAccount='O%27%27Neil%201')?cross-company=true"
    )


def test_a_failure_shows_all_differences_and_the_journal(make_scenario, environment, world):
    world.records["/data/Things(Id=1)"] = {"Id": 1, "Name": "a", "Lines": [{"n": 1}]}
    document = make_scenario("""
steps:
  - call: {origin: fo, path: /data/Things(Id=1)}
  - expect_response:
      status: 200
      headers: {etag: {$any: true}}
      json: {Name: b, Lines: [{n: 2}], Extra: {$type: string}}
  - advance: 1s
""")
    result = run_scenario(document, environment, seed=7)
    assert outcomes(result) == ["passed", "failed", "skipped"]
    assert scenario_text(result).replace(str(document.file), "FILE") == (
        "FILE:5:"
        + """ expect_response: failed
  GET https://fo.test/data/Things(Id=1) answered 200
  headers.etag: is not there
    expected {"$any": true}
    got      nothing
  json.Name
    expected "b"
    got      "a"
  json.Lines[0].n
    expected 2
    got      1
  json.Extra: is not there
    expected {"$type": "string"}
    got      nothing
  journal:
    00:00:00.000 finance_operations app GET https://fo.test/data/Things(Id=1) -> 200
1 later step skipped
seed 7"""
    )


def test_the_journal_of_a_failure_leaves_out_how_the_runner_looked(
    make_scenario, environment, world
):
    world.records["/data/Things('a')"] = {"Id": "a"}
    document = make_scenario("""
steps:
  - expect_record: {origin: fo, set: Things, key: "'b'", within: 2m}
""")
    world.journal.append(
        {
            "at": world.now(),
            "service": "finance_operations",
            "method": "POST",
            "url": "https://fo.test/data/Things",
            "status": 400,
        }
    )
    result = run_scenario(document, environment)
    assert outcomes(result) == ["failed"]
    assert len(world.journal) > 2
    assert [(line.method, line.status) for line in result.steps[0].journal] == [("POST", 400)]


def test_waiting_moves_a_manual_clock_until_the_record_is_there(make_scenario, environment, world):
    path = "/data/Things('a')"
    world.records[path] = {"Id": "a"}
    world.appears_at[path] = START + 200
    result = run_scenario(
        make_scenario("""
steps:
  - expect_record: {origin: fo, set: Things, key: "'a'", record: {Id: a}, within: 5m}
"""),
        environment,
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)
    assert 200 <= world.now() - START <= 300


def test_a_deadline_on_a_manual_clock_ends(make_scenario, environment, world, real_time):
    result = run_scenario(
        make_scenario("""
steps:
  - expect_record: {origin: fo, set: Things, key: "'a'", record: {Id: a}, within: 1h}
"""),
        environment,
    )
    assert result.outcome is Outcome.FAILED
    assert world.now() - START == pytest.approx(3600)
    assert real_time.moment - 1000 < 6


def test_without_advance_a_manual_clock_stays(make_scenario, environment, world, real_time):
    result = run_scenario(
        make_scenario("""
defaults: {advance: false}
steps:
  - expect_event: {event: X, within: 20s}
"""),
        environment,
    )
    assert result.outcome is Outcome.FAILED
    assert world.now() == START
    assert 20 <= real_time.moment - 1000 < 21


@pytest.mark.parametrize("factor", [1.0, 60.0])
def test_a_running_clock_is_polled_until_its_deadline(
    make_scenario, environment, world, real_time, factor
):
    world.factor = factor
    result = run_scenario(
        make_scenario("steps:\n  - expect_event: {event: X, within: 2m}\n"), environment
    )
    assert result.outcome is Outcome.FAILED
    assert real_time.moment - 1000 == pytest.approx(120 / factor, abs=0.6)


def test_events_come_from_the_delivery_log(make_scenario, environment, world):
    world.deliveries += [
        {"event": "Changed", "at": START, "status": 200, "payload": '{"SalesId": "1"}'},
        {"event": "Changed", "at": START + 3, "status": 500, "payload": {"SalesId": "2"}},
    ]
    result = run_scenario(
        make_scenario("""
steps:
  - expect_event: {name: e, event: Changed, payload: {SalesId: "2"}, delivery: {status: 500}}
  - expect_event: {event: Changed, count: 2}
  - expect_event: {event: Changed, payload: {SalesId: "3"}, absent: true, within: 1s}
  - expect_event: {event: Changed, payload: {SalesId: "${steps.e.event.SalesId}"}, count: 2}
"""),
        environment,
    )
    assert outcomes(result) == ["passed", "passed", "passed", "failed"]
    assert result.steps[-1].mismatches[0].path == "events.length()"


def test_an_event_that_must_not_come_fails_the_step(make_scenario, environment, world):
    world.deliveries.append({"event": "Changed", "at": START + 5, "payload": {"a": 1}})
    result = run_scenario(
        make_scenario("steps:\n  - expect_event: {event: Changed, absent: true, within: 10s}\n"),
        environment,
    )
    assert result.outcome is Outcome.FAILED
    assert result.steps[0].mismatches[0].actual["payload"] == {"a": 1}


def test_faults_and_limits_end_with_the_scenario(make_scenario, environment, world):
    seen = {}

    def watch(step):
        seen[step.kind] = (json.loads(json.dumps(world.faults)), dict(world.limits))

    result = run_scenario(
        make_scenario("""
steps:
  - fault: {service: dataverse, action: delay, delay: 2s, times: 1}
  - throttle: {dataverse.requests: {allowance: 3}}
"""),
        environment,
        progress=watch,
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)
    rule = seen["fault"][0]["fault-0"]
    assert rule == {"service": "dataverse", "action": "delay", "times": 1, "delay_seconds": 2.0}
    assert seen["throttle"][1]["dataverse.requests"]["allowance"] == 3
    assert world.faults == {}
    assert world.limits == {"dataverse.requests": {"allowance": 6000, "seconds": 300}}


def test_repeat_and_parallel_run_their_steps(make_scenario, environment, world):
    result = run_scenario(
        make_scenario("""
defaults: {origin: dataverse}
steps:
  - repeat:
      over: [a, b]
      steps:
        - call: {method: POST, path: /api/data/v9.2/x, json: "${repeat.item}${repeat.number}"}
        - expect_response: {status: 201, json: "${repeat.item}${repeat.number}"}
  - parallel:
      branches:
        - - call: {name: one, path: /api/data/v9.2/x}
          - expect_response: {status: 200}
        - - call: {path: /nothing(1)}
          - expect_response: {status: 404}
          - expect_response: {of: one, status: 201}
"""),
        environment,
    )
    last = [step for step in result.steps if step.outcome is not Outcome.PASSED]
    assert [(step.kind, step.outcome.value) for step in last][-1] == ("parallel", "failed")
    assert "branches[1][2]" in last[0].place.path


def test_a_call_repeats_until_its_answer_fits(make_scenario, environment, world):
    world.records["/data/Jobs('1')"] = {"state": "done"}
    world.appears_at["/data/Jobs('1')"] = START + 10
    result = run_scenario(
        make_scenario("""
steps:
  - call:
      origin: fo
      path: /data/Jobs('1')
      until: {status: 200, json: {state: done}}
      within: 1m
  - expect_response: {status: 200}
"""),
        environment,
    )
    assert result.outcome is Outcome.PASSED, scenario_text(result)


def test_advance_follows_an_answer(make_scenario, environment, world):
    run_scenario(
        make_scenario("data: {wait: '17'}\nsteps:\n  - advance: ${data.wait}\n  - advance: 2h\n"),
        environment,
    )
    assert world.now() - START == 17 + 7200


def test_a_token_is_asked_anew_when_the_clock_has_passed_its_end(make_scenario, environment, world):
    run_scenario(
        make_scenario("""
steps:
  - call: {origin: fo, path: /data/X}
  - call: {origin: fo, path: /data/X}
  - advance: 2h
  - call: {origin: fo, path: /data/X}
"""),
        environment,
    )
    assert len(world.tokens) == 2


SCHEMA = "{type: object, properties: {n: {type: integer}}, required: [n, m]}"


def test_a_contract_reports_every_violation(make_scenario, environment, world):
    world.records["/data/T(1)"] = {"n": "x"}
    result = run_scenario(
        make_scenario(f"""
steps:
  - call: {{origin: fo, path: /data/T(1)}}
  - expect_response: {{schema: {SCHEMA}}}
"""),
        environment,
    )
    assert [m.message for m in result.steps[1].mismatches] == [
        "'m' is a required property",
        "'x' is not of type 'integer'",
    ]


ERRORS = [
    ("- call: {url: 'http://gone.test/'}", "no answer"),
    ("- call: {origin: blob, path: /x}", "WT_BLOB_URL"),
    ("- call: {path: /x}", "names no origin"),
    ("- expect_response: {status: 200}", "no call before"),
    ("- expect_record: {set: X}", "names no origin"),
    ("- call: {origin: fo, path: /x, headers: {a: '${response.status}'}}", "has no 'status'"),
    ("- call: {origin: fo, path: /x, identity: bad}", "invalid_client"),
    ("- advance: ${data.word}", "is no duration"),
    ("- repeat: {times: '${data.word}', steps: [advance: 1s]}", "not a number of rounds"),
    ("- change_record: {origin: fo, do: upsert, set: X, key: 'a'}", "mapping of columns"),
    ("- run_integration: {command: [no-such-command-here]}", "cannot start"),
]


@pytest.mark.parametrize(("step", "words"), ERRORS)
def test_a_step_that_cannot_be_carried_out_is_an_error_that_says_why(
    make_scenario, environment, step, words
):
    result = run_scenario(
        make_scenario(
            f"data: {{word: x}}\nidentities: {{bad: {{client_secret: wrong}}}}\nsteps:\n  {step}\n"
        ),
        environment,
    )
    assert result.outcome is Outcome.ERROR
    assert words in result.steps[0].message


def test_equal_seeds_make_equal_data(make_scenario, environment, world):
    document = make_scenario("""
data:
  people: {$list: {id: "${uuid}", name: {$faker: name}, born: {$faker: date_of_birth}}, count: 3}
steps:
  - call: {method: POST, origin: fo, path: /data/P, json: "${data.people}"}
""")
    made = []
    for seed in (1, 1, 2):
        run_scenario(document, environment, seed=seed)
        made.append(next(iter(world.records.values())))
    assert made[0] == made[1] != made[2]
    assert len({person["id"] for person in made[0]}) == 3


def test_reset_comes_before_the_scenario_when_asked(make_scenario, environment, world):
    run_scenario(make_scenario("steps:\n  - advance: 1s\n"), environment, reset=True)
    assert world.resets == 1
