"""Actions: registered from outside, declared in settings; arguments, results, errors, CSDL."""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.contracts.csdl import parse_csdl
from windtunnel.simulator.entity_sets.actions import (
    Action,
    ActionCall,
    ActionParameter,
    ActionRefused,
)
from windtunnel.simulator.exchange import UsageError

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

NS = "Microsoft.Dynamics.DataEntities"
CUSTOMER = "/data/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"


def shout(call: ActionCall) -> str:
    """Changes the record it stands behind."""
    text = call.arguments["_text"].upper()
    if text == "NO":
        call.records.update("CustomersV3", call.key, {"SalesCurrencyCode": "EUR"})
        raise ActionRefused("It may not shout.")
    call.records.update("CustomersV3", call.key, {"NameAlias": text})
    record = call.records.retrieve("CustomersV3", call.key)
    assert record is not None
    return f"{record['NameAlias']} {call.company} {call.user_id}"


def echo(call: ActionCall) -> list[str]:
    """Every argument as text."""
    return [f"{name}={value!r}" for name, value in call.arguments.items()]


ACTIONS = (
    Action("shout", shout, "CustomersV3", "record", (ActionParameter("_text"),), "Edm.String"),
    Action(
        "echo",
        echo,
        "CustomersV3",
        "collection",
        (
            ActionParameter("_number", "Edm.Int32", nullable=False),
            ActionParameter("_flag", "NoYes", optional=True),
            ActionParameter("_names", "Collection(Edm.String)", optional=True),
        ),
        "Collection(Edm.String)",
    ),
    Action("touch", lambda call: None, "CustomersV3"),
    Action("groups", lambda call: [("usmf", "10")], returns="Collection(CustomerGroup)"),
    Action("group", lambda call: ("usmf", "10"), returns="CustomerGroup"),
)


@pytest.fixture(scope="module")
def with_actions() -> Rig:
    from tests.protocol.finance_operations.conftest import Rig as Made

    made = Made()
    made.service.actions.add(*ACTIONS)
    return made


@pytest.fixture
def rig(with_actions: Rig) -> Rig:
    """An environment with sample actions, as it was seeded."""
    with_actions.store.reset()
    with_actions.service.forget()
    return with_actions


def why(answer: Any) -> str:
    """What is behind an invalid model state."""
    inner = answer.json()["error"]["innererror"]
    assert answer.status_code == 400, answer.text
    assert inner["message"] == "InvokeAction - Model state is invalid."
    text: str = inner["internalexception"]["message"]
    return text


def test_an_action_of_a_record_works_on_the_record_and_answers_a_value(rig: Rig) -> None:
    answer = rig.call("POST", f"{CUSTOMER}/{NS}.shout", {"_text": "hey"})
    assert answer.status_code == 200
    assert answer.json() == {
        "@odata.context": "https://fo.test/data/$metadata#Edm.String",
        "value": "HEY usmf Admin",
    }
    assert rig.get(CUSTOMER.removeprefix("/data/")).json()["NameAlias"] == "HEY"


def test_a_refusal_is_told_with_action_and_entity_and_undoes_what_was_written(rig: Rig) -> None:
    answer = rig.call("POST", f"{CUSTOMER}/{NS}.shout", {"_text": "no"})
    inner = answer.json()["error"]["innererror"]
    assert answer.status_code == 500
    assert inner["message"] == (
        "Exception occurred while executing action shout on Entity CustomerV3: It may not shout."
    )
    assert inner["type"] == "System.InvalidOperationException"
    assert rig.get(CUSTOMER.removeprefix("/data/")).json()["SalesCurrencyCode"] == "USD"


def test_an_action_of_a_set_gets_typed_arguments(rig: Rig) -> None:
    body = {"_number": 7, "_flag": "yes", "_names": ["a", "b"]}
    answer = rig.call("POST", f"/data/CustomersV3/{NS}.echo", body)
    assert answer.json() == {
        "@odata.context": "https://fo.test/data/$metadata#Collection(Edm.String)",
        "value": ["_number=7", "_flag='Yes'", "_names=['a', 'b']"],
    }
    answer = rig.call("POST", f"/data/CustomersV3/{NS}.echo", {"_number": 7})
    assert answer.json()["value"] == ["_number=7", "_flag=None", "_names=[]"]


