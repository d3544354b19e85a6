"""Writes tables.jsonl and choices.jsonl of contracts/entities/dataverse: the standard tables' facts.

Reads $metadata documents of real organisations (standard columns are those in all of them) and
Common Data Model documents (lengths, choices, labels) from a folder given as argument; keeps
names, types, lengths, option values and labels, and none of their sentences.
"""

from __future__ import annotations

import gzip
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson

from windtunnel.contracts.entities.dataverse import (
    Option,
    OptionSet,
    TableDefinition,
    tables_from_csdl,
)
from windtunnel.contracts.entities.dataverse.documents import option_set_document, table_document
from windtunnel.contracts.entities.dataverse.wire import option_set_of

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
OUT = Path(__file__).parent.parent / "contracts/entities/dataverse/tables.jsonl"
DOCUMENTS = ("dataverse-ess-2022-10", "dataverse-lcrb-2020-11", "dataverse-dfa-2022-07.wire")

# logical name, label, plural label, object type code, primary name column, CDM document, ownership
TABLES = [
    ("account", "Account", "Accounts", 1, "name", "Account", "UserOwned"),
    ("contact", "Contact", "Contacts", 2, "fullname", "Contact", "UserOwned"),
    ("opportunity", "Opportunity", "Opportunities", 3, "name", "Opportunity", "UserOwned"),
    ("lead", "Lead", "Leads", 4, "fullname", "Lead", "UserOwned"),
    ("annotation", "Note", "Notes", 5, "subject", "Note", "UserOwned"),
    ("systemuser", "User", "Users", 8, "fullname", "User", "BusinessOwned"),
    ("team", "Team", "Teams", 9, "name", "Team", "BusinessOwned"),
    (
        "businessunit",
        "Business Unit",
        "Business Units",
        10,
        "name",
        "BusinessUnit",
        "BusinessOwned",
    ),
    ("organization", "Organization", "Organizations", 1019, "name", "", "None"),
    ("incident", "Case", "Cases", 112, "title", "Case", "UserOwned"),
    ("product", "Product", "Products", 1024, "name", "Product", "OrganizationOwned"),
    ("pricelevel", "Price List", "Price Lists", 1022, "name", "PriceList", "OrganizationOwned"),
    ("salesorder", "Order", "Orders", 1088, "name", "Order", "UserOwned"),
    (
        "salesorderdetail",
        "Order Product",
        "Order Products",
        1089,
        "salesorderdetailname",
        "OrderProduct",
        "None",
    ),
    ("task", "Task", "Tasks", 4212, "subject", "Task", "UserOwned"),
    (
        "transactioncurrency",
        "Currency",
        "Currencies",
        9105,
        "currencyname",
        "Currency",
        "OrganizationOwned",
    ),
    ("publisher", "Publisher", "Publishers", 7101, "friendlyname", "", "OrganizationOwned"),
    ("solution", "Solution", "Solutions", 7100, "friendlyname", "", "OrganizationOwned"),
    ("sdkmessage", "Sdk Message", "Sdk Messages", 4606, "name", "", "OrganizationOwned"),
    (
        "sdkmessagefilter",
        "Sdk Message Filter",
        "Sdk Message Filters",
        4607,
        "name",
        "",
        "OrganizationOwned",
    ),
    ("asyncoperation", "System Job", "System Jobs", 4700, "name", "", "UserOwned"),
    (
        "bulkdeleteoperation",
        "Bulk Delete Operation",
        "Bulk Delete Operations",
        4424,
        "name",
        "",
        "UserOwned",
    ),
    ("activitypointer", "Activity", "Activities", 4200, "subject", "Activity", "UserOwned"),
    ("phonecall", "Phone Call", "Phone Calls", 4210, "subject", "Activity", "UserOwned"),
    ("email", "Email", "Email Messages", 4202, "subject", "Email", "UserOwned"),
    ("appointment", "Appointment", "Appointments", 4201, "subject", "Activity", "UserOwned"),
    ("letter", "Letter", "Letters", 4207, "subject", "Activity", "UserOwned"),
    ("fax", "Fax", "Faxes", 4204, "subject", "Activity", "UserOwned"),
    ("opportunityclose", "Opportunity Close", "Opportunity Close Activities", 4208, "subject", "Activity", "UserOwned"),
    ("quoteclose", "Quote Close", "Quote Close Activities", 4211, "subject", "Activity", "UserOwned"),
    ("orderclose", "Order Close", "Order Close Activities", 4209, "subject", "Activity", "UserOwned"),
    ("incidentresolution", "Case Resolution", "Case Resolutions", 4206, "subject", "Activity", "UserOwned"),
    ("activityparty", "Activity Party", "Activity Parties", 135, "partyidname", "", "None"),
    ("activitymimeattachment", "Attachment", "Attachments", 1001, "filename", "", "None"),
    ("quote", "Quote", "Quotes", 1084, "name", "Quote", "UserOwned"),
    ("quotedetail", "Quote Product", "Quote Products", 1085, "quotedetailname", "OrderProduct", "None"),
    ("opportunityproduct", "Opportunity Product", "Opportunity Products", 1083, "opportunityproductname", "OrderProduct", "None"),
    ("invoice", "Invoice", "Invoices", 1090, "name", "Invoice", "UserOwned"),
    ("invoicedetail", "Invoice Product", "Invoice Products", 1091, "invoicedetailname", "OrderProduct", "None"),
    ("productpricelevel", "Price List Item", "Price List Items", 1026, "productidname", "", "None"),
    ("uom", "Unit", "Units", 1055, "name", "", "None"),
    ("uomschedule", "Unit Group", "Unit Groups", 1056, "name", "", "OrganizationOwned"),
    ("queue", "Queue", "Queues", 2020, "name", "", "UserOwned"),
    ("queueitem", "Queue Item", "Queue Items", 2029, "title", "", "None"),
    ("connection", "Connection", "Connections", 3234, "name", "", "UserOwned"),
    ("connectionrole", "Connection Role", "Connection Roles", 3231, "name", "", "OrganizationOwned"),
    ("role", "Security Role", "Security Roles", 1036, "name", "", "BusinessOwned"),
    ("privilege", "Privilege", "Privileges", 1023, "name", "", "None"),
    ("roletemplate", "Role Template", "Role Templates", 1037, "name", "", "None"),
    ("principalobjectaccess", "Sharing", "Sharings", 11, "", "", "None"),
    ("fieldsecurityprofile", "Column Security Profile", "Column Security Profiles", 1200, "name", "", "OrganizationOwned"),
    ("fieldpermission", "Field Permission", "Field Permissions", 1201, "", "", "None"),
    ("savedquery", "View", "Views", 1039, "name", "", "OrganizationOwned"),
    ("userquery", "Saved View", "Saved Views", 4230, "name", "", "UserOwned"),
    ("sdkmessageprocessingstep", "Sdk Message Processing Step", "Sdk Message Processing Steps", 4608, "name", "", "OrganizationOwned"),
    ("plugintype", "Plug-in Type", "Plug-in Types", 4602, "name", "", "OrganizationOwned"),
    ("pluginassembly", "Plug-in Assembly", "Plug-in Assemblies", 4605, "name", "", "OrganizationOwned"),
    ("serviceendpoint", "Service Endpoint", "Service Endpoints", 4618, "name", "", "OrganizationOwned"),
    ("duplicaterule", "Duplicate Detection Rule", "Duplicate Detection Rules", 4414, "name", "", "UserOwned"),
    ("duplicaterulecondition", "Duplicate Rule Condition", "Duplicate Rule Conditions", 4416, "", "", "None"),
    ("duplicaterecord", "Duplicate Record", "Duplicate Records", 4415, "", "", "UserOwned"),
    ("list", "Marketing List", "Marketing Lists", 4300, "listname", "", "UserOwned"),
    ("listmember", "Marketing List Member", "Marketing List Members", 4301, "", "", "None"),
    ("subject", "Subject", "Subjects", 129, "title", "", "OrganizationOwned"),
    ("territory", "Territory", "Territories", 2013, "name", "", "OrganizationOwned"),
    ("customeraddress", "Address", "Addresses", 1071, "name", "", "None"),
    ("competitor", "Competitor", "Competitors", 123, "name", "", "OrganizationOwned"),
    ("workflow", "Process", "Processes", 4703, "name", "", "UserOwned"),
    ("webresource", "Web Resource", "Web Resources", 9333, "name", "", "OrganizationOwned"),
    ("plugintracelog", "Plug-in Trace Log", "Plug-in Trace Logs", 4619, "typename", "", "None"),
    ("solutioncomponent", "Solution Component", "Solution Components", 7103, "", "", "None"),
    ("accountleads", "Account Lead", "Account Leads", 16, "", "", "None"),
    ("competitorproduct", "Competitor Product", "Competitor Products", 1006, "", "", "None"),
    ("connectionroleassociation", "Connection Role Association", "Connection Role Associations", 3232, "", "", "None"),
    ("contactinvoices", "Contact Invoice", "Contact Invoices", 17, "", "", "None"),
    ("contactleads", "Contact Lead", "Contact Leads", 22, "", "", "None"),
    ("contactorders", "Contact Order", "Contact Orders", 19, "", "", "None"),
    ("contactquotes", "Contact Quote", "Contact Quotes", 18, "", "", "None"),
    ("leadcompetitors", "Lead Competitor", "Lead Competitors", 24, "", "", "None"),
    ("leadproduct", "Lead Product", "Lead Products", 27, "", "", "None"),
    ("opportunitycompetitors", "Opportunity Competitor", "Opportunity Competitors", 25, "", "", "None"),
    ("queuemembership", "Queue Membership", "Queue Memberships", 10014, "", "", "None"),
    ("roleprivileges", "Role Privilege", "Role Privileges", 12, "", "", "None"),
    ("roletemplateprivileges", "Role Template Privilege", "Role Template Privileges", 28, "", "", "None"),
    ("systemuserprofiles", "User Column Security Profile", "User Column Security Profiles", 1202, "", "", "None"),
    ("systemuserroles", "User Security Role", "User Security Roles", 15, "", "", "None"),
    ("teammembership", "Team Membership", "Team Memberships", 23, "", "", "None"),
    ("teamprofiles", "Team Column Security Profile", "Team Column Security Profiles", 1203, "", "", "None"),
    ("teamroles", "Team Security Role", "Team Security Roles", 40, "", "", "None"),
]  # fmt: skip
# Labels of states and status reasons where no Common Data Model document has them:
# table -> state -> (label, {status: label}).
STATES = {
    "activitypointer": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Completed"}), 2: ("Canceled", {3: "Canceled"}), 3: ("Scheduled", {4: "Scheduled"})},
    "phonecall": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Made", 4: "Received"}), 2: ("Canceled", {3: "Canceled"})},
    "appointment": {0: ("Open", {1: "Free", 2: "Tentative"}), 1: ("Completed", {3: "Completed"}), 2: ("Canceled", {4: "Canceled"}), 3: ("Scheduled", {5: "Busy", 6: "Out of Office"})},
    "letter": {0: ("Open", {1: "Open", 2: "Draft"}), 1: ("Completed", {3: "Received", 4: "Sent"}), 2: ("Canceled", {5: "Canceled"})},
    "fax": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Completed", 3: "Sent", 4: "Received"}), 2: ("Canceled", {5: "Canceled"})},
    "email": {0: ("Open", {1: "Draft", 8: "Failed"}), 1: ("Completed", {2: "Completed", 3: "Sent", 4: "Received", 6: "Pending Send", 7: "Sending"}), 2: ("Canceled", {5: "Canceled"})},
    "opportunityclose": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Completed"}), 2: ("Canceled", {3: "Canceled"})},
    "quoteclose": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Completed"}), 2: ("Canceled", {3: "Canceled"})},
    "orderclose": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Completed"}), 2: ("Canceled", {3: "Canceled"})},
    "incidentresolution": {0: ("Open", {1: "Open"}), 1: ("Completed", {2: "Closed"}), 2: ("Canceled", {3: "Canceled"})},
    "quote": {0: ("Draft", {1: "In Progress"}), 1: ("Active", {2: "In Progress", 3: "Open"}), 2: ("Won", {4: "Won"}), 3: ("Closed", {5: "Lost", 6: "Canceled", 7: "Revised"})},
    "invoice": {0: ("Active", {1: "New", 2: "Partially Shipped", 4: "Billed", 5: "Booked (applies to services)", 6: "Installed (applies to services)"}), 1: ("Closed (deprecated)", {3: "Canceled (deprecated)", 7: "Paid in Full (deprecated)"}), 2: ("Paid", {100001: "Complete", 100002: "Partial"}), 3: ("Canceled", {100003: "Canceled"})},
    "opportunity": {0: ("Open", {1: "In Progress", 2: "On Hold"}), 1: ("Won", {3: "Won"}), 2: ("Lost", {4: "Canceled", 5: "Out-Sold"})},
    "incident": {0: ("Active", {1: "In Progress", 2: "On Hold", 3: "Waiting for Details", 4: "Researching"}), 1: ("Resolved", {5: "Problem Solved", 1000: "Information Provided"}), 2: ("Canceled", {6: "Canceled", 2000: "Merged"})},
    "product": {0: ("Active", {1: "Active"}), 1: ("Retired", {2: "Retired"}), 2: ("Draft", {0: "Draft"}), 3: ("Under Revision", {3: "Under Revision"})},
    "list": {0: ("Active", {0: "Active"}), 1: ("Inactive", {1: "Inactive"})},
    "duplicaterule": {0: ("Inactive", {0: "Unpublished", 1: "Publishing"}), 1: ("Active", {2: "Published"})},
    "workflow": {0: ("Draft", {1: "Draft"}), 1: ("Activated", {2: "Activated"})},
    "sdkmessageprocessingstep": {0: ("Enabled", {1: "Enabled"}), 1: ("Disabled", {2: "Disabled"})},
    "asyncoperation": {0: ("Ready", {0: "Waiting For Resources"}), 1: ("Suspended", {10: "Waiting"}), 2: ("Locked", {20: "In Progress", 21: "Pausing", 22: "Canceling"}), 3: ("Completed", {30: "Succeeded", 31: "Failed", 32: "Canceled"})},
}  # fmt: skip
PLAIN_STATES = {0: ("Active", {1: "Active"}), 1: ("Inactive", {2: "Inactive"})}
ACTIVITY_TYPES = {
    "opportunityclose", "quoteclose", "orderclose", "incidentresolution", "phonecall", "email",
    "appointment", "letter", "fax", "task",
}  # fmt: skip
# Columns that end in "code" and are plain integers, as the pages on the tables say.
PLAIN_INTEGERS = {
    "utcconversiontimezonecode", "timezonecode", "errorcode", "fiscalyeardisplaycode",
    "languagecode", "longdateformatcode", "negativecurrencyformatcode", "pinpointlanguagecode",
    "yearstartweekcode",
}  # fmt: skip
SKIPPED_ON_LINES = {0: "DoPriceCalcAlways", 1: "SkipPriceCalcOnCreate", 2: "SkipPriceCalcOnUpdate", 3: "SkipPriceCalcOnUpSert"}  # fmt: skip
SYSTEM_JOBS = {1: "System Event", 2: "Bulk Email", 3: "Import File Parse", 4: "Transform Parse Data", 5: "Import", 6: "Activity Propagation", 7: "Duplicate Detection Rule Publish", 8: "Bulk Duplicate Detection", 9: "SQM Data Collection", 10: "Workflow", 11: "Quick Campaign", 12: "Matchcode Update", 13: "Bulk Delete", 14: "Deletion Service", 15: "Index Management", 16: "Collect Organization Statistics", 17: "Import Subprocess", 18: "Calculate Organization Storage Size", 19: "Collect Organization Database Statistics", 20: "Collection Organization Size Statistics", 21: "Database Tuning", 22: "Calculate Organization Maximum Storage Size", 23: "Bulk Delete Subprocess", 24: "Update Statistic Intervals", 25: "Organization Full Text Catalog Index", 26: "Database log backup", 27: "Update Contract States", 30: "Reindex all indices maintenance job", 31: "Storage Limit Notification", 32: "Cleanup inactive workflow assemblies", 35: "Recurring Series Expansion", 38: "Import Sample Data", 40: "Goal Roll Up", 41: "Audit Partition Creation", 42: "Check For Language Pack Updates", 43: "Provision Language Pack", 44: "Update Organization Database", 45: "Update Solution", 50: "Outgoing Activity", 51: "Incoming Email Processing", 52: "Mailbox Test Access", 53: "Encryption Health Check", 54: "Execute Async Request", 56: "Update Entitlement States", 57: "Calculate Rollup Field", 58: "Mass Calculate Rollup Field", 59: "Import Translation", 62: "Convert Date And Time Behavior", 63: "EntityKey Index Creation", 65: "Update Knowledge Article States"}  # fmt: skip
DEFAULT_ONLY = {1: "Default Value"}
ADDRESS_TYPES = {1: "Bill To", 2: "Ship To", 3: "Primary", 4: "Other"}
FREIGHT_TERMS = {1: "FOB", 2: "No Charge"}
SHIPPING_METHODS = {1: "Airborne", 2: "DHL", 3: "FedEx", 4: "UPS", 5: "Postal Mail", 6: "Full Load", 7: "Will Call"}  # fmt: skip
CONNECTED = {1: "Account", 2: "Contact", 3: "Opportunity", 4: "Lead", 8: "User", 9: "Team", 50: "Position", 99: "Social Profile", 112: "Case", 123: "Competitor", 1010: "Contract", 1022: "Price List", 1024: "Product", 1084: "Quote", 1088: "Order", 1090: "Invoice", 2013: "Territory", 4000: "Facility/Equipment", 4005: "Scheduling Group", 4007: "Resource Group", 4200: "Activity", 4201: "Appointment", 4202: "Email", 4204: "Fax", 4207: "Letter", 4210: "Phone Call", 4212: "Task", 4214: "Service Activity", 4216: "Social Activity", 4251: "Recurring Appointment", 4300: "Marketing List", 4400: "Campaign", 4402: "Campaign Activity", 4710: "Process Session", 9400: "Channel Access Profile Rule", 9600: "Goal", 9700: "Entitlement", 9701: "Entitlement Channel", 9703: "Entitlement Template Channel", 9930: "Knowledge Base Record", 9953: "Knowledge Article"}  # fmt: skip
# Choices without a document: (table or "*", column) -> value -> label.
CHOICES = {
    ("activityparty", "participationtypemask"): {1: "Sender", 2: "To Recipient", 3: "CC Recipient", 4: "BCC Recipient", 5: "Required attendee", 6: "Optional attendee", 7: "Organizer", 8: "Regarding", 9: "Owner", 10: "Resource", 11: "Customer", 12: "Chat Participant"},
    ("productpricelevel", "pricingmethodcode"): {1: "Currency Amount", 2: "Percent of List", 3: "Percent Markup - Current Cost", 4: "Percent Margin - Current Cost", 5: "Percent Markup - Standard Cost", 6: "Percent Margin - Standard Cost"},
    ("productpricelevel", "quantitysellingcode"): {1: "No Control", 2: "Whole", 3: "Whole and Fractional"},
    ("queue", "queueviewtype"): {0: "Public", 1: "Private"},
    ("*", "budgetstatus"): {0: "No Committed Budget", 1: "May Buy", 2: "Can Buy", 3: "Will Buy"},
    ("*", "initialcommunication"): {0: "Contacted", 1: "Not Contacted"},
    ("*", "need"): {0: "Must have", 1: "Should have", 2: "Good to have", 3: "No need"},
    ("*", "purchaseprocess"): {0: "Individual", 1: "Committee", 2: "Unknown"},
    ("*", "purchasetimeframe"): {0: "Immediate", 1: "This Quarter", 2: "Next Quarter", 3: "This Year", 4: "Unknown"},
    ("*", "componentstate"): {0: "Published", 1: "Unpublished", 2: "Deleted", 3: "Deleted Unpublished"},
    ("*", "community"): {1: "Facebook", 2: "Twitter", 0: "Other"},
    ("opportunityproduct", "skippricecalculation"): SKIPPED_ON_LINES,
    ("quotedetail", "skippricecalculation"): SKIPPED_ON_LINES,
    ("salesorderdetail", "skippricecalculation"): SKIPPED_ON_LINES,
    ("invoicedetail", "skippricecalculation"): SKIPPED_ON_LINES,
    ("*", "skippricecalculation"): {0: "DoPriceCalcAlways", 1: "SkipPriceCalcOnRetrieve"},
    ("connectionrole", "category"): {1: "Business", 2: "Family", 3: "Social", 4: "Sales", 5: "Other", 1000: "Stakeholder", 1001: "Sales Team", 1002: "Service"},
    ("fieldpermission", "cancreate"): {0: "Not Allowed", 4: "Allowed"},
    ("fieldpermission", "canread"): {0: "Not Allowed", 4: "Allowed"},
    ("fieldpermission", "canupdate"): {0: "Not Allowed", 4: "Allowed"},
    ("workflow", "category"): {0: "Workflow", 1: "Dialog", 2: "Business Rule", 3: "Action", 4: "Business Process Flow", 5: "Modern Flow", 6: "Desktop Flow", 7: "AI Flow"},
    ("workflow", "mode"): {0: "Background", 1: "Real-time"},
    ("workflow", "runas"): {0: "Owner", 1: "Calling User"},
    ("workflow", "scope"): {1: "User", 2: "Business Unit", 3: "Parent: Child Business Units", 4: "Organization"},
    ("workflow", "type"): {1: "Definition", 2: "Activation", 3: "Template"},
    ("workflow", "businessprocesstype"): {0: "Business Flow", 1: "Task Flow"},
    ("workflow", "createstage"): {20: "Pre-operation", 40: "Post-operation"},
    ("workflow", "updatestage"): {20: "Pre-operation", 40: "Post-operation"},
    ("workflow", "deletestage"): {20: "Pre-operation", 40: "Post-operation"},
    ("sdkmessageprocessingstep", "supporteddeployment"): {0: "Server Only", 1: "Microsoft Dynamics 365 Client for Outlook Only", 2: "Both"},
    ("pluginassembly", "isolationmode"): {1: "None", 2: "Sandbox", 3: "External"},
    ("pluginassembly", "sourcetype"): {0: "Database", 1: "Disk", 2: "Normal", 3: "AzureWebApp", 4: "File Store"},
    ("pluginassembly", "authtype"): {0: "BasicAuth", 1: "ManagedIdentity"},
    ("serviceendpoint", "connectionmode"): {1: "Normal", 2: "Federated"},
    ("serviceendpoint", "namespaceformat"): {1: "Namespace Name", 2: "Namespace Address"},
    ("solution", "solutiontype"): {0: "None", 1: "Snapshot", 2: "Internal"},
    ("queue", "emailrouteraccessapproval"): {0: "Empty", 1: "Approved", 2: "Pending Approval", 3: "Rejected"},
    ("queue", "incomingemailfilteringmethod"): {0: "All email messages", 1: "Email messages in response to Dynamics 365 email", 2: "Email messages from Dynamics 365 Leads, Contacts and Accounts", 3: "Email messages from Dynamics 365 records that are email enabled", 4: "No email messages"},
    ("queue", "incomingemaildeliverymethod"): {0: "None", 2: "Server-Side Synchronization or Email Router", 3: "Forward Mailbox"},
    ("queue", "outgoingemaildeliverymethod"): {0: "None", 2: "Server-Side Synchronization or Email Router"},
    ("asyncoperation", "operationtype"): SYSTEM_JOBS,
    ("list", "createdfromcode"): {1: "Account", 2: "Contact", 4: "Lead"},
    ("queue", "queuetypecode"): {1: "Default Value"},
    ("queueitem", "objecttypecode"): {112: "Case", 4200: "Activity", 4201: "Appointment", 4202: "Email", 4204: "Fax", 4207: "Letter", 4210: "Phone Call", 4212: "Task"},
    ("account", "address1_addresstypecode"): ADDRESS_TYPES,
    ("account", "address1_freighttermscode"): FREIGHT_TERMS,
    ("account", "address1_shippingmethodcode"): SHIPPING_METHODS,
    ("contact", "address1_addresstypecode"): ADDRESS_TYPES,
    ("contact", "address1_freighttermscode"): FREIGHT_TERMS,
    ("contact", "address1_shippingmethodcode"): SHIPPING_METHODS,
    ("customeraddress", "addresstypecode"): ADDRESS_TYPES,
    ("customeraddress", "freighttermscode"): FREIGHT_TERMS,
    ("customeraddress", "shippingmethodcode"): SHIPPING_METHODS,
    ("*", "address1_addresstypecode"): DEFAULT_ONLY,
    ("*", "address1_shippingmethodcode"): DEFAULT_ONLY,
    ("*", "address2_addresstypecode"): DEFAULT_ONLY,
    ("*", "address2_freighttermscode"): DEFAULT_ONLY,
    ("*", "address2_shippingmethodcode"): DEFAULT_ONLY,
    ("*", "address3_addresstypecode"): DEFAULT_ONLY,
    ("*", "address3_freighttermscode"): DEFAULT_ONLY,
    ("*", "address3_shippingmethodcode"): DEFAULT_ONLY,
    ("*", "deliveryprioritycode"): {0: "Low", 1: "Normal", 2: "High"},
    ("*", "instancetypecode"): {0: "Not Recurring", 1: "Recurring Master", 2: "Recurring Instance", 3: "Recurring Exception", 4: "Recurring Future Exception"},
    ("incident", "messagetypecode"): {0: "Public Message", 1: "Private Message"},
    ("productpricelevel", "roundingoptioncode"): {1: "Ends in", 2: "Multiple of"},
    ("productpricelevel", "roundingpolicycode"): {1: "None", 2: "Up", 3: "Down", 4: "To Nearest"},
    ("duplicaterulecondition", "operatorcode"): {0: "Exact Match", 1: "Same First Characters", 2: "Same Last Characters", 3: "Same Date", 4: "Same Date and Time", 5: "Exact Match (Pick List Label)", 6: "Exact Match (Pick List Value)"},
    ("duplicaterule", "baseentitytypecode"): {row[3]: row[1] for row in TABLES},
    ("duplicaterule", "matchingentitytypecode"): {row[3]: row[1] for row in TABLES},
    ("connection", "record1objecttypecode"): CONNECTED,
    ("connection", "record2objecttypecode"): CONNECTED,
    ("organization", "currencyformatcode"): {0: "$123", 1: "123$", 2: "$ 123", 3: "123 $"},
    ("organization", "fullnameconventioncode"): {0: "Last Name, First Name", 1: "First Name", 2: "Last Name, First Name, Middle Initial", 3: "First Name, Middle Initial, Last Name", 4: "Last Name, First Name, Middle Name", 5: "First Name, Middle Name, Last Name", 6: "Last Name, space, First Name", 7: "Last Name, no space, First Name"},
    ("organization", "negativeformatcode"): {0: "Brackets", 1: "Dash", 2: "Dash plus Space", 3: "Trailing Dash", 4: "Space plus Trailing Dash"},
    ("serviceendpoint", "contract"): {1: "OneWay", 2: "Queue", 3: "Rest", 4: "TwoWay", 5: "Topic", 6: "Queue (Persistent)", 7: "Event Hub", 8: "Webhook", 9: "Event Grid", 10: "Managed Data Lake", 11: "Container Storage"},
    ("serviceendpoint", "authtype"): {0: "Not Specified", 1: "ACS", 2: "SAS Key", 3: "SAS Token", 4: "Webhook Key", 5: "Http Header", 6: "Http Query String", 7: "Connection String", 8: "Access Key", 9: "Managed Identity"},
    ("serviceendpoint", "messageformat"): {1: "Binary XML", 2: "Json", 3: "Text XML"},
    ("serviceendpoint", "userclaim"): {1: "None", 2: "UserId", 3: "UserInfo"},
    ("sdkmessageprocessingstep", "stage"): {5: "Initial Pre-operation (For internal use only)", 10: "Pre-validation", 20: "Pre-operation", 30: "Main Operation (For internal use only)", 40: "Post-operation", 50: "Post-operation (Deprecated)", 55: "Final Post-operation (For internal use only)"},
    ("sdkmessageprocessingstep", "mode"): {0: "Synchronous", 1: "Asynchronous"},
    ("webresource", "webresourcetype"): {1: "Webpage (HTML)", 2: "Style Sheet (CSS)", 3: "Script (JScript)", 4: "Data (XML)", 5: "PNG format", 6: "JPG format", 7: "GIF format", 8: "Silverlight (XAP)", 9: "Style Sheet (XSL)", 10: "ICO format", 11: "Vector format (SVG)", 12: "String (RESX)"},
    ("plugintracelog", "operationtype"): {0: "Unknown", 1: "Plug-in", 2: "Workflow Activity"},
    ("plugintracelog", "mode"): {0: "Synchronous", 1: "Asynchronous"},
    ("solutioncomponent", "componenttype"): {1: "Entity", 2: "Attribute", 3: "Relationship", 9: "Option Set", 10: "Entity Relationship", 14: "Entity Key", 20: "Role", 24: "Form", 26: "Saved Query", 29: "Workflow", 60: "System Form", 61: "Web Resource", 62: "Site Map", 66: "Custom Control", 70: "Field Security Profile", 90: "Plugin Type", 91: "Plugin Assembly", 92: "SDK Message Processing Step", 93: "SDK Message Processing Step Image", 95: "Service Endpoint", 300: "Canvas App", 371: "Connector", 380: "Environment Variable Definition", 381: "Environment Variable Value"},
    ("solutioncomponent", "rootcomponentbehavior"): {0: "Include Subcomponents", 1: "Do not include subcomponents", 2: "Include As Shell Only"},
    ("*", "prioritycode"): {0: "Low", 1: "Normal", 2: "High"},
}  # fmt: skip
# Tables that the documents do not have: name -> (set, label, plural, code, key, primary, ownership, columns).
# A column is "name type [length]"; `x -> table` is a lookup.
NEW_TABLES = {
    "customapi": ("customapis", "Custom API", "Custom APIs", 10027, "customapiid", "uniquename", "OrganizationOwned", "uniquename String 128|name String 100|displayname String 100|description String 300|allowedcustomprocessingsteptype Picklist 0=None;1=Async Only;2=Sync and Async|bindingtype Picklist 0=Global;1=Entity;2=EntityCollection|boundentitylogicalname String 100|executeprivilegename String 100|isfunction Boolean|isprivate Boolean|workflowsdkstepenabled Boolean|plugintypeid -> plugintype|sdkmessageid -> sdkmessage"),
    "customapirequestparameter": ("customapirequestparameters", "Custom API Request Parameter", "Custom API Request Parameters", 10028, "customapirequestparameterid", "uniquename", "OrganizationOwned", "uniquename String 128|name String 100|displayname String 100|description String 300|type Picklist 0=Boolean;1=DateTime;2=Decimal;3=Entity;4=EntityCollection;5=EntityReference;6=Float;7=Integer;8=Money;9=Picklist;10=String;11=StringArray;12=Guid|isoptional Boolean|logicalentityname String 100|customapiid -> customapi"),
    "customapiresponseproperty": ("customapiresponseproperties", "Custom API Response Property", "Custom API Response Properties", 10029, "customapiresponsepropertyid", "uniquename", "OrganizationOwned", "uniquename String 128|name String 100|displayname String 100|description String 300|type Picklist 0=Boolean;1=DateTime;2=Decimal;3=Entity;4=EntityCollection;5=EntityReference;6=Float;7=Integer;8=Money;9=Picklist;10=String;11=StringArray;12=Guid|logicalentityname String 100|customapiid -> customapi"),
    "environmentvariabledefinition": ("environmentvariabledefinitions", "Environment Variable Definition", "Environment Variable Definitions", 380, "environmentvariabledefinitionid", "schemaname", "UserOwned", "schemaname String 100|displayname String 100|description Memo 2000|type Picklist 100000000=String;100000001=Number;100000002=Boolean;100000003=JSON;100000004=Data Source;100000005=Secret|defaultvalue Memo 2000|isrequired Boolean|valueschema String 2048|hint String 2048|apiid String 100|secretstore Picklist 0=Azure Key Vault;1=Microsoft Dataverse"),
    "environmentvariablevalue": ("environmentvariablevalues", "Environment Variable Value", "Environment Variable Values", 381, "environmentvariablevalueid", "schemaname", "UserOwned", "schemaname String 100|value Memo 2000|environmentvariabledefinitionid -> environmentvariabledefinition"),
    "cdm_company": ("cdm_companies", "Company", "Companies", 10311, "cdm_companyid", "cdm_companycode", "OrganizationOwned", "cdm_companycode String 4|cdm_name String 160|cdm_isenabledfordualwrite Boolean"),
    "connectionreference": ("connectionreferences", "Connection Reference", "Connection References", 10037, "connectionreferenceid", "connectionreferencedisplayname", "UserOwned", "connectionreferencedisplayname String 100|connectionreferencelogicalname String 100|connectionid String 100|connectorid String 100|description Memo 2000|promptingbehavior Picklist 0=Prompt;1=Skip"),
    "backgroundoperation": ("backgroundoperations", "Background Operation", "Background Operations", 10239, "backgroundoperationid", "name", "UserOwned", "name String 100|displayname String 100|inputparameters Memo 1048576|outputparameters Memo 1048576|backgroundoperationstatecode Picklist 0=Ready;2=Locked;3=Completed|backgroundoperationstatuscode Picklist 0=Waiting For Resources;20=In Progress;22=Canceling;30=Succeeded;31=Failed;32=Canceled|errorcode Integer|errormessage Memo 4000|starttime DateTime|endtime DateTime|runasuser String 100|retrycount Integer|ttlinseconds Integer"),
}  # fmt: skip
# Global choices of apps that are not simulated, by the beginning of their names.
OF_APPS = ("msdyn", "bot", "cardtype", "chatbot", "orginsights", "playbook")
# Columns that take a global choice of another name.
GLOBALS = {
    ("connectionrole", "category"): "connectionrole_category",
    ("incident", "caseorigincode"): "incident_caseorigincode", ("lead", "salesstage"): "lead_salesstage",
    ("opportunity", "salesstage"): "opportunity_salesstage", ("workflow", "runas"): "workflow_runas",
}  # fmt: skip
# Columns younger than the documents, by table.
YOUNGER = {"role": ("appliesto", "description", "summaryofcoreaccess")}
# Links without a constraint in the documents, and the column that they follow.
FOLLOWED = {("sdkmessageprocessingstep", "plugintypeid"): "_eventhandler_value"}
# Lookups of these tables on the wire, as pages on custom APIs and environment variables write them:
# (table, lookup) -> navigation property, and the collection of the other side.
NAVIGATIONS = {
    ("customapi", "plugintypeid"): ("PluginTypeId", "plugintype_customapi"),
    ("customapi", "sdkmessageid"): ("SdkMessageId", "sdkmessage_customapi"),
    ("customapirequestparameter", "customapiid"): ("CustomAPIId", "CustomAPIRequestParameters"),
    ("customapiresponseproperty", "customapiid"): ("CustomAPIId", "CustomAPIResponseProperties"),
    ("environmentvariablevalue", "environmentvariabledefinitionid"): ("EnvironmentVariableDefinitionId", "environmentvariabledefinition_environmentvariablevalue"),
}  # fmt: skip
OWNED = {
    ("opportunityproduct", "opportunity"), ("quotedetail", "quote"),
    ("salesorderdetail", "salesorder"), ("invoicedetail", "invoice"),
}  # fmt: skip
DELETED_WITH = {
    ("listmember", "list"), ("activityparty", "activitypointer"), ("activitymimeattachment", "activitypointer"),
    ("connection", "account"), ("connection", "contact"), ("connection", "opportunity"),
    ("connection", "lead"), ("connection", "incident"), ("duplicaterulecondition", "duplicaterule"),
    ("productpricelevel", "pricelevel"), ("productpricelevel", "product"), ("uom", "uomschedule"),
    ("customapirequestparameter", "customapi"), ("customapiresponseproperty", "customapi"),
    ("environmentvariablevalue", "environmentvariabledefinition"),
    ("fieldpermission", "fieldsecurityprofile"), ("queueitem", "queue"),
    ("solutioncomponent", "solution"),
    ("sdkmessageprocessingstep", "plugintype"), ("plugintype", "pluginassembly"),
}  # fmt: skip
NEW_KEYS = {"cdm_company": {"cdm_company_cdm_companycode": ("cdm_companycode",)}}
MEMO = {
    "content",
    "contentjson",
    "dependencyxml",
    "exceptiondetails",
    "messageblock",
    "fetchxml",
    "query",
    "layoutxml",
    "body",
    "description",
    "notetext",
    "address1_composite",
    "address2_composite",
    "address3_composite",
    "documentbody",
    "messagename",
    "qualificationcomments",
    "customerneed",
    "customerpainpoints",
    "currentsituation",
    "proposedsolution",
    "quotecomments",
    "billto_composite",
    "shipto_composite",
}
LONGEST_FILE = 1_073_741_823
LENGTHS = {
    "subject": 200,
    "_line1": 250,
    "_line2": 250,
    "_line3": 250,
    "_city": 80,
    "_country": 80,
    "_county": 50,
    "_stateorprovince": 50,
    "_postalcode": 20,
    "_postofficebox": 20,
    "_name": 200,
    "_telephone1": 50,
    "_telephone2": 50,
    "_telephone3": 50,
    "_fax": 50,
}
"""By the end of the name: the columns of activities and addresses, alike in all tables."""
KEY_FIX = {"systemuser": "systemuserid", "team": "teamid"}


