"""The notes of ours beside columns and relationships in the document that dataverse_tables.py makes."""

from xml.sax.saxutils import quoteattr

from dataverse_facts import ACTIVITY_TYPES, DELETED_WITH, OWNED


def note(term: str, value: str) -> str:
    return f'<Annotation Term="Windtunnel.V1.{term}" String={quoteattr(value)}/>'


def cascade(child: str, column: str, parent: str) -> str:
    """How a relationship behaves when the parent is assigned or deleted; `` for a plain link.

    Facts from the definitions of account, contact, lead and their relationships, the same kind of
    relationship taken as the same behaviour elsewhere.
    """
    if column.startswith(("_created", "_modified", "_own", "_organizationid")):
        return "None"
    if (child, column) in {
        ("account", "_parentaccountid_value"),
        ("contact", "_accountid_value"),
        ("businessunit", "_parentbusinessunitid_value"),
    }:
        return "Restrict" if child == "businessunit" else "Hierarchy"
    if column in {
        "_regardingobjectid_value",
        "_objectid_value",
        "_customerid_value",
        "_parentcustomerid_value",
    }:
        return "None" if child in {"asyncoperation", "principalobjectaccess"} else "Parental"
    if (child, parent) in OWNED:
        return "Parental"
    if (child, parent) in DELETED_WITH or (
        child == "activityparty" and parent in ACTIVITY_TYPES and column == "_activityid_value"
    ):
        return "Delete"
    if parent in {
        "transactioncurrency",
        "pricelevel",
        "product",
        "uom",
        "uomschedule",
        "businessunit",
    }:
        return "Restrict"
    return ""
