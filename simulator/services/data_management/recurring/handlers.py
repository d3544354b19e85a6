"""Endpoints below `/api/connector`, and the data jobs under the control API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from io import SEEK_END
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, quote

import orjson

from windtunnel.simulator.exchange import Exchange, Response, header_lines
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.kernel.json_bodies import BadJson, any_json_of
from windtunnel.simulator.services.data_management.recurring import errors as e
from windtunnel.simulator.services.data_management.recurring.model import (
    DataJob,
    EntityRun,
    Message,
)
from windtunnel.simulator.services.data_management.recurring.service import (
    RecurringIntegrations,
    readable_message,
)

JSON: Final = b"content-type: application/json; charset=utf-8\r\n"
_ZIP: Final = b"content-type: application/zip\r\n"
_EMPTY_MOMENT: Final = "1900-01-01T00:00:00"
_AT_ONCE: Final = 1 << 20
_PIECE: Final = 1 << 18


def in_web_api_shape(handler: Callable[..., Response]) -> Callable[..., Response]:
    """Give the errors of the endpoints the body that the service's clients get."""

    @wraps(handler)
    def answer(*arguments: Any, **parameters: str) -> Response:
        try:
            return handler(*arguments, **parameters)
        except e.RecurringError as error:
            body = orjson.dumps({"Message": error.message})
            return Response(error.status, body, JSON + header_lines(error.headers))

    return answer


class Handlers:
    """The handlers of one environment's recurring integrations."""

    def __init__(self, recurring: RecurringIntegrations) -> None:
        self._recurring = recurring

    # -- what clients call --------------------------------------------------------------------

    @in_web_api_shape
    def enqueue(self, exchange: Exchange, activity: str) -> Response:
        """Take a file or package into the queue: the message id, as a JSON string."""
        job, asked = self._job(exchange, activity), _query(exchange)
        request = exchange.request
        message = self._recurring.enqueue(
            job,
            request.body if request.spooled is None else request.spooled,
            entity=asked.get("entity", ""),
            company=asked.get("company", ""),
            external=request.header("x-ms-dyn-externalidentifier"),
        )
        return Response(200, orjson.dumps(message), JSON)

    @in_web_api_shape
    def dequeue(self, exchange: Exchange, activity: str) -> Response:
        """The next exported package: where it is and how to acknowledge it; 204 when none waits."""
        job = self._job(exchange, activity)
        message = self._recurring.dequeue(job)
        if message is None:
            return Response(204)
        body = {
            "CorrelationId": message.id,
            "PopReceipt": message.receipt,
            "DownloadLocation": _location(exchange, message) if message.has_file else None,
            "IsDownLoadFileExist": message.has_file,
            "FileDownLoadErrorMessage": None if message.has_file else _why_empty(message),
            "LastDequeueDateTime": None if message.dequeued is None else _local(message.dequeued),
        }
        return Response(200, orjson.dumps(body), JSON)

    @in_web_api_shape
    def download(self, exchange: Exchange, activity: str) -> Response:
        """The package that a dequeued message announces; it has no file name."""
        job, asked = self._job(exchange, activity), _query(exchange)
        file = self._recurring.download(job, asked.get("correlation-id", ""))
        size = file.seek(0, SEEK_END)
        file.seek(0)
        if size > _AT_ONCE:
            return Response(200, _pieces(file), _ZIP, length=size)
        with file:
            return Response(200, file.read(), _ZIP)

    @in_web_api_shape
    def acknowledge(self, exchange: Exchange, activity: str) -> Response:
        """End the life of a message: the body is what dequeue answered."""
        job = self._job(exchange, activity)
        try:
            body = any_json_of(exchange.request)
        except BadJson as error:
            raise e.BadAcknowledgement(reason=f"the body is not JSON: {error}.") from error
        if not isinstance(body, dict):
            raise e.BadAcknowledgement(reason="the body is not an object.")
        correlation, receipt = body.get("CorrelationId"), body.get("PopReceipt")
        if not isinstance(correlation, str) or not isinstance(receipt, str):
            raise e.BadAcknowledgement(reason="CorrelationId and PopReceipt are required.")
        self._recurring.acknowledge(job, correlation, receipt)
        return Response(200)

    @in_web_api_shape
    def job_status(self, exchange: Exchange, activity: str) -> Response:
        """State of a message and, once it ran, what became of each entity."""
        job, asked = self._job(exchange, activity), _query(exchange)
        message, ended = self._recurring.status(job, asked.get("jobId", "").strip('"'))
        status = {
            "DataProject": job.project,
            "DataJobIdentifier": job.activity,
            "ExternalIdentifier": message.external,
            "ExecutionIdentifier": message.execution,
            "DataJobStartedDateTime": _local(message.started),
            "DataJobCompletedDateTime": _local(message.completed),
            "DataJobState": int(message.state),
        }
        runs = None if ended is None else [_run(run) for run in ended.entities]
        body = {"DataJobStatus": status, "ExecutionLog": message.log, "ExecutionDetail": runs}
        return Response(200, orjson.dumps(body), JSON)

    # -- control API --------------------------------------------------------------------------

    def data_jobs(self, exchange: Exchange) -> Response:
        """The recurring data jobs, with how many messages are in each state."""
        del exchange
        return Response(200, orjson.dumps({"value": self._recurring.readable()}), JSON)

    def messages(self, exchange: Exchange, activity: str) -> Response:
        """The messages of a recurring data job, oldest first."""
        del exchange
        found = self._recurring.messages(self._any_job(activity))
        return Response(200, orjson.dumps({"value": [readable_message(m) for m in found]}), JSON)

    def process(self, exchange: Exchange, activity: str) -> Response:
        """Do one recurrence of a recurring data job now."""
        del exchange
        self._recurring.process(self._any_job(activity))
        return Response(204)

    def _any_job(self, activity: str) -> DataJob:
        job = self._recurring.job_of(activity)
        if job is None:
            raise e.NoSuchDataJob(activity=activity)
        return job

    def _job(self, exchange: Exchange, activity: str) -> DataJob:
        return self._recurring.data_job(activity, exchange.identity.app_id)


def _query(exchange: Exchange) -> dict[str, str]:
    return dict(parse_qsl(exchange.request.query, keep_blank_values=True))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _location(exchange: Exchange, message: Message) -> str:
    root = f"{exchange.request.base_url}/api/connector/download"
    return f"{root}/{quote('{' + message.activity + '}')}?correlation-id={quote(message.id)}"


def _why_empty(message: Message) -> str:
    return message.log or "No file was uploaded: the export has no records."


def _local(moment: float | None) -> str:
    """A moment as these bodies write it: UTC, without saying so."""
    return _EMPTY_MOMENT if moment is None else iso_seconds(moment).partition(".")[0].rstrip("Z")


def _run(run: EntityRun) -> dict[str, Any]:
    return {
        "EntityName": run.entity,
        "Company": run.company,
        "StagingRecords": run.staging_records,
        "StagingStatus": int(run.staging),
        "StagingErrorCount": run.staging_errors,
        "TargetRecords": run.target_records,
        "TargetStatus": int(run.target),
        "TargetErrorCount": run.target_errors,
        "ExecutionStartedDateTime": _local(run.started),
        "ExecutionCompletedDateTime": _local(run.completed),
    }