def _longest(name: str, kind: str) -> int:
    """The length of a text that no document states; Base64 of an attachment is long."""
    if name in {"body", "content", "contentjson", "fetchxml", "layoutxml", "query"}:
        return LONGEST_FILE
    for ending, length in LENGTHS.items():
        if name.endswith(ending):
            return length
    return 2000 if kind == "Memo" else 100


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def types_of(document: bytes) -> dict[str, ET.Element]:
    root = ET.fromstring(document)
    return {found.get("Name", ""): found for found in root.iter(f"{EDM}EntityType")}


def members(types: dict[str, ET.Element], name: str, kind: str) -> Iterator[ET.Element]:
    found = types[name]
    base = (found.get("BaseType") or "").rpartition(".")[2]
    if base in {"activitypointer", "principal"}:
        yield from members(types, base, kind)
    yield from found.findall(f"{EDM}{kind}")


def attributes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    def walk(items: list[Any]) -> Iterator[dict[str, Any]]:
        for item in items:
            if "attributeGroupReference" in item:
                yield from walk(item["attributeGroupReference"].get("members", []))
            elif "sourceName" in item:
                yield item

    for definition in document["definitions"]:
        yield from walk(definition.get("hasAttributes", []))


def options_of(attribute: dict[str, Any]) -> str:
    kind = attribute.get("dataType")
    if not isinstance(kind, dict):
        return ""
    for trait in kind.get("appliedTraits", []):
        if isinstance(trait, dict) and trait.get("traitReference") == "does.haveDefault":
            rows = trait["arguments"][0]["entityReference"]["constantValues"]
            parts = []
            for row in rows:
                state = f"@{row[4]}" if len(row) > 4 else ""
                parts.append(f"{row[2]}{state}={row[1].replace(';', ',')}")
            return ";".join(parts)
    return ""


