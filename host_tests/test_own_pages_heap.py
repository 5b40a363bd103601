"""What own pages cost is what docs/own-pages.md says; and what nobody uses costs nothing."""

import subprocess
import sys

import pytest
from homeport import heap

from .test_docs import ROOT

pytestmark = pytest.mark.slow

TOLERANCE_BYTES = 200
OWN_PAGES = (
    "web visit visitors asked router reply wire refusals stream folder ranges fill session events cache date logline"
).split()
SHELF = """
import homeport
from homeport.net.cache import cache

class Form:
    form = True

class Site:
    notes = {}

class Request:
    method, site, request = b"POST", Site, Form

    def values(self):
        return {b"data": bytes(bytearray(b"d")), b"type": bytes(bytearray(b"text/css"))}

request, number = Request(), 0
# mark: program
# mark: an empty shelf
status = 204
while status == 204:
    request.args = (b"%s%%d" %% number,)
    number += 1
    status = cache(request, %d)
    if %s:
        request.method, request.args = b"GET", (b"clear",)
        cache(request)
        request.method = b"POST"
# mark: a full shelf
"""


def cells(heading):
    """{first cell: bytes} of a table of docs/own-pages.md; its last cell may be words."""
    page = (ROOT / "docs/own-pages.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.split(f"\n| {heading}")[1].split("\n\n")[0].splitlines()[2:]]
    return {row[0].strip().strip("`"): int(row[1].replace(" ", "")) for row in rows}


def test_a_site_takes_what_the_text_says_at_rest_and_while_it_answers():
    real = heap.own_pages().used
    found = cells("beside the connected board")
    assert set(found) == set(real)
    for mark, used in found.items():
        assert abs(real[mark] - used) <= TOLERANCE_BYTES, (mark, real[mark])
    assert real["nobody is there any more"] - real["a site with one route"] < 600  # names stay


def test_each_module_takes_what_the_text_says():
    real = {name.split(".")[-1]: used for name, used in heap.costs().items()}
    found = cells("module | bytes")
    assert set(real) & set(OWN_PAGES) <= set(found)
    for name, used in found.items():
        assert abs(real[name] - used) <= TOLERANCE_BYTES, (name, real[name])


@pytest.mark.parametrize("limit", [1024, 4096])
@pytest.mark.parametrize("name", ["", "n" * 31, "n" * 60])
@pytest.mark.parametrize("dropped", [False, True])
def test_pages_that_are_left_for_others_take_no_more_than_their_limit(name, limit, dropped):
    used = heap.measure(heap.DEVICE, SHELF % (name, limit, dropped)).without("program").used
    assert 0 < used["a full shelf"] - used["an empty shelf"] <= limit


def test_the_firmware_imports_none_of_it_by_itself():
    program = (
        "import sys\nsys.path.insert(0, '.')\nfrom host_tests.fakes import Router\nfrom host_tests.scene import Scene\n"
        "scene = Scene(Router(b'Home', b'correct horse'))\nscene.until('portal', 60000)\nscene.settle()\n"
        "scene.phone.get(b'/')\nscene.bring_online(b'Home', b'correct horse')\nscene.run_for(120000)\n"
        f"print([name for name in {OWN_PAGES} if 'device.net.' + name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr
