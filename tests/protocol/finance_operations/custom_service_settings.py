"""Custom services as `windtunnel.toml` declares them."""

from __future__ import annotations

from typing import Any

HERE = "tests.protocol.finance_operations.user_services"
SCALARS = ("string", "int", "int64", "real", "boolean", "date", "utcdatetime", "guid", "NoYes")

SETTINGS: dict[str, Any] = {
    "contracts": [
        {
            "name": "ContosoRequest",
            "members": [
                {"name": "Account"},
                {"name": "Blocked", "type": "NoYes"},
                {"name": "Wanted", "type": "date"},
                {"name": "Lines", "type": "ContosoLine[]"},
            ],
        },
        {
            "name": "ContosoLine",
            "members": [{"name": "Number", "type": "int"}, {"name": "Text"}],
        },
        {
            "name": "ContosoResponse",
            "members": [
                {"name": "Account"},
                {"name": "Company"},
                {"name": "Created", "type": "date"},
                {"name": "Lines", "type": "ContosoLine[]"},
            ],
        },
        {
            "name": "ContosoEverything",
            "members": [{"name": f"p_{kind}", "type": kind} for kind in SCALARS]
            + [{"name": "names", "type": "string[]"}],
        },
    ],
    "services": [
        {
            "group": "ContosoServices",
            "name": "ContosoCustomerService",
            "operations": [
                {
                    "name": "createCustomer",
                    "parameters": [{"name": "_request", "type": "ContosoRequest"}],
                    "returns": "ContosoResponse",
                    "function": f"{HERE}:create_customer",
                },
                {"name": "ping", "returns": "string", "answer": "pong"},
                {"name": "nothing"},
                {"name": "broken", "returns": "string", "function": f"{HERE}:broken"},
                {
                    "name": "wrong",
                    "returns": "ContosoLine",
                    "function": f"{HERE}:wrong_result",
                },
                {
                    "name": "echo",
                    "parameters": [{"name": f"p_{kind}", "type": kind} for kind in SCALARS]
                    + [{"name": "names", "type": "string[]"}],
                    "returns": "ContosoEverything",
                    "function": f"{HERE}:echo",
                },
            ],
        },
        {
            "group": "ContosoServices",
            "name": "ContosoOtherService",
            "external_name": "Other",
            "namespace": "http://contoso.example/other",
            "operations": [{"name": "ping", "returns": "int[]", "answer": [1, 2]}],
        },
    ],
}