def kind_of(
    name: str, edm: str, options: str, names: set[str], attribute: dict[str, Any], key: str
) -> str:
    if name == key:
        return "Uniqueidentifier"
    if name.startswith("_"):
        return "Lookup"
    if name == "statecode":
        return "State"
    if name == "statuscode":
        return "Status"
    match edm:
        case "Edm.String":
            return "Memo" if name in MEMO or attribute.get("maximumLength", 0) > 4000 else "String"
        case "Edm.Int32":
            return (
                "Picklist"
                if options or (name.endswith("code") and name not in PLAIN_INTEGERS)
                else "Integer"
            )
        case "Edm.Int64":
            return "BigInt"
        case "Edm.Decimal":
            return "Money" if f"{name}_base" in names or name.endswith("_base") else "Decimal"
        case "Edm.DateTimeOffset" | "Edm.Date":
            return "DateTime"
        case "Edm.Guid":
            return "Uniqueidentifier"
        case "Edm.Binary":
            return "Image"
    return edm.removeprefix("Edm.")


def main(data: Path) -> None:
    documents = [types_of(read(data / "csdl" / f"{name}.xml.gz")) for name in DOCUMENTS]
    first = documents[0]
    sets = {}
    for found in ET.fromstring(read(data / "csdl" / f"{DOCUMENTS[0]}.xml.gz")).iter(
        f"{EDM}EntitySet"
    ):
        sets[(found.get("EntityType") or "").rpartition(".")[2]] = found.get("Name")
    known = {row[0] for row in TABLES} | set(NEW_TABLES)
    states = json.loads(
        (data / "entity-definitions/default-status-per-state.converted.json").read_text()
    )
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<!-- Standard tables of Dataverse: facts from public metadata of real organisations and from the",
        "     Common Data Model (CC-BY-4.0), in our own form; made by tools/dataverse_tables.py. -->",
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>',
        '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
        '<EntityType Name="crmbaseentity" Abstract="true"/>',
    ]
    for name, label, plural, code, primary, cdm, ownership in TABLES:
        lines += table(
            documents, data, known, name, label, plural, code, primary, cdm, ownership, states
        )
    for name in NEW_TABLES:
        lines += new_table(name)
    lines.append('<EntityContainer Name="System">')
    for name, *_ in TABLES:
        lines.append(f'<EntitySet Name="{sets[name]}" EntityType="mscrm.{name}"/>')
    for name, row in NEW_TABLES.items():
        lines.append(f'<EntitySet Name="{row[0]}" EntityType="mscrm.{name}"/>')
    lines += ["</EntityContainer>", "</Schema></edmx:DataServices></edmx:Edmx>", ""]
    choices = global_choices(data)
    found = with_list_members(tables_from_csdl("\n".join(lines).encode(), is_custom=False))
    tables = [with_global_choices(table, choices) for table in found]
    OUT.write_bytes(b"".join(orjson.dumps(table_document(table)) + b"\n" for table in tables))
    shown = (orjson.dumps(option_set_document(choice)) + b"\n" for choice in choices.values())
    OUT.with_name("choices.jsonl").write_bytes(b"".join(shown))
    print(OUT, len(first), OUT.stat().st_size)


