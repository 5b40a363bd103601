"""Small source trees for test_squeeze.py."""

# Small trees, each with something that a renamer can get wrong; run() returns what to compare.

TRICKY = {
    "one name as local, attribute, argument, global and method": {
        "__init__.py": """
def value_of(thing, amount=2):
    total = thing.total
    return total + amount + total_of(total=3)
def total_of(total):
    return total * 10
class Thing:
    total = 5
    def amount(self, amount):
        self.total = self.total + amount
        total_of = lambda amount: amount + self.total
        return total_of(1)
def run():
    thing = Thing()
    return [value_of(thing), thing.amount(7), value_of(thing, 9), value_of(thing, amount=4), Thing.total]
"""
    },
    "closures and nonlocal": {
        "__init__.py": """
def counter(start_at, step_size):
    seen_values = []
    def advance(extra_steps, doubled=False):
        nonlocal start_at
        start_at += step_size * extra_steps * (2 if doubled else 1)
        seen_values.append(start_at)
        def inner(argument):
            return argument + start_at + step_size + extra_steps
        return inner
    return advance, seen_values
def run():
    advance, seen = counter(10, 3)
    return [advance(1)(100), advance(2, True)(200), advance(1)(300), seen]
"""
    },
    "comprehensions, lambdas and names that they hide": {
        "__init__.py": """
ELEMENTS = [3, 1, 2]
def sorted_elements(elements, offset):
    picked = [elements + offset for elements in elements if elements > offset - 1]
    table = {key_of: value_of for key_of, value_of in zip(picked, elements)}
    nested = [[column * row_number for column in range(row_number)] for row_number in elements]
    ordered = sorted(picked, key=lambda element, offset=offset: -element * offset)
    return ordered, table, nested, {e % 2 for e in elements}
def run():
    return [sorted_elements(ELEMENTS, 1), list(x for ELEMENTS in [ELEMENTS] for x in ELEMENTS)]
"""
    },
    "class attributes through self and through the class": {
        "__init__.py": """
class Settings:
    retry_limit = 3
    retry_names = ("a", "b")
    both_names = retry_names + ("c",)
    def read_back(self):
        self.retry_limit += 1
        return self.retry_limit, Settings.retry_limit, self._private_name(), type(self).retry_limit
    def _private_name(self):
        return self.both_names
    alias_of = read_back
    @staticmethod
    def without_self(_private_name):
        return _private_name
    @classmethod
    def made_by(cls, retry_limit):
        made = cls()
        made.retry_limit = retry_limit
        return made
def run():
    settings = Settings()
    return [settings.read_back(), settings.alias_of(), Settings.without_self(8), Settings.made_by(5).read_back()]
"""
    },
    "global statement": {
        "__init__.py": """
state_count = 0
Last_Seen = None
def note_state(new_state):
    global state_count, Last_Seen
    state_count += 1
    Last_Seen = new_state
    return state_count
def run():
    return [note_state("x"), note_state("y"), state_count, Last_Seen]
"""
    },
    "keyword calls and keyword collectors": {
        "__init__.py": """
class Radio:
    def configure(self, *values, **settings):
        return values, sorted(settings.items())
def forward(called_function, *given_values, **given_settings):
    return called_function(*given_values, **given_settings)
def limited(*, upper_bound=1, lower_bound):
    return upper_bound - lower_bound
def run():
    lower_bound = 4
    upper_bound = 2
    return [
        forward(Radio().configure, 1, network_name="n", upper_bound=5),
        forward(limited, lower_bound=lower_bound),
        limited(lower_bound=upper_bound, upper_bound=lower_bound),
        "{upper_bound}".format(upper_bound=3),
        dict(network_name=1),
    ]
"""
    },
    "except as, with as, for in attributes, del": {
        "__init__.py": """
class Refused(Exception):
    def reason_code(self):
        return self.args[0] + 1
class Held:
    def __enter__(self):
        self.held_items = []
        return self.held_items
    def __exit__(self, kind, refusal, trace):
        self.was_refused = refusal
        return isinstance(refusal, Refused)
class Loop:
    def through(self, item_list):
        for self.current_item in item_list:
            pass
        (self.first_item, *self.other_items), swapped = item_list, self.current_item
        del self.current_item
        return self.first_item, self.other_items, swapped
def run():
    try:
        raise Refused(7)
    except Refused as reason_code:
        found = reason_code.reason_code()
    held = Held()
    with held as held_items:
        held_items.append(1)
        raise Refused(1)
    return [found, held.held_items, held.was_refused.args, Loop().through([1, 2, 3])]
"""
    },
    "imports of all forms": {
        "__init__.py": """
from . import numbers_here, package_here
from .package_here import deeper as below_it
from .numbers_here import LIMIT, doubled, doubled as twice, Base as Renamed
from .package_here.deeper import doubled as other_doubled, REPEATED
import sys
def lazy_import():
    from .package_here.deeper import doubled
    from . import numbers_here as again
    return doubled(3), again.doubled(3)
class Derived(Renamed):
    def describe(self):
        return "derived " + super().describe() + str(self._own_part())
    def _own_part(self):
        return self.base_value
class Other(numbers_here.Base):
    _base_secret = 9
def run():
    return [
        LIMIT, doubled(LIMIT), twice(2), other_doubled(1), numbers_here.doubled(5), below_it.doubled(2), lazy_import(),
        package_here.deeper.REPEATED, REPEATED, Derived(4).describe(), Other(1).describe(),
        sys.maxsize > numbers_here.LIMIT, package_here.reexported(2),
    ]
""",
        "numbers_here.py": """
LIMIT = 1 << 4
def doubled(number):
    return number * 2
class Base:
    _base_secret = 3
    def __init__(self, base_value):
        self.base_value = base_value
    def describe(self):
        return "base %d %d" % (self.base_value, self._base_secret)
""",
        "package_here/__init__.py": "from .deeper import doubled as reexported\n",
        "package_here/deeper.py": """
from ..numbers_here import LIMIT
REPEATED = "a rather long text"
def doubled(number):
    return [number] * 2, LIMIT, REPEATED
""",
    },
    "one of several imports": {
        "__init__.py": """
def load(wanted):
    if wanted == "first":
        from .first import Handler as Found
    else:
        from .second import Handler as Found
    return Found
def load_by_name(wanted):
    return __import__(__name__ + "." + wanted, None, None, ("Handler",)).Handler
def run():
    return [load("first")().handle(), load("second")().handle(), load_by_name("second")().handle()]
""",
        "first.py": "class Handler:\n    def handle(self):\n        return 1\n",
        "second.py": "class Handler:\n    def handle(self):\n        return 2\n",
    },
    "f-strings": {
        "__init__.py": """
WIDTH = 6
GREETING_TEXT = "a text of more than ten"
class Named:
    def __init__(self, given_name):
        self.given_name = given_name
    def greeting(self, other_name):
        return f"{self.given_name} met {other_name!r:>{WIDTH}} and {len(other_name) + WIDTH}" f"{GREETING_TEXT}"
def run():
    return [Named("A").greeting("Bob")]
"""
    },
    "properties and setters": {
        "__init__.py": """
class Gauge:
    def __init__(self):
        self._level_now = 1
    @property
    def level(self):
        return self._level_now
    @level.setter
    def level(self, new_level):
        self._level_now = new_level * 2
    def __getattr__(self, missing_name):
        return "nothing"
    def __len__(self):
        return self.level
def run():
    gauge = Gauge()
    before = gauge.level
    gauge.level = 4
    gauge.level += 1
    return [before, gauge.level, len(gauge)]
"""
    },
    "subclasses of built-in types": {
        "__init__.py": """
class Queue(list):
    def __init__(self, item_limit):
        super().__init__()
        self.item_limit = item_limit
        self._dropped_count = 0
    def offer(self, new_item):
        self.append(new_item)
        if len(self) > self.item_limit:
            self._dropped_count += 1
            self.pop(0)
        return self._dropped_count
    def _sorted_copy(self):
        return sorted(self)
    def in_order(self):
        return self._sorted_copy()
class Fault(ValueError):
    def __init__(self, fault_code, fault_text):
        super().__init__(fault_code)
        self.fault_text = fault_text
    def explain(self):
        return self.args, self.fault_text
def run():
    queue = Queue(2)
    counts = [queue.offer(item) for item in (3, 2, 1)]
    return [counts, list(queue), queue.in_order(), queue.index(1), queue.count(2), Fault(1, "t").explain()]
"""
    },
    "classes that share a private name and a family that inherits it": {
        "__init__.py": """
class First:
    def __init__(self):
        self._shared_secret = 1
        self.first_open = 10
    def tell(self):
        return self._shared_secret, self.first_open
class Second(First):
    def __init__(self):
        First.__init__(self)
        self._other_secret = 2
    def tell_more(self):
        return self.tell(), self._shared_secret, self._other_secret
class Third:
    def __init__(self):
        self._shared_secret = "three"
    def tell(self):
        return self._shared_secret
def run():
    second, third = Second(), Third()
    return [First().tell(), second.tell_more(), third.tell(), [each.tell() for each in (second, third)]]
"""
    },
    "constants": {
        "__init__.py": """
'''A docstring.'''
from . import limits
from .limits import (
    FIRST_MS,  # a comment
    LONG_TEXT,
    SUM_MS,
)
_PRIVATE = -3
SPREAD = (1,
          2, _PRIVATE)
LOCAL_ONCE = b"used once" b" here"
HUGE = 1 << 40
REBOUND = 1
REBOUND = 2
class Holder:
    FIRST_MS = 99
    limit = FIRST_MS
def shadowed(FIRST_MS):
    '''A docstring.'''
    return FIRST_MS
def documented_only():
    '''Nothing else.'''
def default(value=limits.SECOND_MS, other=SUM_MS):
    for _ in range(2):
        value -= _PRIVATE
    return value ** 2 - limits.SECOND_MS, -_PRIVATE ** 2, other, limits.FIRST_MS.to_bytes(2, "big")
def run():
    from .only_here import ONLY_HERE
    return [
        FIRST_MS, SUM_MS, LONG_TEXT, LONG_TEXT, limits.LONG_TEXT, SPREAD, LOCAL_ONCE, HUGE, HUGE, REBOUND,
        Holder.FIRST_MS, Holder().limit, shadowed(5), documented_only(), default(), ONLY_HERE,
        limits.FLAG, limits.SHORT, limits.SHORT,
    ]
""",
        "limits.py": """
FIRST_MS = 1_000
SECOND_MS = 2 * FIRST_MS + 0x10
SUM_MS = (FIRST_MS + SECOND_MS) // 3
LONG_TEXT = "longer than ten characters"
SHORT = "short"
FLAG = True
UNUSED = 3
""",
        "only_here.py": "ONLY_HERE = 77\n",
    },
}

