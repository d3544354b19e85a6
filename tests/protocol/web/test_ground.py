"""What a simulator stands on, when it cannot stand."""

from __future__ import annotations

import pytest

from windtunnel.simulator import Simulator
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House
from windtunnel.simulator.web.wiring.ground import Ground


@pytest.mark.parametrize("name", ["text.db", "folder", "text.db/below.db"])
def test_what_is_no_database_is_a_mistake_that_names_the_file(name, tmp_path):
    (tmp_path / "text.db").write_text("this is no database, and long enough to be read\n" * 20)
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    settings = load(environment={}, overrides={"simulator.database": path})
    with pytest.raises(UsageError, match="cannot be used as a database") as caught:
        Ground(settings)
    assert str(path) in str(caught.value)


def test_a_database_is_free_after_a_start_that_failed(tmp_path):
    file = tmp_path / "wt.db"
    wrong = {"simulator__database": file, "simulator__sample_data": False}
    with pytest.raises(UsageError, match="cannot listen on"):
        Simulator(simulator__host="192.0.2.1", **wrong).start()
    with pytest.raises(UsageError, match="no-such-limit"):
        Simulator(limits={"no-such-limit": {"allowance": 1}}, **wrong).start()
    with Simulator(**wrong) as simulator:
        assert simulator.call(lambda house: house.store.earlier_runs) == 1
        with pytest.raises(UsageError, match="another simulator has this database open"):
            House(simulator.settings)