LISTED = {"listaccount_association", "listcontact_association", "listlead_association"}


def with_list_members(tables: Iterable[TableDefinition]) -> Iterator[TableDefinition]:
    """Members of marketing lists are rows of one table, whatever they are; no document says so."""
    for found in tables:
        if found.is_intersect and found.logical_name in {"listaccount", "listcontact", "listlead"}:
            continue
        own, far = ("_listid_value", "_entityid_value")[
            :: 1 if found.logical_name == "list" else -1
        ]
        relations = {
            name: replace(
                relation,
                intersect="listmember",
                pairs=((relation.pairs[0][0], own),),
                far_pairs=((far, relation.far_pairs[0][1]),),
            )
            if name in LISTED
            else relation
            for name, relation in found.relations.items()
        }
        yield replace(found, relations=relations)


def global_choices(data: Path) -> dict[str, OptionSet]:
    """Names, labels, values and ids of the global choices of an organisation, by name."""
    listed = json.loads(read(data / "entity-definitions/global-optionsets.converted.json.gz"))
    found = {}
    for body in sorted(listed, key=lambda body: str(body["Name"])):
        choice = option_set_of(body, is_custom=False)
        if choice.kind == "Picklist" and not choice.name.startswith(OF_APPS):
            options = tuple(Option(option.value, option.label) for option in choice.options)
            found[choice.name] = replace(choice, options=options, facts={})
    return found


