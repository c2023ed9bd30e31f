"""Whatever is changed, cut, removed or reordered in a run's record is seen, and the place is named."""

import contextlib
import sqlite3

import pytest

from readingroom.errors import RecordError


@pytest.fixture
def drafted(house):
    house.run = house.draft().run
    assert house.room.verify_run(house.run).intact
    return house


def tamper(house, *statements):
    """As someone would who knows the file well enough to take its guards away first."""
    with contextlib.closing(sqlite3.connect(house.room.store.database)) as connection, connection:
        connection.execute("DROP TRIGGER events_are_not_changed")
        connection.execute("DROP TRIGGER events_are_not_removed")
        for statement in statements:
            assert connection.execute(statement).rowcount, statement


@pytest.mark.parametrize(
    ("statement", "where", "what"),
    [
        ("UPDATE events SET payload = substr(payload, 1, 20) WHERE number = 5", "entry 5", "changed"),
        ("UPDATE events SET at = '2001-01-01' WHERE number = 1", "entry 1", "changed"),
        ("UPDATE events SET kind = 'fact' WHERE number = 5", "entry 5", "changed"),
        ("UPDATE events SET digest = previous WHERE number = 2", "entry 2", "changed"),
        ("UPDATE events SET content = content || ' ' WHERE number = 7", "entry 7", "changed"),
        ("UPDATE events SET content = NULL WHERE number = 7", "entry 7", "cannot be read"),
        ("DELETE FROM events WHERE number = 6", "entry 6", "missing"),
        ("DELETE FROM events WHERE number = 1", "entry 1", "missing"),
        ("DELETE FROM events WHERE number = (SELECT max(number) FROM events)", "the end", "21 entries, 20"),
        ("DELETE FROM events", "the journal", "empty"),
        ("UPDATE runs SET subject = 'someone'", "the run's row", "subject"),
        ("UPDATE runs SET report_sha256 = request_sha256", "the run's row", "report_sha256"),
        ("UPDATE runs SET head = 'x'", "the end", "the run's row"),
    ],
)
def test_a_changed_record_is_seen(drafted, statement, where, what):
    tamper(drafted, statement)
    found = drafted.room.verify_run(drafted.run)
    assert not found.intact
    assert found.faults[0].where == where
    assert what in found.faults[0].what


def test_two_entries_changed_over_are_seen(drafted):
    swap = (
        "UPDATE events SET number = 900 WHERE number = 5",
        "UPDATE events SET number = 5 WHERE number = 6",
        "UPDATE events SET number = 6 WHERE number = 900",
    )
    tamper(drafted, *swap)
    assert drafted.room.verify_run(drafted.run).faults[0].where == "entry 5"


def test_an_entry_made_to_fit_breaks_the_next(drafted):
    """Who mends the digest of what they changed breaks the chain one further on."""
    store = drafted.room.store
    event = store.history(drafted.run).events[4]
    forged = type(event)(**{**vars(event), "at": "2001"})
    tamper(drafted, f"UPDATE events SET at = '2001', digest = '{forged.computed()}' WHERE number = 5")
    fault = drafted.room.verify_run(drafted.run).faults[0]
    assert (fault.where, fault.what) == ("entry 6", "does not follow the entry before it")


def test_every_stored_file_is_looked_at(drafted):
    blobs = [path for path in drafted.room.store.blobs.folder.rglob("*") if path.is_file()]
    assert (
        drafted.room.verify_run(drafted.run).files == len(blobs) == 4
    )  # three masks, shared by both films; the report
    for path in blobs:
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        assert [fault.what for fault in drafted.room.verify_run(drafted.run).faults] == [
            f"stored file {path.name[:12]} was changed after it was written"
        ]
        path.unlink()
        assert "cannot be read" in drafted.room.verify_run(drafted.run).faults[0].what
        path.write_bytes(before)
    assert drafted.room.verify_run(drafted.run).intact


def test_the_file_itself_guards_the_journal(drafted):
    with contextlib.closing(sqlite3.connect(drafted.room.store.database)) as connection:
        for statement in ("UPDATE events SET at = ''", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="only appended to"):
                connection.execute(statement)


def test_a_tampered_run_is_not_told_again(drafted):
    tamper(drafted, "UPDATE events SET at = '2001-01-01' WHERE number = 3")
    with pytest.raises(RecordError, match="entry 3: was changed"):
        drafted.replay()
