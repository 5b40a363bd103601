"""Where the firmware's sources are: beside this package in a clone, inside of it if it was installed from a wheel."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
DEVICE = _HERE / "device" if (_HERE / "device").is_dir() else _HERE.parent / "device"