def with_global_choices(
    table: TableDefinition, choices: Mapping[str, OptionSet]
) -> TableDefinition:
    """The table; columns named like a global choice take their options from it."""
    columns = dict(table.columns)
    for name, column in table.columns.items():
        choice = choices.get(GLOBALS.get((table.logical_name, name), name))
        values = {option.value for option in column.options}
        if column.type == "Picklist" and choice and values <= {o.value for o in choice.options}:
            columns[name] = replace(column, options=choice.options, option_set=choice.name)
    return replace(table, columns=columns)


def table(
    documents: Any,
    data: Path,
    known: set[str],
    name: str,
    label: str,
    plural: str,
    code: int,
    primary: str,
    cdm: str,
    ownership: str,
    states: Any,
) -> list[str]:
    first = documents[0]
    reference = first[name].find(f"{EDM}Key/{EDM}PropertyRef")
    key = KEY_FIX.get(name) or ("" if reference is None else reference.get("Name"))
    key = "activityid" if name in ACTIVITY_TYPES else key
    properties = {p.get("Name", ""): p.get("Type", "") for p in members(first, name, "Property")}
    standard = [
        p
        for p in properties
        if all(
            name not in d or p in {q.get("Name") for q in members(d, name, "Property")}
            for d in documents
        )
    ]
    for younger in YOUNGER.get(name, ()):
        standard.append(younger)
        properties[younger] = "Edm.String"
    facts = {}
    if cdm:
        for attribute in attributes(
            json.loads(read(data / "cdm/dataverse" / f"{cdm}.cdm.json.gz"))
        ):
            facts[attribute["sourceName"].lower()] = attribute
    if key not in standard:
        standard.append(key)
        properties[key] = "Edm.Guid"
    standard.sort(key=lambda p: (p != key, p.strip("_")))
    names = set(standard)
    lines = [
        f'<EntityType Name="{name}" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="{key}"/></Key>'
    ]
    for term, value in (
        ("Label", label),
        ("CollectionLabel", plural),
        ("ObjectTypeCode", str(code)),
        ("PrimaryName", primary),
        ("Ownership", ownership),
    ):
        lines.append(note(term, value))
    if name in states:
        pairs = states[name].items() if isinstance(states[name], dict) else states[name]
        shown = ";".join(f"{s}={v}" for s, v in pairs) if isinstance(states[name], dict) else ""
        if shown:
            lines.append(note("DefaultStatus", shown))
    for p in standard:
        wire = p.removeprefix("_").removesuffix("_value") if p.startswith("_") else p
        given = choices(name, p, facts.get(wire, {}), states)
        lines.append(column(p, properties[p], facts.get(wire, {}), names, key, given))
    for navigation in members(first, name, "NavigationProperty"):
        lines += link(documents, name, navigation, known, names)
    for child, row in NEW_TABLES.items():
        lines += back_link(name, child, row[7])
    lines.append("</EntityType>")
    return lines


