"""The XML namespaces of SOAP services. Source: service descriptions in Microsoft's samples."""

from __future__ import annotations

from typing import Final

SERVICES: Final = "http://schemas.microsoft.com/dynamics/2011/01/services"
CONTEXT: Final = "http://schemas.microsoft.com/dynamics/2013/01/datacontracts"
SERIALIZATION: Final = "http://schemas.microsoft.com/2003/10/Serialization/"
ARRAYS: Final = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
APPLICATION: Final = "http://schemas.datacontract.org/2004/07/Dynamics.AX.Application"
XPP: Final = "http://schemas.datacontract.org/2004/07/Microsoft.Dynamics.Ax.Xpp"
KERNEL: Final = "http://schemas.datacontract.org/2004/07/Microsoft.Dynamics.AX.KernelInterop"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"
DISPATCHER: Final = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