# The protocol functions, all called from one place inside the firmware's package.
REPLAY = """
from .net import dns, form, http, text
from .net.request import HTTPError, Request
def answer(query, withheld):
    reply = bytearray(b"\\xee" * dns.REPLY_BYTES)
    return bytes(reply[: dns.answer(query, reply, b"\\xc0\\xa8\\x04\\x01", withheld)])
def parse(data, piece_bytes):
    request = Request()
    buffer = bytearray(536)
    at = end = 0
    while at < len(data) and not request.complete:
        if request.head_complete and request.length > len(buffer):
            buffer += bytes(request.length - len(buffer))
        count = min(piece_bytes, len(buffer) - end, len(data) - at)
        buffer[end : end + count] = data[at : at + count]
        at += count
        end = http.feed(request, buffer, end + count)
    return (request.method, request.target, request.path, request.query, request.version, request.host, request.port,
            request.origin, request.length, request.gzip, request.language, request.form, request.expects_continue,
            request.head_complete, request.complete, bytes(buffer[:end]))
def shown(function, *arguments):
    try:
        return function(*arguments)
    except HTTPError as error:
        return error.args
def run():
    return lambda data: (
        shown(answer, data, dns.PHASE_A), shown(answer, data, dns.PHASE_B), shown(parse, data, 1),
        shown(parse, data, 50), shown(lambda: list(form.fields(data))), shown(form.unquote, data),
        text.escape(data), text.text(data),
    )
"""