def note(term: str, value: str) -> str:
    return f'<Annotation Term="Windtunnel.V1.{term}" String={quoteattr(value)}/>'


def choices(table: str, column: str, fact: dict[str, Any], states: Any) -> str:
    """Values and labels of a choice: our table of states first, then the document's."""
    if column in {"statecode", "statuscode"}:
        known = STATES.get(table)
        plain = {0: 1, 1: 2}
        given = (
            {int(s): int(v) for s, v in states.get(table, {}).items()} if table in states else None
        )
        if known is None and (given is None or given == plain) and not options_of(fact):
            known = PLAIN_STATES
        if known is not None and column == "statecode":
            return ";".join(f"{state}={label}" for state, (label, _) in known.items())
        if known is not None:
            return ";".join(
                f"{status}@{state}={label}"
                for state, (_, reasons) in known.items()
                for status, label in reasons.items()
            )
    options = options_of(fact)
    if not options:
        listed = CHOICES.get((table, column)) or CHOICES.get(("*", column)) or {}
        options = ";".join(f"{value}={label}" for value, label in listed.items())
    return options


def back_link(name: str, child: str, listed: str) -> list[str]:
    """The collection of a table that a lookup of a new table makes, if one leads to it."""
    lookup = next((p for p in listed.split("|") if p.endswith(f" -> {name}")), "").partition(" ")[0]
    if not lookup:
        return []
    wire, back = NAVIGATIONS.get((child, lookup), (lookup, f"{name}_{child}"))
    return [
        f'<NavigationProperty Name="{back}" Type="Collection(mscrm.{child})" Partner="{wire}"/>'
    ]


