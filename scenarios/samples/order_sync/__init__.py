"""Order sync: web-shop orders into finance and operations, order changes on into Dataverse.

Two versions of one integration. `careful` honours Retry-After, is idempotent by the shop's
reference and the event's id, batches lines and resumes; `naive` does none of this. Both run as
`python -m windtunnel.scenarios.samples.order_sync.careful inbound|outbound ...`.
"""
