"""What Python code finds on the ESP8266: modules, built-ins and methods of built-in types.

Read from the port's configuration (ports/esp8266/mpconfigport.h and the defaults in py/mpconfig.h, MicroPython 1.28).
The port switches off what the interpreter for a PC has on: partition(), splitlines(), center(), crc32(), md5(),
math.inf and the special functions, random.randint() and its like, three-argument pow(), complex, compile() and
NotImplemented.
"""


def _names(text):
    return frozenset(text.split())


# None: whatever name; the module's own documentation has to be trusted.
MODULES = {
    "array": _names("array"),
    "asyncio": None,  # frozen into builds for 2 MiB of flash and more
    "binascii": _names("a2b_base64 b2a_base64 hexlify unhexlify"),
    "builtins": None,
    "collections": _names("OrderedDict deque namedtuple"),
    "cryptolib": _names("aes"),
    "deflate": _names("AUTO DeflateIO GZIP RAW ZLIB"),
    "errno": None,
    "esp": None,
    "gc": _names("collect disable enable isenabled mem_alloc mem_free threshold"),
    "hashlib": _names("sha1 sha256"),
    "heapq": _names("heapify heappop heappush"),
    "io": _names("BytesIO IOBase StringIO open"),
    "json": _names("dump dumps load loads"),
    "machine": _names(
        """
        ADC I2C PWM Pin RTC SPI Signal SoftI2C SoftSPI Timer UART WDT
        DEEPSLEEP DEEPSLEEP_RESET HARD_RESET PWRON_RESET SOFT_RESET WDT_RESET
        bitstream deepsleep disable_irq enable_irq freq idle lightsleep mem16 mem32 mem8 reset reset_cause
        time_pulse_us unique_id
        """  # soft_reset() only ends main.py
    ),
    "math": _names(
        """
        acos asin atan atan2 ceil copysign cos degrees e exp fabs floor fmod frexp isfinite isinf isnan ldexp log modf
        pi pow radians sin sqrt tan trunc
        """
    ),
    "micropython": None,
    "network": None,
    "os": _names(
        """
        chdir dupterm getcwd ilistdir listdir mkdir mount remove rename rmdir stat statvfs umount uname unlink urandom
        """
    ),
    "random": _names("getrandbits seed"),
    "re": _names("compile match search sub"),
    "select": _names("POLLERR POLLHUP POLLIN POLLOUT poll"),  # select() only since 1.29
    "socket": None,
    "struct": _names("calcsize pack pack_into unpack unpack_from"),
    "sys": _names(
        """
        argv byteorder exit implementation maxsize modules path platform print_exception stderr stdin stdout version
        version_info
        """
    ),
    "time": _names(
        """
        gmtime localtime mktime sleep sleep_ms sleep_us ticks_add ticks_cpu ticks_diff ticks_ms ticks_us time time_ns
        """
    ),
    "uctypes": None,
    "vfs": None,
}

BUILTINS = _names(
    """
    ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis Exception GeneratorExit ImportError
    IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError NotImplementedError OSError
    OverflowError RuntimeError StopAsyncIteration StopIteration SyntaxError SystemExit TypeError UnicodeError ValueError
    ZeroDivisionError
    __import__ __name__ abs all any bin bool bytearray bytes callable chr classmethod delattr dict dir divmod enumerate
    eval exec filter float frozenset getattr globals hasattr hash hex id input int isinstance issubclass iter len list
    locals map max memoryview min next object oct open ord pow print property range repr reversed round set setattr
    slice sorted staticmethod str sum super tuple type zip
    """
)

METHODS = _names(
    """
    add append clear copy count decode difference difference_update discard encode endswith extend find format
    from_bytes fromhex fromkeys get hex index insert intersection intersection_update isalpha isdigit isdisjoint
    islower isspace issubset issuperset isupper items join keys lower lstrip pop popitem remove replace reverse rfind
    rindex rsplit rstrip setdefault sort split startswith strip symmetric_difference symmetric_difference_update
    to_bytes union update upper values
    """
)
