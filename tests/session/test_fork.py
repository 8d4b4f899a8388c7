"""A process that is forked: engines made before it work in both, and no child speaks in its parent's name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from support import PLUGIN_ON_18, environment_of
from uuid_utils.compat import uuid7

from app_db.settings import Settings

pytestmark = [PLUGIN_ON_18, pytest.mark.app_db("commit")]

PRELUDE = """
import os, sys, threading
from uuid import uuid4
from sqlalchemy import text
from app_db.session import Database
from app_db.errors import ConnectionLost

TENANT, PID = text("select app.current_tenant_id()"), text("select pg_backend_pid()")
db = Database.from_settings()

def work(times=20):
    for _ in range(times):
        tenant = uuid4()
        with db.tenant(tenant) as session:
            assert session.scalar(TENANT) == tenant

def in_threads(count=4):
    failed = []
    def run():
        try:
            work()
        except BaseException as error:
            failed.append(repr(error))
    threads = [threading.Thread(target=run) for _ in range(count)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failed, failed

def children(count, run):
    pids = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                run()
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
        pids.append(pid)
    return pids

def reap(pids):
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]

def backend():
    with db.tenant(uuid4()) as session:
        return session.scalar(PID)
"""

PREFORK = """
in_threads()
ALIVE = text("select array_agg(pid) from pg_stat_activity where application_name = current_setting('application_name')")
def alive():
    with db.tenant(uuid4()) as session:
        return set(session.scalar(ALIVE))
before = alive()
def child():
    in_threads()
    assert backend() not in before, "a child works on its parent's connection"
pids = children(4, child)
in_threads()
assert reap(pids) == [0] * 4
assert before <= alive(), "a child closed a connection of its parent's"
"""

WHILE_THREADS_WORK = """
in_threads()
stop = threading.Event()
def load():
    while not stop.is_set():
        work(1)
        db.dispose()  # so that some thread is always connecting
threads = [threading.Thread(target=load) for _ in range(8)]
[thread.start() for thread in threads]
for _ in range(5):
    assert reap(children(2, in_threads)) == [0, 0]
stop.set()
[thread.join() for thread in threads]
"""

OPEN_SESSION = """
with db.tenant(tenant := uuid4()) as session:
    mine = session.scalar(PID)

    def child():
        for act in (lambda: session.scalar(PID), session.commit):
            try:
                act()
            except ConnectionLost as error:
                assert "before the fork" in str(error), error
                session.rollback()
            else:
                assert act == session.commit  # after the rollback there is nothing of the parent's to commit
        session.close()
        work()

    assert reap(children(2, child)) == [0, 0]
    assert session.scalar(PID) == mine
    assert session.scalar(TENANT) == tenant
assert backend() == mine
"""

OPEN_COMMIT = """
from app_db.errors import CommitOutcomeUnknown
with db.tenant(uuid4()) as session:
    session.execute(TENANT)

    def child():
        try:
            session.commit()
        except ConnectionLost as error:
            assert not isinstance(error, CommitOutcomeUnknown), error
        else:
            raise AssertionError("a child committed its parent's transaction")

    assert reap(children(1, child)) == [0]
    session.execute(TENANT)
"""

EXIT = """
with db.tenant(uuid4()) as session:
    mine = session.scalar(PID)
    pid = os.fork()
    if pid == 0:
        session.close()
        db.dispose()
        sys.exit(0)  # with all that an interpreter tidies up
    assert reap([pid]) == [0]
    assert session.scalar(PID) == mine
"""


# a thread that the child does not have holds the lock under which engines are made; SIGALRM ends who waits for it
HELD_LOCK = """
import signal
held, free = threading.Event(), threading.Event()
def hold():
    with db._lock:
        held.set()
        free.wait()
threading.Thread(target=hold).start()
held.wait()
ended = reap(children(1, lambda: (signal.alarm(10), work())))
free.set()
assert ended == [0], ended
"""

# libpq is under way in another thread
CONNECTING = """
import time
from app_db.engine import fork
begun, ended = threading.Event(), threading.Event()
def connect():
    with fork.connecting:
        begun.set()
        time.sleep(0.5)
        ended.set()
threading.Thread(target=connect).start()
begun.wait()
assert reap(children(1, lambda: os._exit(0 if ended.is_set() else 1))) == [0]
"""

CASES = {
    "prefork": PREFORK,
    "while threads work": WHILE_THREADS_WORK,
    "an open session": OPEN_SESSION,
    "an open commit": OPEN_COMMIT,
    "a child that ends": EXIT,
    "a held lock": HELD_LOCK,
    "connecting": CONNECTING,
}
# keeps no list of what children inherit
UNGUARDED = """
from app_db.engine import fork
class Nothing(list):
    add = lambda *_: None
fork.connections = fork.engines = Nothing()
"""


def run(app_db_settings: Settings, code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    name = f"fork-{uuid7()}"  # by which a process knows its own connections from those of other tests
    environment = {**environment_of(app_db_settings), "APP_DB_APPLICATION_NAME": name}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def does_harm(app_db_settings: Settings, code: str) -> bool:
    """Tell whether it fails, or hangs: two processes on one connection may each wait for what the other has read."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    with subprocess.Popen(
        command, env=environment_of(app_db_settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.wait(timeout=20) != 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its children too
            return True


@pytest.mark.parametrize("case", CASES)
def test_forking_is_harmless(app_db_settings: Settings, case: str) -> None:
    done = run(app_db_settings, PRELUDE + CASES[case])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("case", ["an open session", "a child that ends"])
def test_without_disinheriting_it_is_not(app_db_settings: Settings, case: str) -> None:
    assert does_harm(app_db_settings, UNGUARDED + PRELUDE + CASES[case])


@pytest.mark.parametrize(
    ("case", "unguarded"),
    [
        ("a held lock", "from app_db.session import lock; lock._locks.clear()\n"),
        ("connecting", "from app_db.engine import fork; fork._LONGEST_WAIT = 0\n"),
    ],
)
def test_without_new_locks_and_a_pause_it_is_not(app_db_settings: Settings, case: str, unguarded: str) -> None:
    assert does_harm(app_db_settings, PRELUDE + unguarded + CASES[case])