def test_an_action_without_result_answers_204_and_needs_no_body(rig: Rig) -> None:
    answer = rig.call("POST", f"{CUSTOMER}/{NS}.touch")
    assert (answer.status_code, answer.content) == (204, b"")


def test_unbound_actions_answer_records_with_the_context_of_their_set(rig: Rig) -> None:
    many = rig.call("POST", f"/data/{NS}.groups", {}).json()
    assert many["@odata.context"] == "https://fo.test/data/$metadata#CustomerGroups"
    assert [row["CustomerGroupId"] for row in many["value"]] == ["10"]
    one = rig.call("POST", f"/data/{NS}.group", {}).json()
    assert one["@odata.context"] == "https://fo.test/data/$metadata#CustomerGroups/$entity"
    assert one["@odata.etag"].startswith('W/"')


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "missing parameters are: _number."),
        ({"_number": None}, "A null value was found for the parameter '_number'"),
        ({"_number": "x"}, "Cannot convert the literal 'x' to the expected type 'Edm.Int32'."),
        ({"_number": 1, "_flag": True}, f"literal 'true' to the expected type '{NS}.NoYes'."),
        ({"_number": 1, "_names": "a"}, "to the expected type 'Collection(Edm.String)'."),
        ({"_number": 1, "other": 2}, "The parameter 'other' in the request payload is not valid"),
    ],
)
def test_wrong_arguments_are_an_invalid_model_state(
    rig: Rig, body: dict[str, Any], reason: str
) -> None:
    found = why(rig.call("POST", f"/data/CustomersV3/{NS}.echo", body))
    assert reason.replace("is not valid", "is not a valid") in found


@pytest.mark.parametrize(
    "path",
    [
        f"/data/CustomersV3/{NS}.unknown",
        f"/data/CustomersV3/{NS}.shout",
        f"{CUSTOMER}/{NS}.echo",
        f"{CUSTOMER}/shout",
        f"{CUSTOMER}/{NS}.shout/Name",
        f"/data/{NS}.unknown",
        f"/data/{NS}.shout",
        f"/data/CustomersV3/{NS}.echo()",
    ],
)
def test_what_is_no_action_there_has_no_route(rig: Rig, path: str) -> None:
    answer = rig.call("POST", path, {"_text": "x"})
    assert answer.status_code == 404
    assert answer.json()["Message"].startswith("No HTTP resource was found that matches")


def test_actions_are_called_by_post_only(rig: Rig) -> None:
    answer = rig.get(f"CustomersV3/{NS}.echo")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_action_of_a_record_that_is_not_in_scope_selects_nothing(rig: Rig) -> None:
    for key in (
        "dataAreaId='usmf',CustomerAccount='nobody'",
        "dataAreaId='usrt',CustomerAccount='US-001'",
    ):
        answer = rig.call("POST", f"/data/CustomersV3({key})/{NS}.touch")
        assert rig.infolog(answer) == "No resources were found when selecting for update."


def test_metadata_describes_the_actions_before_the_container(rig: Rig) -> None:
    document = rig.get("$metadata").content
    assert (
        f'<Action Name="echo" IsBound="true"><Parameter Name="CustomerV3" Type="Collection({NS}.'
        f'CustomerV3)" /><Parameter Name="_number" Type="Edm.Int32" Nullable="false" /><Parameter '
        f'Name="_flag" Type="{NS}.NoYes" /><Parameter Name="_names" Type="Collection(Edm.String)" '
        '/><ReturnType Type="Collection(Edm.String)" /></Action>'
    ) in document.decode()
    parsed = parse_csdl(document)
    assert {"shout", "echo", "touch", "groups"} <= {action.name for action in parsed.actions}
    assert [node.get("Name") for node in parsed.imports("ActionImport")] == ["groups", "group"]
    assert document.index(b"<Action ") < document.index(b"<EntityContainer ")


