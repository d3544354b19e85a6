"""Writing: create, update, upsert, delete; deep inserts; what the service sets itself."""

from __future__ import annotations

import re
from typing import Any

from windtunnel.simulator.entity_sets.records import KeyExists, Values
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.activities import KEPT_PARTIES, POINTER
from windtunnel.simulator.services.dataverse.model.bodies import (
    OWNERS,
    Bodies,
    Bound,
    Resolver,
    misshapen,
)
from windtunnel.simulator.services.dataverse.model.deletes import Link, find_links
from windtunnel.simulator.services.dataverse.model.derived import Derived
from windtunnel.simulator.services.dataverse.model.duplicates import Duplicates
from windtunnel.simulator.services.dataverse.model.files import Files
from windtunnel.simulator.services.dataverse.model.states import States
from windtunnel.simulator.services.dataverse.model.tables import (
    AUDIT,
    DataverseTable,
    Tables,
    id_in,
)
from windtunnel.simulator.services.dataverse.security import Security
from windtunnel.simulator.services.dataverse.security.inheritance import Inheritance

_NEVER_NULL = frozenset({"_ownerid_value", "statecode", "statuscode"})
"""Columns that every record of a table that has them has a value in."""
_REFERENCE = re.compile(r"/?(?:[^/]*?/)*?([A-Za-z_]\w*)\((.*)\)/?\Z")


class Caller:
    """Who writes: the user, its business unit, and who acts as this user (`` for nobody).

    `detects`: writes of duplicates are to be refused.
    """

    __slots__ = ("actor_id", "business_unit_id", "detects", "user_id")

    def __init__(
        self, user_id: str, business_unit_id: str, actor_id: str = "", *, detects: bool = False
    ) -> None:
        self.user_id, self.business_unit_id = user_id, business_unit_id
        self.actor_id, self.detects = actor_id, detects


