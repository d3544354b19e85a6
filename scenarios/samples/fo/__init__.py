"""Order to cash, customer migration, recurring journals and ER files of finance and operations.

`windtunnel run fo` runs the pack with the careful integration, `windtunnel run fo --data
integration=naive` with the naive one, and the report says what that loses. Both run as
`python -m windtunnel.scenarios.samples.fo.careful COMMAND ...`.
"""
