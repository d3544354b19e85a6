"""Store, change log, clock, timers, journal, ids, tokens and settings: what services stand on."""