def new_table(name: str) -> list[str]:
    entity_set, label, plural, code, key, primary, ownership, listed = NEW_TABLES[name]
    del entity_set
    lines = [
        f'<EntityType Name="{name}" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="{key}"/></Key>'
    ]
    for term, value in (
        ("Label", label),
        ("CollectionLabel", plural),
        ("ObjectTypeCode", str(code)),
        ("PrimaryName", primary),
        ("Ownership", ownership),
        ("DefaultStatus", "0=1;1=2"),
    ):
        lines.append(note(term, value))
    for key_name, columns in NEW_KEYS.get(name, {}).items():
        references = "".join(
            f'<Record><PropertyValue Property="Name" PropertyPath="{c}"/></Record>' for c in columns
        )
        lines.append(
            '<Annotation Term="OData.Community.Keys.V1.AlternateKeys"><Collection><Record>'
            f'<PropertyValue Property="Name" String="{key_name}"/><PropertyValue Property="Key">'
            f"<Collection>{references}</Collection></PropertyValue></Record></Collection></Annotation>"
        )
    edm = {"String": "Edm.String", "Memo": "Edm.String", "Boolean": "Edm.Boolean", "Integer": "Edm.Int32", "Picklist": "Edm.Int32", "DateTime": "Edm.DateTimeOffset"}  # fmt: skip
    links = []
    lines.append(
        f'<Property Name="{key}" Type="Edm.Guid">{note("Type", "Uniqueidentifier")}</Property>'
    )
    common = "createdon DateTime|modifiedon DateTime|createdby -> systemuser|modifiedby -> systemuser|statecode State 0=Active;1=Inactive|statuscode Status 1@0=Active;2@1=Inactive|importsequencenumber Integer"
    if ownership == "UserOwned":
        common += (
            "|ownerid -> systemuser|owninguser -> systemuser|owningbusinessunit -> businessunit"
        )
    else:
        common += "|organizationid -> organization"
    for row in f"{listed}|{common}".split("|"):
        wire, _, rest = row.partition(" ")
        if rest.startswith("-> "):
            target = rest[3:]
            far = {"systemuser": "systemuserid"}.get(target, f"{target}id")
            lines.append(
                f'<Property Name="_{wire}_value" Type="Edm.Guid">{note("Type", "Lookup")}</Property>'
            )
            behaviour = cascade(name, f"_{wire}_value", target)
            shown, back = NAVIGATIONS.get((name, wire), (wire, f"{target}_{name}"))
            links.append(
                f'<NavigationProperty Name="{shown}" Type="mscrm.{target}" Nullable="false" Partner="{back}">'
                f'<ReferentialConstraint Property="_{wire}_value" ReferencedProperty="{far}"/>'
                f"{note('Cascade', behaviour) if behaviour else ''}</NavigationProperty>"
            )
            continue
        kind, _, more = rest.partition(" ")
        notes = [note("Type", kind)]
        if kind in {"Picklist", "State", "Status"}:
            notes.append(note("Options", more))
        elif more:
            notes.append(note("MaxLength", more))
        edm_type = edm.get(kind, "Edm.Int32")
        lines.append(f'<Property Name="{wire}" Type="{edm_type}">{"".join(notes)}</Property>')
    lines.append(
        f'<Property Name="versionnumber" Type="Edm.Int64">{note("Type", "BigInt")}</Property>'
    )
    for child, row in NEW_TABLES.items():
        links += back_link(name, child, row[7])
    return [*lines, *links, "</EntityType>"]