def test_an_action_in_a_batch(rig: Rig) -> None:
    body = (
        "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"POST https://fo.test{CUSTOMER}/{NS}.shout HTTP/1.1\r\n"
        'Content-Type: application/json\r\n\r\n{"_text":"in a batch"}\r\n--b--\r\n'
    )
    headers = {"content-type": "multipart/mixed; boundary=b"}
    answer = rig.call("POST", "/data/$batch", content=body, headers=headers)
    assert "IN A BATCH usmf Admin" in answer.text


def test_unknown_sets_and_types_and_second_actions_are_refused(rig: Rig) -> None:
    add = rig.service.actions.add
    with pytest.raises(UsageError, match="Did you mean CustomersV3"):
        add(Action("x", echo, "CustomerV3s"))
    with pytest.raises(UsageError, match=r"no type .Edm\.Text"):
        add(Action("x", echo, "CustomersV3", parameters=(ActionParameter("a", "Edm.Text"),)))
    with pytest.raises(UsageError, match="Pass its key"):
        add(Action("x", echo, "CustomersV3", parameters=(ActionParameter("a", "CustomerV3"),)))
    with pytest.raises(UsageError, match="already an action echo"):
        add(ACTIONS[1])


def fails(call: ActionCall) -> None:
    """A mistake in a user's function."""
    raise ZeroDivisionError(call.name)


def test_settings_declare_actions_with_an_answer_or_a_function(
    new_rig: type[Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("tests_own_actions")
    module.__dict__.update(echo=echo, fails=fails)
    monkeypatch.setitem(sys.modules, "tests_own_actions", module)
    rig = new_rig(
        actions=[
            {"name": "rates", "returns": "Edm.Decimal", "answer": 1.25},
            {
                "name": "say",
                "entity_set": "CustomersV3",
                "binding": "collection",
                "parameters": [{"name": "what", "type": "Edm.String"}],
                "returns": "Collection(Edm.String)",
                "function": "tests_own_actions:echo",
            },
            {"name": "fails", "function": "tests_own_actions:fails"},
        ],
        action_error_status=400,
    )
    assert rig.call("POST", f"/data/{NS}.rates").json()["value"] == 1.25
    said = rig.call("POST", f"/data/CustomersV3/{NS}.say", {"what": "x"})
    assert said.json()["value"] == ["what='x'"]
    failed = rig.call("POST", f"/data/{NS}.fails")
    assert failed.status_code == 400
    assert "Exception has been thrown by the target" in rig.infolog(failed)
    with pytest.raises(UsageError, match="number 1, none"):
        new_rig(actions=[{"name": "none", "function": "tests_own_actions:absent"}])


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ({"answer": "x"}, "returns nothing"),
        ({"answer": "x", "returns": "Edm.Int32"}, "Cannot convert the literal 'x'"),
        ({"answer": "x", "returns": "Collection(Edm.String)"}, "Cannot convert the literal 'x'"),
        ({"answer": "Maybe", "returns": "NoYes"}, "Cannot convert the literal 'Maybe'"),
        (
            {"answer": "x", "returns": "Edm.String", "function": "builtins:print"},
            "has an answer and a function",
        ),
        ({"binding": "collection"}, "names no set"),
        ({"parameters": [{"name": "a"}, {"name": "a"}]}, "two parameters a"),
    ],
)
def test_a_wrong_declaration_is_told_at_the_start(
    new_rig: type[Rig], action: dict[str, Any], text: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(text)):
        new_rig(actions=[{"name": "own", **action}])


def test_a_result_of_another_type_is_told(new_rig: type[Rig]) -> None:
    rig = new_rig()
    rig.service.actions.add(
        Action("many", lambda call: ["1", call.name], returns="Collection(Edm.Int32)"),
        Action("none", lambda call: None, returns="Edm.Int32"),
    )
    answer = rig.call("POST", f"/data/{NS}.many")
    assert answer.status_code == 500
    assert rig.infolog(answer) == (
        "Exception occurred while executing action many: What the function of many returned does "
        "not fit: Cannot convert the literal '1' to the expected type 'Edm.Int32'."
    )
    assert rig.call("POST", f"/data/{NS}.none").json()["value"] is None