class Writes:
    """Everything that changes records. Several records of one request change all or none."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        tables: Tables,
        resolve: Resolver,
        files: Files,
        security: Security,
        derived: Derived,
        duplicates: Duplicates,
    ) -> None:
        self._security, self.derived, self.duplicates = security, derived, duplicates
        self.states = States(tables, security)
        self._store, self._clock, self._ids = store, clock, ids
        self._tables, self._files = tables, files
        self.bodies = Bodies(resolve, security)
        self._links: dict[str, tuple[Link, ...]] = {}
        self.inheritance = Inheritance(
            tables, security.shares, self.links_to, security.kind_of_owner, ids.uuid
        )

    def new_values(
        self, served: DataverseTable, body: dict[str, Any]
    ) -> tuple[Values, list[tuple[str, Any]]]:
        """`values_of` a body that makes a record."""
        found = self.bodies.values_of(served, body)
        values = found[0]
        if not _NEVER_NULL.isdisjoint(values):
            for name in _NEVER_NULL:
                if name in values and values[name] is None:
                    del values[name]  # its default comes instead
        self.derived.for_create(served, values)
        return found

    @staticmethod
    def check_method(served: DataverseTable, method: str) -> None:
        """Raise MethodNotSupported for a table that joins two others, and for audited changes."""
        if served.definition.is_intersect or served.name == AUDIT:
            raise errors.MethodNotSupported(method=method, table=served.name)

    # -- create -------------------------------------------------------------------------------

    def create(
        self,
        served: DataverseTable,
        body: dict[str, Any],
        caller: Caller,
        fixed: Values | None = None,
    ) -> str:
        """Create a record, with what is nested in it; returns its key.

        `fixed` are stored values of columns that the body does not set: those of the address.
        """
        self.check_method(served, "Create")
        values, nested = self.new_values(served, body)
        if fixed:
            values = {**fixed, **values}
        if not nested:
            return self.insert(served, values, caller)
        with self._store.atomic():
            key = str(values.setdefault(served.primary_id, self._ids.uuid()))
            later = self._insert_single(served, nested, values, caller)
            made = self.insert(served, values, caller)
            for name, items in later:
                self._insert_collection(served, name, items, key, caller)
        return made

    def _insert_single(
        self,
        served: DataverseTable,
        nested: list[tuple[str, Any]],
        values: Values,
        caller: Caller,
    ) -> list[tuple[str, Any]]:
        later = []
        for name, item in nested:
            lookup = served.writable_lookups.get(name)
            if lookup is None:
                later.append((name, item))
                continue
            if not isinstance(item, dict):
                raise misshapen(served, name, "an object")
            made = self.create(self._tables.by_name[lookup[1]], item, caller)
            values[lookup[0]] = id_in(made)
        return later

    def _insert_collection(
        self, served: DataverseTable, name: str, items: Any, key: str, caller: Caller
    ) -> None:
        navigation = served.table.navigations[name]
        target = self._tables.by_name[navigation.target]
        if isinstance(items, Bound):
            for child in items.keys:
                self._link(navigation, target, key, child, caller)
            return
        if not isinstance(items, list):
            raise misshapen(served, name, "an array")
        for item in items:
            if not isinstance(item, dict):
                raise misshapen(served, name, "an array of objects")
            values, deeper = self.new_values(target, item)
            if not navigation.intersect:
                values[navigation.pairs[0][1]] = key
            child = str(values.setdefault(target.primary_id, self._ids.uuid()))
            later = self._insert_single(target, deeper, values, caller)
            self.insert(target, values, caller)
            if navigation.intersect:
                self._link(navigation, target, key, child, caller)
            for inner, more in later:
                self._insert_collection(target, inner, more, child, caller)

    def replace_collection(
        self, served: DataverseTable, key: str, navigation: Navigation, items: Any, caller: Caller
    ) -> None:
        """Delete the parties of an activity and make these in their place.

        Those that repeat its owner and what it is about stay as they are.
        """
        target = self._tables.by_name[navigation.target]
        far, kind = quoted(navigation.pairs[0][1]), "participationtypemask"
        if isinstance(items, list):
            items = [i for i in items if not (isinstance(i, dict) and i.get(kind) in KEPT_PARTIES)]
        sql = f"SELECT {quoted(target.primary_id)}, {kind} FROM {quoted(target.table.sql)}"
        with self._store.atomic():
            rows = self._store.read(f"{sql} WHERE {far} = ?", (key,)).fetchall()
            for child in [child for child, mask in rows if mask not in KEPT_PARTIES]:
                self.delete(target, child, caller)
            self._insert_collection(served, navigation.name, items, key, caller)

    def _link(
        self,
        navigation: Navigation,
        target: DataverseTable,
        key: str,
        child: str,
        caller: Caller,
    ) -> None:
        far = navigation.pairs[0][1]
        if navigation.intersect:
            ends = {far: key, navigation.far_pairs[0][0]: child}
            self.insert(self._tables.by_name[navigation.intersect], ends, caller)
        else:
            self.change(target, child, {far: key}, caller)

    def insert(self, served: DataverseTable, values: Values, caller: Caller) -> str:
        """Store a checked new record with what the service sets; returns its key."""
        if served.name == POINTER:
            raise errors.NotImplementedMessage(message="Create")
        now = iso_seconds(self._clock.now())
        key = values.get(served.primary_id)
        if key is None:
            key = values[served.primary_id] = self._ids.uuid()
        self._stamp(served, values, now, caller)
        if self._security.current is not None:
            self._security.check_columns(served, values, is_new=True)
            self._security.check_row(served, values, "Create")
            self.states.check_line(served, values)
        self._check_status(served, values, str(key), None)
        self.derived.complete_new(served, values)
        if caller.detects:
            self.duplicates.check(served, values)
        if self._holds_images(served, values):
            with self._store.atomic():
                self._files.set_images(served, str(key), values, is_new=True)
                return self._insert(served, values, caller)
        return self._insert(served, values, caller)

    def _insert(self, served: DataverseTable, values: Values, caller: Caller) -> str:
        key = self._store_new(served, values, caller)
        if not self.inheritance.parents(served).isdisjoint(values):
            self.inheritance.adopt(served, key, values)
        return key

    def _store_new(self, served: DataverseTable, values: Values, caller: Caller) -> str:
        try:
            served.records.insert(values, user=caller.user_id)
        except KeyExists as clash:
            raise self._clash(served, clash) from clash
        return str(values[served.row_key])

    def _holds_images(self, served: DataverseTable, values: Values) -> bool:
        return not values.keys().isdisjoint(self._files.columns(served)[0])

    def _stamp(self, served: DataverseTable, values: Values, now: str, caller: Caller) -> None:
        """Set what the service sets of a new record."""
        columns, user = served.table.columns, caller.user_id
        made: Values = {"createdon": now, "modifiedon": now}
        made["_createdby_value"] = made["_modifiedby_value"] = user
        made["_owningbusinessunit_value"] = caller.business_unit_id
        if values.get("overriddencreatedon") is not None:
            # The column tells from then on when the record was made in truth.
            made["createdon"], made["overriddencreatedon"] = values["overriddencreatedon"], now
        if "_ownerid_value" in columns:
            owner = values.get("_ownerid_value")
            if owner is None or owner == user:
                made["_ownerid_value"] = made["_owninguser_value"] = user
            else:
                made.update(self._owned_by(served, owner))
        if caller.actor_id:
            made["_createdonbehalfby_value"] = caller.actor_id
            made["_modifiedonbehalfby_value"] = caller.actor_id
        if values.get("statecode") is None:
            made["statecode"] = 0
        for name, value in made.items():
            if name in columns:
                values[name] = value

    def _owned_by(self, served: DataverseTable, owner: str) -> list[tuple[str, Any]]:
        """The columns that follow from an owner, who must be able to read the record."""
        self._security.check_owner(served, owner)
        user, team, unit = self._security.owner_of(owner)
        return [
            ("_ownerid_value", owner),
            ("_owninguser_value", user),
            ("_owningteam_value", team),
            ("_owningbusinessunit_value", unit or None),
        ]

    # -- status -------------------------------------------------------------------------------

    def _check_status(
        self, served: DataverseTable, values: Values, key: str, current_state: int | None
    ) -> None:
        """A state brings its default status; a status must belong to the state."""
        definition = served.definition
        if "statuscode" not in served.table.columns:
            return
        state, status = values.get("statecode"), values.get("statuscode")
        if status is None:
            if state is not None:
                values["statuscode"] = definition.default_status.get(state, state + 1)
            return
        options = definition.columns["statuscode"].options
        owner = next((option.state for option in options if option.value == status), None)
        if owner is None:
            return
        wanted = state if state is not None else current_state
        if wanted is not None and owner != wanted:
            raise errors.BadStatus(value=status, table=served.name, id=key)

    # -- update -------------------------------------------------------------------------------

    def update(
        self,
        served: DataverseTable,
        key: str,
        body: dict[str, Any],
        caller: Caller,
        version: int | None = None,
    ) -> bool:
        """Change a record; False when it is not there. Raises VersionMismatch."""
        self.check_method(served, "Update")
        values, nested = self.bodies.values_of(served, body)
        if nested:
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: Deep update is not supported: "
                f"'{nested[0][0]}' holds a nested record.",
            )
        values.pop(served.primary_id, None)
        if not _NEVER_NULL.isdisjoint(values):
            _refuse_nulls(values)
        self.derived.for_update(served, values)
        if values:
            self.states.check_update(served, key, values)
        return self.change(served, key, values, caller, version)

    def change(
        self,
        served: DataverseTable,
        key: str,
        values: Values,
        caller: Caller,
        version: int | None = None,
        file_name: str = "",
    ) -> bool:
        """Store checked new values of a record; False when it is not there.

        `file_name` is the name of an image among them.
        """
        columns = served.table.columns
        if self._security.current is not None and not self._may_change(served, key, values):
            return False
        if "statecode" in values or "statuscode" in values:
            current = served.records.get((key,)) or {}
            self._check_status(served, values, key, current.get("statecode"))
        self.derived.complete_change(served, key, values)
        if caller.detects:
            self.duplicates.check(served, {**(served.records.get((key,)) or {}), **values})
        if "modifiedon" in columns:
            values["modifiedon"] = iso_seconds(self._clock.now())
        if "_modifiedby_value" in columns:
            values["_modifiedby_value"] = caller.user_id
            if "_modifiedonbehalfby_value" in columns:
                values["_modifiedonbehalfby_value"] = caller.actor_id or None
        if values.get("_ownerid_value") is not None and "_owninguser_value" in columns:
            owned = self._owned_by(served, values["_ownerid_value"])
            values.update((name, value) for name, value in owned if name in columns)
            return self._assign(served, key, values, caller, version)
        if self._holds_images(served, values):
            if not served.records.exists((key,)):
                return False
            with self._store.atomic():
                self._files.set_images(served, key, values, file_name)
                return self._update(served, key, values, caller, version)
        return self._update(served, key, values, caller, version)

    def _assign(
        self,
        served: DataverseTable,
        key: str,
        values: Values,
        caller: Caller,
        version: int | None,
    ) -> bool:
        """Give a record to another owner, and with it the children that its relationships say."""
        owner = values["_ownerid_value"]
        before = (served.records.get((key,)) or {}).get("_ownerid_value")
        if before == owner:
            return self._update(served, key, values, caller, version)
        with self._store.atomic():
            if not self._update(served, key, values, caller, version):
                return False
            for link in self.links_to(served):
                if link.assigns == "NoCascade" or not link.child.has("_ownerid_value"):
                    continue
                for child in link.keys(key):
                    row = link.child.records.get((child,)) or {}
                    if link.assigns == "Active" and row.get("statecode"):
                        continue
                    if link.assigns == "UserOwned" and row.get("_ownerid_value") != before:
                        continue
                    if row.get("_ownerid_value") != owner:
                        self.change(link.child, child, {"_ownerid_value": owner}, caller)
        return True

    def _may_change(self, served: DataverseTable, key: str, values: Values) -> bool:
        """Whether the record is there. Raises where the caller lacks a right to change it so."""
        security = self._security
        row = served.records.get((key,))
        if row is None:
            security.reach(served, "Write")
            return False
        changed = values.keys() - OWNERS
        if changed or not values:
            security.check_row(served, row, "Write")
        if values.get("_ownerid_value") not in {None, row.get("_ownerid_value")}:
            security.check_row(served, row, "Assign")
        if any(column in changed for column, _ in served.writable_lookups.values()):
            security.check_row(served, row, "Append")
        security.check_columns(served, values, is_new=False)
        return True

    def _update(
        self,
        served: DataverseTable,
        key: str,
        values: Values,
        caller: Caller,
        version: int | None,
    ) -> bool:
        is_there = self._store_change(served, key, values, caller, version)
        if not self.inheritance.parents(served).isdisjoint(values):
            self.inheritance.adopt(served, key, served.records.get((key,)) or {})
        return is_there

    def _store_change(
        self,
        served: DataverseTable,
        key: str,
        values: Values,
        caller: Caller,
        version: int | None,
    ) -> bool:
        try:
            newer = served.records.update((key,), values, user=caller.user_id, version=version)
        except KeyExists as clash:
            raise self._clash(served, clash) from clash
        if newer is None and version is not None and served.records.exists((key,)):
            raise errors.VersionMismatch
        return newer is not None

    # -- delete -------------------------------------------------------------------------------

    def delete(
        self, served: DataverseTable, key: str, caller: Caller, version: int | None = None
    ) -> bool:
        """Delete a record, and what its relationships say. False when it is not there.

        Raises VersionMismatch, CannotDelete when a relationship restricts it, and UserStillEnabled.
        """
        if self._security.current is not None:
            self._security.check(served, key, "Delete")
            self.states.check_line(served, served.records.get((key,)) or {})
        if version is not None and served.records.exists((key,)):
            current = served.records.find({served.row_key: key}, 1)[0]
            if current["versionnumber"] != version:
                raise errors.VersionMismatch
        with self._store.atomic():
            return self._delete(served, key, caller)

    def _delete(self, served: DataverseTable, key: str, caller: Caller) -> bool:
        if served.name == "systemuser" and served.records.find(
            {served.primary_id: key, "isdisabled": 0}, 1
        ):
            raise errors.UserStillEnabled(id=key)
        if not served.records.delete((key,), user=caller.user_id):
            return False
        key = id_in(key)
        self._files.remove_all(served, key)
        if self._security.shares.exist:
            self._security.shares.forget(key)
        for link in self.links_to(served):
            if link.rule == "NoCascade":
                continue
            for child in link.keys(key):
                if link.rule == "Restrict":
                    raise errors.CannotDelete
                if link.rule == "Cascade":
                    self._delete(link.child, child, caller)
                else:
                    cleared = self.derived.cleared(link.child, link.column)
                    link.child.records.update((child,), cleared, user=caller.user_id)
        return True

    def links_to(self, served: DataverseTable) -> tuple[Link, ...]:
        """Everything that points at records of a table, with what a delete does there."""
        found = self._links.get(served.name)
        if found is None:
            found = self._links[served.name] = find_links(served, self._tables)
        return found

    def forget(self) -> None:
        """Tables have changed: what was worked out for them is worked out anew."""
        self._links.clear()
        self.duplicates.forget()

    # -- errors -------------------------------------------------------------------------------

    @staticmethod
    def _clash(served: DataverseTable, clash: KeyExists) -> errors.DataverseError:
        if not {served.primary_id, served.row_key}.isdisjoint(clash.columns):
            return errors.DuplicateId()
        definition = served.definition
        name = next(
            (key for key, columns in definition.keys.items() if columns == clash.columns),
            "".join(clash.columns),
        )
        labels = ", ".join(
            definition.columns[column].label or column
            for column in clash.columns
            if column in definition.columns
        )
        return errors.DuplicateKeyValues(key=name, columns=labels)


def reference_parts(text: str) -> tuple[str, str] | None:
    """(entity set, key text) of `/set(key)`, `set(key)` or an absolute URL of it."""
    found = _REFERENCE.search(text)
    return (found[1], found[2]) if found else None


def _refuse_nulls(values: Values) -> None:
    """Raise CannotBeNull for an owner or a state that an update takes away.

    Source: "Update and delete table rows using the Web API" (system required columns). A status
    reason that is null stays as it is: unconfirmed.
    """
    for name, column in (("_ownerid_value", "ownerid"), ("statecode", "statecode")):
        if name in values and values[name] is None:
            raise errors.CannotBeNull(column=column)
    if values.get("statuscode", 0) is None:
        del values["statuscode"]