# What is refused: source, line of the complaint, a word in it.
REFUSED = {
    "getattr of a renamed name": (
        "class A:\n    def __init__(self):\n        self.colour_name = 1\n"
        "def run(a):\n    return getattr(a, 'colour_name')\n",
        5,
        "colour_name",
    ),
    "a name that only the run shows": ("def run(a, name):\n    return getattr(a, name)\n", 2, "getattr"),
    "names of globals as data": ("def run():\n    return globals()\n", 2, "globals"),
    "evaluated text": ("def run(text):\n    x = 1\n    return eval(text)\n", 3, "eval"),
    "an object's dict": ("def run(a):\n    return a.__dict__\n", 2, "__dict__"),
    "a function's name": ("def run(a):\n    return a.__name__\n", 2, "__name__"),
    "a field of format()": (
        "class A:\n    colour_name = 1\ndef run(a):\n    return '{0.colour_name}'.format(a)\n",
        4,
        "colour_name",
    ),
    "keywords from a dict": ("def run(a, b):\n    return a(**b)\n", 2, "keyword"),
    "the private name of another object": (
        "class A:\n    def __init__(self, other):\n        self._hidden = 1\n        other._hidden = 2\n",
        4,
        "_hidden",
    ),
    "the private name of another class": (
        "class A:\n    def __init__(self):\n        self._hidden = 1\nclass B:\n    def get(self, a):\n"
        "        return self._hidden + a._hidden\n",
        6,
        "_hidden",
    ),
    "a private name of a first argument that is bound again": (
        "class A:\n    def f(self, other):\n        self = other\n        return self._hidden\n",
        4,
        "_hidden",
    ),
    "mangled names": ("class A:\n    def __very_private(self):\n        pass\n", 2, "__very_private"),
    "a module as a value": ("from . import part\ndef run(f):\n    return f(part)\n", 3, "part"),
    "import *": ("from .part import *\n", 1, "*"),
    "an import that finds nothing": ("\nfrom .part import missing_name\n", 2, "missing_name"),
    "an attribute that a module lacks": (
        "from . import part\ndef run():\n    return part.missing_name\n",
        3,
        "missing_name",
    ),
    "a class that cannot be followed": ("def f():\n    pass\nclass A(f()):\n    pass\n", 3, "f()"),
    "a module-level name behind an unknown dot": (
        "def run(a):\n    return a.helper_function()\n",
        2,
        "helper_function",
    ),
    "a class's name that may be the global": (
        "some_value = 1\nclass A:\n    some_value = some_value\n",
        3,
        "some_value",
    ),
    "async functions": ("\nasync def f():\n    pass\n", 2, "AsyncFunctionDef"),
    "match": ("def f(a):\n    match a:\n        case 1:\n            pass\n", 2, "Match"),
    "what is no Python": ("x = 1\ny = = 2\n", 2, "syntax"),
}
PART = "def helper_function():\n    return 1\ndef caller():\n    return helper_function()\n"

