"""What is to be done on a board, worked out from the files that are on it."""

import pytest
from homeport.installed import LIB, MAIN, STAGE, Found, FullError, Plan, digest, fingerprint, staged

ENTRY = f"{LIB}/__init__.mpy"
PAGE = f"{LIB}/pages/en"
WANTED = {ENTRY: b"entry", f"{LIB}/core.mpy": b"core" * 2000, PAGE: b"page", MAIN: b"main"}


def found(files, free=500, ours=True):
    rows = {path: (len(data), digest(data)) for path, data in files.items()}
    return Found(rows, ours, ours, LIB, 763, free)


def test_an_empty_board_gets_everything():
    plan = Plan(WANTED, found({}))
    assert plan.copy == plan.move == list(WANTED) and not plan.remove and not plan.skipped
    assert len(plan.commit()) == 1  # it finishes even if nobody listens any more


def test_a_board_that_has_everything_needs_nothing():
    plan = Plan(WANTED, found(WANTED))
    assert plan.is_done and plan.skipped == list(WANTED)


def test_only_what_differs_is_copied_and_what_nobody_wants_is_removed():
    plan = Plan(WANTED, found({**WANTED, PAGE: b"old", f"{LIB}/gone.mpy": b"x", "/app.py": b"the owner's"}))
    assert plan.copy == [PAGE] and plan.remove == [f"{LIB}/gone.mpy"]
    assert ENTRY in plan.skipped
    (code,) = plan.commit()
    at = [code.index(words) for words in (f"park('{ENTRY}'", "gone.mpy", "'pages/en'", f"'{ENTRY}')\nsweep('{STAGE}')")]
    assert at == sorted(at)  # the entry goes first and comes back last
    assert "app.py" not in code


def test_a_source_that_would_be_imported_before_the_compiled_entry_goes_with_it():
    plan = Plan(WANTED, found({**WANTED, f"{LIB}/__init__.py": b"old"}))
    (code,) = plan.commit()
    assert code.index("__init__.py'") < code.index(f"sweep('{LIB}')")


def test_what_an_interrupted_run_has_left_is_used_if_it_is_right_and_removed_if_not():
    left = {staged(PAGE): WANTED[PAGE], staged(ENTRY): b"half an ent", f"{STAGE}/other.mpy": b"x"}
    plan = Plan(WANTED, found(left))
    assert plan.resumed == [PAGE] and PAGE not in plan.copy and ENTRY in plan.copy
    assert plan.leftover == sorted([staged(ENTRY), f"{STAGE}/other.mpy"])
    assert f"{STAGE}/other.mpy" in plan.prepare()[0]


def test_an_entry_that_waits_beside_its_place_is_put_back_although_nothing_else_is_left_to_do():
    files = {path: data for path, data in WANTED.items() if path != ENTRY} | {staged(ENTRY): WANTED[ENTRY]}
    plan = Plan(WANTED, found(files))
    assert plan.resumed == plan.move == [ENTRY] and not plan.copy


@pytest.mark.parametrize(
    ("ours", "replace", "kept"), [(True, False, False), (False, False, True), (False, True, False)]
)
def test_a_main_of_the_owner_stays_unless_it_is_to_be_replaced(ours, replace, kept):
    plan = Plan(WANTED, found({**WANTED, MAIN: b"another"}, ours=ours), replace_main=replace)
    assert plan.main_kept == kept and (MAIN in plan.move) == (not kept)
    if kept:
        assert plan.is_done


def test_without_room_for_both_the_old_one_goes_first_and_without_room_at_all_nothing_is_touched():
    big = {**WANTED, f"{LIB}/core.mpy": b"x" * 400_000}
    old = {**WANTED, f"{LIB}/core.mpy": b"y" * 400_000}
    assert not Plan(big, found(old, free=200)).in_place_first
    tight = Plan(big, found(old, free=50))
    assert tight.in_place_first and f"park('{ENTRY}'" in tight.prepare()[0] and "core.mpy" in tight.prepare()[1]
    with pytest.raises(FullError, match="448 KB are needed, 200 KB are free"):
        Plan(big, found({}, free=50))


def test_many_files_are_moved_in_several_steps_none_of_which_is_too_long_for_the_boards_memory():
    many = {ENTRY: b"e"} | {f"{LIB}/module_number_{n}.mpy": b"%d" % n for n in range(200)}
    steps = Plan(many, found({ENTRY: b"old"})).commit()
    assert len(steps) > 4 and max(map(len, steps)) < 4000
    assert f"gone('{ENTRY}')" in steps[0] and f"'{ENTRY}')" in steps[-2]
    assert sum(step.count("module_number_") for step in steps) == 200


def test_the_fingerprint_is_of_the_firmware_alone():
    hashes = {path: digest(data) for path, data in WANTED.items()}
    assert fingerprint(hashes) == fingerprint({**hashes, MAIN: "other", staged(PAGE): "other"})
    assert fingerprint(hashes) != fingerprint({**hashes, PAGE: "other"})
    assert len(fingerprint(hashes)) == 12
