"""What a person does through the portal beside joining: inputs of the owner, the device's name, two phones at once."""

import json
import re

import pytest

from device import options, owner, policy, store

from .fakes import Router
from .scene import Scene

KEY = b"correct horse"
JOIN = b"ssid=Home&password=correct+horse"
FIELDS = [
    {"name": "host", "required": True},
    {"name": "port", "type": "number", "default": 1883},
    {"name": "led", "type": "checkbox", "default": True},
]


@pytest.fixture
def scene():
    scene = Scene(Router(b"Home", KEY))
    scene.hardware.flash.files[options.PATH] = json.dumps({"fields": FIELDS}).encode()
    scene.until("portal", 1000)
    scene.settle()
    return scene


def post(scene, body):
    return scene.phone.post(b"/connect", body)


def stored(scene):
    """{name: value} that a board would find on flash now."""
    return store.load(scene.hardware, scene.lines.append)[1]


def shown(scene, form=None):
    """{name: value} in the form of a page."""
    return {field[0]: value for field, value, _ in owner.rows(scene.context, form or {}, "en")}


def set_up(scene, more):
    assert post(scene, JOIN + more).status == 303
    scene.until("connecting", 1000)
    scene.until("connected", 10_000)


def test_what_is_entered_is_saved_once_the_network_has_worked(scene):
    assert post(scene, JOIN + b"&device=&f.host=10.0.0.1&f.port=5").status == 303
    scene.until("connecting", 1000)
    assert stored(scene) == {}
    scene.until("connected", 10_000)
    assert stored(scene) == {b"host": b"10.0.0.1", b"port": b"5", b"led": b"0"}
    assert scene.saved() == {b"Home": KEY}


def test_a_failed_attempt_saves_nothing_and_what_was_entered_is_put_back(scene):
    post(scene, b"ssid=Nowhere&password=correct+horse&device=lamp&f.host=10.0.0.1&f.port=5")
    scene.until("connecting", 1000)
    scene.run_for(2 * policy.ANSWER_GRACE_MS)
    assert scene.hardware.hostname == "lamp"
    scene.until("portal", 60_000)
    assert stored(scene) == {}
    assert shown(scene) == {b"host": b"10.0.0.1", b"port": b"5", b"led": b"0"}
    assert scene.hardware.hostname == scene.context.name == "Homeport-FFEE"
    page = scene.phone.get(b"/").body
    assert re.search(rb'name=device [^>]*value="lamp"', page) and b"correct horse" not in page


@pytest.mark.parametrize(
    "more",
    [
        b"",  # required, and there is none
        b"&f.host=",
        b"&f.host=x&f.port=many",
        b"&f.host=" + b"x" * 65,
        b"&f.host=%ff",
        b"&f.host=x&f.led=perhaps",
        b"&f.host=x&device=-lamp",
        b"&f.host=x&device=" + b"x" * 33,
        b"&f.host=x&device=my+lamp",
    ],
)
def test_a_wrong_entry_is_answered_with_422_and_changes_nothing(scene, more):
    assert post(scene, JOIN + more).status == 422
    assert scene.context.attempt is None and not scene.context.submitted


@pytest.mark.parametrize(
    "body, status",
    [
        (JOIN + b"&f.host=x&f.host=y", 400),
        (JOIN + b"&f.host=x&password=x", 400),
        (b"ssid=Home&" + JOIN + b"&ssid=Home&f.host=x", 400),
        (b"&".join(b"a%d=" % n for n in range(200)), 413),
        (b"&".join(b"field%d=value" % n for n in range(1000)), 413),
        (b"ssid=Home&ssid=Cafe&password=correct+horse&f.host=x", 422),
        (b"password=correct+horse&f.host=x", 422),
    ],
)
def test_repeated_missing_and_too_many_fields_are_refused_and_change_nothing(scene, body, status):
    assert post(scene, body).status == status
    assert scene.context.attempt is None and scene.state == "portal"


def test_a_second_phone_is_told_that_an_attempt_is_running_and_keeps_its_name(scene):
    assert post(scene, JOIN + b"&f.host=x").status == 303
    for _ in range(2):
        second = post(scene, b"ssid=Neighbour&password=battery+staple&f.host=y")
        assert second.status == 409 and b"Neighbour" in second.body and b"staple" not in second.body
    assert scene.context.attempt.number == 1 and scene.context.attempt.network.ssid == b"Home"


def test_unknown_owners_fields_are_ignored(scene):
    set_up(scene, b"&f.host=x&f.other=y")
    assert b"other" not in stored(scene)


