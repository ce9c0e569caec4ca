import pytest

from enforcer.guard import Guard
from enforcer.interface import GuardRefusal, Order
from enforcer.permits import Permits
from enforcer.rate import FILES, PROCESSES, RUNS, WINDOW_S, Rate
from enforcer.windows.guard import WindowsGuard


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limited(clock):
    return Permits(lambda most: Rate(most, clock))


def test_policies_act_on_so_many_runs_and_a_person_on_any(limited, clock):
    for number in range(RUNS):
        limited.permit_run(Order("kill", f"run-{number}", 1, 2))
    one_more = Order("kill", "one-more", 1, 2)
    with pytest.raises(GuardRefusal, match=f"{RUNS} runs within 60 s: a person must order"):
        limited.permit_run(one_more)
    for actor in ("root", "lictor"):
        limited.permit_run(Order("kill", "one-more", 1, 2, actor=actor))
    clock.now += WINDOW_S
    limited.permit_run(one_more)


def test_one_run_is_one_however_often_it_is_acted_on(limited):
    """A run that asks for its eleventh file within a minute is no runaway policy."""
    for _ in range(10 * RUNS):
        limited.permit_run(Order("ask", "run-1", 1, 2))
    limited.permit_run(Order("ask", "run-2", 1, 2))


def test_processes_are_counted_by_run(limited):
    assert all(limited.permit_process(Order("kill", "a", 1, 2)) for _ in range(PROCESSES))
    assert not limited.permit_process(Order("kill", "a", 1, 2))
    assert limited.permit_process(Order("kill", "b", 1, 2))
    assert limited.permit_process(Order("kill", "a", 1, 2, actor="root"))


def test_files_are_counted_over_all_runs(limited):
    for number in range(FILES):
        limited.permit_file(Order("quarantine", f"run-{number}", 1, 2))
    with pytest.raises(GuardRefusal, match=f"took {FILES} files away"):
        limited.permit_file(Order("quarantine", "x", 1, 2))
    limited.permit_file(Order("quarantine", "x", 1, 2, actor="root"))


@pytest.mark.parametrize("guard", [Guard, WindowsGuard])
def test_guards_of_every_system_are_built_on_it(guard):
    assert issubclass(guard, Permits)