# An honest result, and one change each that makes it wrong: file, old text, new text.
SABOTAGE = {
    "another constant": ("__init__.py", "return 1000", "return 1001"),
    "a statement less": ("__init__.py", "    x = 1\n", "    pass\n"),
    "another argument": ("__init__.py", "first - ", "second - "),
    "a call of something else": ("__init__.py", "tell(", "hide("),
    "an attribute for another": ("__init__.py", "self.left = left", "self.right = left"),
    "a renamed public name": ("__init__.py", "def run", "def ran"),
    "a shadowed built-in": (
        "__init__.py",
        "left, right):\n        self.left = left",
        "len, right):\n        self.left = len",
    ),
    "a moved line": ("__init__.py", "def run", "\ndef run"),
    "an import of another name": ("__init__.py", "import tell", "import hide as tell"),
}
HONEST = {
    "__init__.py": """
from .part import tell
def limit():
    return LIMIT_MS
def difference(first, second):
    x = 1
    return first - second - x
class Pair:
    def __init__(self, left, right):
        self.left = left
        self.right = len(right)
    def both(self):
        return tell(self.left, self.right)
LIMIT_MS = 1000
def run():
    return Pair(1, [2]).both()
""",
    "part.py": "def tell(a, b):\n    return a\ndef hide(a, b):\n    return b\n",
}
