"""The rules: an explicit list, in the order of the reference page."""

from __future__ import annotations

from typing import Final

from windtunnel.design.rules.events import (
    BusinessEventsAsDataExport,
    Non443Webhook,
    OrderOnUnorderedTransport,
    PayloadOverLimit,
    SlowWebhookReceiver,
    SynchronousSynapseLink,
    SynchronousWebhook,
)
from windtunnel.design.rules.operations import (
    NoCorrelationId,
    NoDeploymentPipeline,
    NoMonitoring,
    NoPeakVolumeTest,
    NoSandbox,
)
from windtunnel.design.rules.packages import (
    LargeFiles,
    ParallelExecutionsOfOneProject,
    PollingWithoutLimit,
    ResendAfterTimeout,
)
from windtunnel.design.rules.requests import (
    AffinityCookieInThroughputJob,
    DeltaLinkTooOld,
    NoCrossCompany,
    NoThrottlingPriority,
    PatchWithoutIfMatch,
    PollingInsteadOfEvents,
    SkipPaging,
    UrlTooLong,
    UserLimitAssumptions,
    WholeRecordUpdates,
)
from windtunnel.design.rules.retries import (
    FixedSleepOn429,
    IgnoresRetryAfter,
    NoDeadLetterHandling,
    NoIdempotencyKey,
    NoRetryOnThrottling,
    RetriesBusinessErrors,
    UnboundedRetry,
)
from windtunnel.design.rules.rule import Rule, Subject
from windtunnel.design.rules.security import (
    NoClassification,
    NoIdentity,
    NoSecretRotation,
    SecretInFile,
    SharedInteractivePriority,
    UnclassifiedPersonalData,
    UserAccountForIntegration,
)
from windtunnel.design.rules.volumes import (
    BatchOverLimit,
    BatchToDodgeLimits,
    DataEventsOverRate,
    DualWriteForBulk,
    EntitlementExceeded,
    LimitsExceededByForecast,
    LittleHeadroom,
    NoVolume,
    ParallelismAbove52,
    SingleIdentityForAllFlows,
    SynchronousBulkOverOData,
)

RULES: Final[tuple[type[Rule], ...]] = (
    UnboundedRetry,
    NoRetryOnThrottling,
    FixedSleepOn429,
    IgnoresRetryAfter,
    RetriesBusinessErrors,
    NoIdempotencyKey,
    NoDeadLetterHandling,
    NoVolume,
    SynchronousBulkOverOData,
    SingleIdentityForAllFlows,
    BatchToDodgeLimits,
    BatchOverLimit,
    ParallelismAbove52,
    LimitsExceededByForecast,
    LittleHeadroom,
    EntitlementExceeded,
    DataEventsOverRate,
    DualWriteForBulk,
    NoCrossCompany,
    PatchWithoutIfMatch,
    SkipPaging,
    UrlTooLong,
    WholeRecordUpdates,
    AffinityCookieInThroughputJob,
    PollingInsteadOfEvents,
    DeltaLinkTooOld,
    UserLimitAssumptions,
    NoThrottlingPriority,
    BusinessEventsAsDataExport,
    SlowWebhookReceiver,
    Non443Webhook,
    PayloadOverLimit,
    OrderOnUnorderedTransport,
    SynchronousWebhook,
    SynchronousSynapseLink,
    ParallelExecutionsOfOneProject,
    ResendAfterTimeout,
    PollingWithoutLimit,
    LargeFiles,
    SecretInFile,
    NoSecretRotation,
    UserAccountForIntegration,
    SharedInteractivePriority,
    NoIdentity,
    UnclassifiedPersonalData,
    NoClassification,
    NoMonitoring,
    NoCorrelationId,
    NoSandbox,
    NoDeploymentPipeline,
    NoPeakVolumeTest,
)

__all__ = ["RULES", "Rule", "Subject"]