def test_values_stay_when_a_form_has_none_of_them(scene):
    set_up(scene, b"&device=lamp&f.host=x&f.port=7")
    before = stored(scene)
    assert before == {b"device": b"lamp", b"host": b"x", b"port": b"7", b"led": b"0"}
    set_up(scene, b"")
    assert stored(scene) == before


def test_values_of_inputs_that_are_gone_go_with_the_next_form_but_not_when_the_settings_are_broken(scene):
    set_up(scene, b"&device=lamp&f.host=x&f.port=7")
    before = stored(scene)
    scene.hardware.flash.files[options.PATH] = b"{"
    scene.context.fields = owner.inputs(scene.hardware, scene.lines.append)
    set_up(scene, b"&device=lamp")
    assert stored(scene) == before
    scene.hardware.flash.files[options.PATH] = json.dumps({"fields": FIELDS[:1]}).encode()
    scene.context.fields = owner.inputs(scene.hardware, scene.lines.append)
    set_up(scene, b"&device=lamp")
    assert stored(scene) == {b"device": b"lamp", b"host": b"x"}


def test_inputs_and_values_are_in_memory_only_while_the_portal_is_open(scene):
    set_up(scene, b"&f.host=x")
    scene.phone.get(b"/status")
    scene.run_for(60_000)
    context = scene.context
    assert context.portal is None and not context.fields and context.attempt.values is None
    assert owner.values(scene.hardware) == {"host": "x", "port": 1883, "led": True}


def test_a_portal_that_opens_again_shows_what_is_stored(scene):
    set_up(scene, b"&device=x&f.host=10.0.0.1")
    scene.hardware.routers.clear()
    scene.switch_on()
    scene.until("fallback", 400_000)
    scene.settle()
    assert shown(scene) == {b"host": b"10.0.0.1", b"port": b"1883", b"led": b"0"}


def test_values_that_flash_refuses_are_saved_with_the_next_write(scene):
    assert post(scene, JOIN + b"&f.host=x&device=lamp").status == 303
    scene.until("connecting", 1000)
    scene.hardware.flash.fail_at = 1
    scene.until("connected", 10_000)
    scene.hardware.flash.fail_at = None
    assert not scene.context.saved and scene.context.name == "Homeport-FFEE"
    scene.run_for(90_000)  # the network has held: it is remembered
    assert scene.context.saved and stored(scene)[b"host"] == b"x" and scene.context.name == "lamp"


def test_forgetting_erases_values_and_the_name(scene):
    set_up(scene, b"&f.host=secret.example&device=lamp")
    assert scene.phone.post(b"/forget", b"confirm=yes").status == 303
    assert stored(scene) == {} and scene.context.name == scene.hardware.hostname == "Homeport-FFEE"
    assert not any(b"secret" in data or b"lamp" in data for data in scene.hardware.flash.files.values())


# The device's name


def test_a_chosen_name_is_the_routers_at_once_and_the_access_points_when_it_opens_next(scene):
    set_up(scene, b"&f.host=x&device=Shed-7")
    assert scene.context.name == scene.hardware.hostname == "Shed-7"
    assert scene.hardware.access_point.settings["ssid"] == "Homeport-FFEE"
    scene.hardware.routers.clear()
    scene.switch_on()
    assert scene.hardware.hostname == "Shed-7"
    scene.until("fallback", 400_000)
    scene.settle()
    assert scene.hardware.access_point.settings["ssid"] == "Shed-7"


def test_a_name_that_stays_as_it_is_is_not_stored(scene):
    set_up(scene, b"&f.host=x&device=Homeport-FFEE")
    assert b"device" not in stored(scene)


@pytest.mark.parametrize("again, name", [(b"lamp", b"lamp"), (b"shed", b"shed"), (b"", None), (b"+", None)])
def test_a_chosen_name_stays_changes_or_goes(scene, again, name):
    set_up(scene, b"&f.host=x&device=lamp")
    set_up(scene, b"&f.host=x&device=" + again)
    assert stored(scene).get(b"device") == name
    assert scene.context.name == (name.decode() if name else "Homeport-FFEE")


# Warnings


@pytest.mark.parametrize(
    "key, words",
    [(b"correct+horse", ()), (b"correct+horse+", ("key_spaces",)), (b"0123456789abcdef" * 4, ("key_hex",))],
)
def test_an_attempt_carries_the_warnings_about_its_password(scene, key, words):
    assert post(scene, b"ssid=Home&f.host=x&password=" + key).status == 303
    assert scene.context.attempt.warnings == words
