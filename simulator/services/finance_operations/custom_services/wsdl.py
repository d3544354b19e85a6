"""The description of a service group: two documents of WSDL and the schemas behind them.

In the form the real service has: `?wsdl`, `?wsdl=wsdl0`, `?xsd=xsd0` to `xsd6`, SOAP 1.1 over HTTP
(basicHttpBinding). Groups whose services have several namespaces get a document more for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from xml.sax.saxutils import quoteattr

from windtunnel.simulator.services.finance_operations.custom_services import namespaces as ns
from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    ServedOperation,
    ServedService,
)
from windtunnel.simulator.services.finance_operations.custom_services.shapes import (
    Contract,
    Enum,
    ListOf,
    Scalar,
    Shape,
)
from windtunnel.simulator.services.finance_operations.custom_services.xml_values import (
    element_of,
)

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'
_PREFIXES: Final = (
    'xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" '
    'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
    'xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
)
_FIXED: Final = (
    ("xsd0", ns.SERIALIZATION),
    ("xsd1", ns.ARRAYS),
    ("xsd3", ns.CONTEXT),
    ("xsd4", ns.APPLICATION),
    ("xsd5", ns.XPP),
    ("xsd6", ns.KERNEL),
)


class Description:
    """The documents of one group at one address."""

    def __init__(self, group: str, services: Mapping[str, ServedService], address: str) -> None:
        self._group, self._address = group, address
        self._services = list(services.values())
        spaces = list(dict.fromkeys(served.service.namespace for served in self._services))
        self._spaces = {space: number for number, space in enumerate(spaces)}
        self._schemas = {
            space: "xsd2" if number == 0 else f"xsd{6 + number}"
            for space, number in self._spaces.items()
        }

    def document(self, kind: str, name: str) -> str | None:
        """A document by the parameter of its address; None when there is none."""
        if kind == "wsdl" and not name:
            return self._bindings()
        if kind == "wsdl":
            for space, number in self._spaces.items():
                if name == f"wsdl{number}":
                    return self._port_types(space)
            return None
        for space, schema in self._schemas.items():
            if name == schema:
                return self._operations_schema(space)
        fixed = {
            "xsd0": self._serialization,
            "xsd1": self._arrays,
            "xsd3": self._context,
            "xsd4": self._application,
            "xsd5": self._xpp,
            "xsd6": self._kernel,
        }
        return fixed[name]() if name in fixed else None

    # -- WSDL ---------------------------------------------------------------------------------

    def _bindings(self) -> str:
        prefixes = " ".join(
            f"xmlns:i{number}={quoteattr(space)}" for space, number in self._spaces.items()
        )
        imports = "".join(
            f"<wsdl:import namespace={quoteattr(space)} "
            f"location={quoteattr(f'{self._address}?wsdl=wsdl{number}')}/>"
            for space, number in self._spaces.items()
        )
        bindings = "".join(self._binding(served) for served in self._services)
        ports = "".join(
            f'<wsdl:port name="BasicHttpBinding_{served.external_name}" '
            f'binding="tns:BasicHttpBinding_{served.external_name}">'
            f"<soap:address location={quoteattr(self._address)}/></wsdl:port>"
            for served in self._services
        )
        return (
            f"{_DECLARATION}<wsdl:definitions {_PREFIXES} {prefixes} "
            f'xmlns:tns="http://tempuri.org/" name="{self._group}" '
            f'targetNamespace="http://tempuri.org/">{imports}<wsdl:types/>{bindings}'
            f'<wsdl:service name="{self._group}">{ports}</wsdl:service></wsdl:definitions>'
        )

    def _binding(self, served: ServedService) -> str:
        name = served.external_name
        prefix = f"i{self._spaces[served.service.namespace]}"
        operations = "".join(
            f'<wsdl:operation name="{operation.name}">'
            f"<soap:operation soapAction={quoteattr(action_of(served, operation.name))} "
            'style="document"/>'
            f'<wsdl:input name="{operation.name}">'
            f'<soap:header message="{prefix}:{name}_{operation.name}_Headers" part="callContext" '
            'use="literal"/><soap:body use="literal"/></wsdl:input>'
            f'<wsdl:output name="{operation.name}Response">'
            f'<soap:header message="{prefix}:{name}_{operation.name}Response_Headers" '
            'part="infolog" use="literal"/><soap:body use="literal"/></wsdl:output>'
            '<wsdl:fault name="SoapServiceFaultFault">'
            '<soap:fault use="literal" name="SoapServiceFaultFault"/></wsdl:fault>'
            "</wsdl:operation>"
            for operation in served.operations.values()
        )
        return (
            f'<wsdl:binding name="BasicHttpBinding_{name}" type="{prefix}:{name}">'
            f'<soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>{operations}'
            "</wsdl:binding>"
        )

    def _port_types(self, space: str) -> str:
        services = [s for s in self._services if s.service.namespace == space]
        locations = [*((name, place) for place, name in self._schemas.items()), *_FIXED]
        imports = "".join(
            f"<xsd:import schemaLocation={quoteattr(f'{self._address}?xsd={name}')} "
            f"namespace={quoteattr(place)}/>"
            for name, place in locations
        )
        messages = "".join(
            _messages(served, operation)
            for served in services
            for operation in served.operations.values()
        )
        types = "".join(_port_type(served) for served in services)
        imports_at = quoteattr(f"{space}/Imports")
        return (
            f"{_DECLARATION}<wsdl:definitions {_PREFIXES} xmlns:tns={quoteattr(space)} "
            f'xmlns:q="{ns.CONTEXT}" targetNamespace={quoteattr(space)}><wsdl:types>'
            f"<xsd:schema targetNamespace={imports_at}>{imports}</xsd:schema></wsdl:types>"
            f"{messages}{types}</wsdl:definitions>"
        )

    # -- XSD ----------------------------------------------------------------------------------

    def _schema(self, space: str, imports: Iterable[str], inner: str) -> str:
        places = {name: place for place, name in [*((p, n) for n, p in _FIXED)]}
        lines = "".join(
            f"<xs:import schemaLocation={quoteattr(f'{self._address}?xsd={name}')} "
            f"namespace={quoteattr(places[name])}/>"
            for name in imports
        )
        return (
            f'{_DECLARATION}<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '
            f'xmlns:tns={quoteattr(space)} xmlns:ser="{ns.SERIALIZATION}" '
            f'xmlns:arr="{ns.ARRAYS}" xmlns:app="{ns.APPLICATION}" xmlns:xpp="{ns.XPP}" '
            f'xmlns:ker="{ns.KERNEL}" elementFormDefault="qualified" '
            f"targetNamespace={quoteattr(space)}>{lines}{inner}</xs:schema>"
        )

    def _operations_schema(self, space: str) -> str:
        elements: dict[str, str] = {}
        for served in self._services:
            if served.service.namespace != space:
                continue
            for operation in served.operations.values():
                result = {} if operation.returns is None else {"result": operation.returns}
                elements[operation.name] = _wrapper(operation.name, operation.parameters)
                response = f"{operation.name}Response"
                elements[response] = _wrapper(response, result)
        return self._schema(space, ("xsd0", "xsd1", "xsd4"), "".join(elements.values()))

    def _shapes(self) -> Iterator[Shape]:
        for served in self._services:
            for operation in served.operations.values():
                yield from operation.parameters.values()
                if operation.returns is not None:
                    yield operation.returns

    def _all_shapes(self) -> dict[str, Shape]:
        """Every shape by its name, with those of members of contracts."""
        found: dict[str, Shape] = {}
        waiting = list(self._shapes())
        while waiting:
            shape = waiting.pop()
            if shape.name in found:
                continue
            found[shape.name] = shape
            if isinstance(shape, ListOf):
                waiting.append(shape.item)
            elif isinstance(shape, Contract):
                waiting += shape.members.values()
        return dict(sorted(found.items()))

    def _arrays(self) -> str:
        items = {
            shape.item.xsd: shape.item
            for shape in self._all_shapes().values()
            if isinstance(shape, ListOf) and isinstance(shape.item, Scalar)
        }
        inner = "".join(_array(item, item.xsd) for item in items.values())
        return self._schema(ns.ARRAYS, ("xsd0",), inner)

    def _application(self) -> str:
        inner = ""
        for shape in self._all_shapes().values():
            if isinstance(shape, ListOf) and not isinstance(shape.item, Scalar):
                inner += _array(shape.item, f"tns:{shape.item.name}")
            elif isinstance(shape, Enum):
                values = "".join(f'<xs:enumeration value="{name}"/>' for name in shape.enum.members)
                inner += (
                    f'<xs:simpleType name="{shape.name}"><xs:restriction base="xs:string">'
                    f"{values}</xs:restriction></xs:simpleType>{_element(shape.name)}"
                )
            elif isinstance(shape, Contract):
                members = _members(shape.members)
                inner += (
                    f'<xs:complexType name="{shape.name}"><xs:complexContent mixed="false">'
                    f'<xs:extension base="xpp:XppObjectBase"><xs:sequence>{members}</xs:sequence>'
                    "</xs:extension></xs:complexContent></xs:complexType>"
                    f"{_element(shape.name)}"
                )
        return self._schema(ns.APPLICATION, ("xsd0", "xsd1", "xsd5"), inner)

    def _serialization(self) -> str:
        pattern = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
        inner = (
            '<xs:simpleType name="guid"><xs:restriction base="xs:string">'
            f'<xs:pattern value="{pattern}"/></xs:restriction></xs:simpleType>'
            f"{_element('guid')}"
        )
        return self._schema(ns.SERIALIZATION, (), inner)

    def _context(self) -> str:
        text = ("Company", "Language", "MessageId", "PartitionKey")
        entry = _plain("InfologEntry", (("Message", "xs:string"), ("Type", "tns:InfologEntryType")))
        fault = ("ExceptionMessage", "ExceptionType", "RequestId")
        kinds = "".join(f'<xs:enumeration value="{n}"/>' for n in ("Info", "Warning", "Error"))
        inner = (
            _plain("CallContext", [(name, "xs:string") for name in text])
            + '<xs:complexType name="ArrayOfInfologEntry"><xs:sequence><xs:element minOccurs="0" '
            'maxOccurs="unbounded" name="InfologEntry" nillable="true" type="tns:InfologEntry"/>'
            f"</xs:sequence></xs:complexType>{_element('ArrayOfInfologEntry')}"
            + entry
            + '<xs:simpleType name="InfologEntryType"><xs:restriction base="xs:string">'
            f"{kinds}</xs:restriction></xs:simpleType>{_element('InfologEntryType')}"
            + _plain("Infolog", (("Entries", "tns:ArrayOfInfologEntry"),))
            + _plain("Fault", [(name, "xs:string") for name in fault])
        )
        return self._schema(ns.CONTEXT, (), inner)

    def _xpp(self) -> str:
        inner = (
            '<xs:complexType name="XppObjectBase"><xs:complexContent mixed="false">'
            '<xs:extension base="ker:ProxyBase"><xs:sequence/></xs:extension>'
            f"</xs:complexContent></xs:complexType>{_element('XppObjectBase')}"
        )
        return self._schema(ns.XPP, ("xsd6",), inner)

    def _kernel(self) -> str:
        inner = '<xs:complexType name="ProxyBase"><xs:sequence/></xs:complexType>'
        return self._schema(ns.KERNEL, (), inner + _element("ProxyBase"))


def action_of(served: ServedService, operation: str) -> str:
    """The SOAP action of an operation."""
    return f"{served.service.namespace}/{served.external_name}/{operation}"


def _messages(served: ServedService, operation: ServedOperation) -> str:
    service, name = served.external_name, operation.name
    return (
        f'<wsdl:message name="{service}_{name}"><wsdl:part name="parameters" element="tns:{name}"/>'
        f'</wsdl:message><wsdl:message name="{service}_{name}_Headers">'
        '<wsdl:part name="callContext" element="q:CallContext"/></wsdl:message>'
        f'<wsdl:message name="{service}_{name}Response">'
        f'<wsdl:part name="parameters" element="tns:{name}Response"/></wsdl:message>'
        f'<wsdl:message name="{service}_{name}Response_Headers">'
        '<wsdl:part name="infolog" element="q:Infolog"/></wsdl:message>'
        f'<wsdl:message name="{service}_{name}_SoapServiceFaultFault_FaultMessage">'
        '<wsdl:part name="detail" element="q:Fault"/></wsdl:message>'
    )


def _port_type(served: ServedService) -> str:
    service = served.external_name
    operations = ""
    for name in served.operations:
        action = action_of(served, name)
        fault = action_of(served, "Fault")
        operations += (
            f'<wsdl:operation name="{name}">'
            f'<wsdl:input wsam:Action={quoteattr(action)} name="{name}" '
            f'message="tns:{service}_{name}"/>'
            f'<wsdl:output wsam:Action={quoteattr(f"{action}Response")} name="{name}Response" '
            f'message="tns:{service}_{name}Response"/>'
            f'<wsdl:fault wsam:Action={quoteattr(fault)} name="SoapServiceFaultFault" '
            f'message="tns:{service}_{name}_SoapServiceFaultFault_FaultMessage"/></wsdl:operation>'
        )
    return f'<wsdl:portType name="{service}">{operations}</wsdl:portType>'


def _wrapper(name: str, members: Mapping[str, Shape]) -> str:
    inner = _members(members)
    return (
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inner}</xs:sequence>'
        "</xs:complexType></xs:element>"
    )


def _members(members: Mapping[str, Shape]) -> str:
    return "".join(
        f'<xs:element minOccurs="0" name="{name}"{_nillable(shape)} type="{_type(shape)}"/>'
        for name, shape in members.items()
    )


def _nillable(shape: Shape) -> str:
    is_value = isinstance(shape, Enum) or (isinstance(shape, Scalar) and shape.name != "string")
    return "" if is_value else ' nillable="true"'


def _type(shape: Shape) -> str:
    match shape:
        case Scalar():
            return shape.xsd
        case ListOf(item):
            prefix = "arr" if isinstance(item, Scalar) else "app"
            return f"{prefix}:ArrayOf{element_of(item)}"
        case _:
            return f"app:{shape.name}"


def _array(item: Scalar | Enum | Contract, kind: str) -> str:
    name = element_of(item)
    return (
        f'<xs:complexType name="ArrayOf{name}"><xs:sequence><xs:element minOccurs="0" '
        f'maxOccurs="unbounded" name="{name}"{_nillable(item)} type="{kind}"/></xs:sequence>'
        f"</xs:complexType>{_element(f'ArrayOf{name}')}"
    )


def _plain(name: str, members: Iterable[tuple[str, str]]) -> str:
    inner = "".join(
        f'<xs:element minOccurs="0" name="{member}" nillable="true" type="{kind}"/>'
        for member, kind in members
    )
    return (
        f'<xs:complexType name="{name}"><xs:sequence>{inner}</xs:sequence></xs:complexType>'
        f"{_element(name)}"
    )


def _element(name: str) -> str:
    return f'<xs:element name="{name}" nillable="true" type="tns:{name}"/>'
