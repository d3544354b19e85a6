"""Store, change log, clock, timers, journal, ids and settings: no service knows another but by these."""