def column(p: str, edm: str, fact: dict[str, Any], names: set[str], key: str, options: str) -> str:
    kind = kind_of(p, edm, options, names, fact, key)
    facets = (
        ' Unicode="false"'
        if edm == "Edm.String"
        else ' Scale="Variable"'
        if edm == "Edm.Decimal"
        else ""
    )
    notes = [note("Type", kind)]
    if fact.get("displayName"):
        notes.append(note("Label", fact["displayName"]))
    if options:
        notes.append(note("Options", options))
    if edm == "Edm.String":
        notes.append(note("MaxLength", str(fact.get("maximumLength") or _longest(p, kind))))
    for trait in fact.get("appliedTraits", []):
        if isinstance(trait, dict) and trait.get("traitReference") == "is.requiredAtLevel":
            level = trait["arguments"][0]
            level = level["value"] if isinstance(level, dict) else level
            if level != "none":
                notes.append(note("Required", str(level)))
    for bound in ("minimumValue", "maximumValue"):
        if bound in fact:
            notes.append(note(bound[0].upper() + bound[1:], str(fact[bound])))
    return f'<Property Name="{p}" Type="{edm}"{facets}>{"".join(notes)}</Property>'


def link(
    documents: Any, name: str, navigation: ET.Element, known: set[str], names: set[str]
) -> list[str]:
    wire = navigation.get("Name", "")
    kind = navigation.get("Type", "")
    inner = kind.removeprefix("Collection(").removesuffix(")").rpartition(".")[2]
    if inner not in known or not all(
        name not in d or wire in {q.get("Name") for q in members(d, name, "NavigationProperty")}
        for d in documents
    ):
        return []
    partner = navigation.get("Partner", "")
    constraint = navigation.find(f"{EDM}ReferentialConstraint")
    if kind.startswith("Collection("):
        if not partner:
            return []
        back = {q.get("Name"): q for q in members(documents[0], inner, "NavigationProperty")}.get(
            partner
        )
        if back is None:
            return []
        return [
            f'<NavigationProperty Name="{wire}" Type="Collection(mscrm.{inner})" Partner="{partner}"/>'
        ]
    if constraint is None:
        # Activities declare their lookups in the base type and the links again in their own.
        parts = wire.split("_")
        own = next(
            (
                f"_{'_'.join(parts[:n])}_value"
                for n in range(len(parts), 0, -1)
                if f"_{'_'.join(parts[:n])}_value" in names
            ),
            "",
        )
        followed = FOLLOWED.get((name, wire), "")
        own = followed or own
        if not followed and (name not in {*ACTIVITY_TYPES, "activityparty"} or not own):
            return []
        reference = documents[0][inner].find(f"{EDM}Key/{EDM}PropertyRef")
        far = "activityid" if reference is None else reference.get("Name")
    elif constraint.get("Property") not in names:
        return []
    else:
        own, far = constraint.get("Property"), constraint.get("ReferencedProperty")
    far = KEY_FIX.get(inner, far) if far == "ownerid" else far
    behaviour = cascade(name, own, inner)
    return [
        f'<NavigationProperty Name="{wire}" Type="mscrm.{inner}" Nullable="false" Partner="{partner}">'
        f'<ReferentialConstraint Property="{own}" ReferencedProperty="{far}"/>'
        f"{note('Cascade', behaviour) if behaviour else ''}</NavigationProperty>"
    ]


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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
