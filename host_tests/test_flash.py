"""`homeport flash`, with the real esptool, on a fake of the loader in the chip's ROM: nothing here was a chip."""

import os
import pty
import termios

import pytest
from esptool import cmds
from homeport.deploy import Silent
from homeport.flash import FlashError, flash, read_image
from homeport.ports import Interrupted, PortError

from .rom_loader import BAUD, ERASE_ALL, ESP32_MAGIC, FLASH_DATA, RomLoader, image

MIB = 1024 * 1024


class Recording(Silent):
    def __init__(self):
        self.total, self.done, self.said = 0, 0, []

    def copying(self, total_bytes):
        self.total, self.done = total_bytes, 0

    def copied(self, path, count):
        self.done += count

    def say(self, text):
        self.said.append(text)


@pytest.fixture
def firmware(tmp_path):
    """An Image of what image() makes."""

    def make(**options):
        path = tmp_path / "firmware.bin"
        path.write_bytes(image(**options))
        return read_image(path)

    return make


def as_written(data, flash_bytes):
    """What is on the flash: esptool writes the size that it has found into the head of the image."""
    return data[:3] + bytes([{2 * MIB: 0x30, 4 * MIB: 0x40}[flash_bytes]]) + data[4:]


@pytest.mark.parametrize("flash_bytes", [2 * MIB, 4 * MIB])
def test_an_image_is_written_verified_and_shown_as_it_goes(firmware, flash_bytes):
    found, report = firmware(), Recording()
    assert found.version == (1, 28, 0)
    with RomLoader(flash_bytes) as chip:
        rest = bytes(chip.flash[len(found.data) :])
        assert flash(chip.port, found, report) == flash_bytes
        assert chip.flash[: len(found.data)] == as_written(found.data, flash_bytes)
        assert chip.flash[len(found.data) :] == rest  # the file system, and what is saved in it
        assert BAUD in chip.commands and ERASE_ALL not in chip.commands
    assert report.done == report.total > 0


def test_with_erase_nothing_of_what_was_there_is_left(firmware):
    found = firmware()
    with RomLoader() as chip:
        flash(chip.port, found, Recording(), erase=True)
        assert chip.flash[: len(found.data)] == as_written(found.data, 4 * MIB)
        assert not chip.flash[len(found.data) :].strip(b"\xff")


def test_another_chip_is_refused_by_its_name_before_anything_is_written(firmware):
    with RomLoader(magic=ESP32_MAGIC) as chip:
        before = bytes(chip.flash)
        with pytest.raises(FlashError, match=r"this is an ESP32; .*Nothing was written.*\n.*--port"):
            flash(chip.port, firmware(), Recording())
        assert chip.flash == before


def test_a_flash_that_is_too_small_is_refused_with_what_is_needed(firmware):
    with RomLoader(MIB) as chip:
        before = bytes(chip.flash)
        with pytest.raises(FlashError, match="too small: 1MB, and 2 MB are needed. Nothing was written"):
            flash(chip.port, firmware(), Recording())
        assert chip.flash == before


def test_what_does_not_arrive_as_it_was_sent_is_found_out(firmware):
    with RomLoader(damage=True) as chip, pytest.raises(FlashError, match="MD5.*\n.*not complete.*Run the same"):
        flash(chip.port, firmware(), Recording())


@pytest.mark.slow
def test_a_board_that_is_unplugged_while_it_is_written_is_said_to_be_incomplete(firmware):
    with (
        RomLoader(vanish_at=3) as chip,
        pytest.raises(FlashError, match="(?s)not complete.*Run the same command again"),
    ):
        flash(chip.port, firmware(), Recording())


def test_a_port_that_vanishes_while_pyserial_flushes_it_is_an_error_with_what_to_do(firmware, monkeypatch):
    def flushing(*_, **__):
        raise termios.error(5, "Input/output error")  # which is no OSError

    monkeypatch.setattr(cmds, "write_flash", flushing)
    with RomLoader() as chip, pytest.raises(FlashError, match="(?s)not complete.*Run the same command again"):
        flash(chip.port, firmware(), Recording())


def test_ctrl_c_while_it_is_written_says_that_it_is_incomplete_and_the_next_run_completes_it(firmware):
    class Stopping(Recording):
        def copied(self, path, count):
            if self.done:
                raise KeyboardInterrupt
            super().copied(path, count)

    with RomLoader() as chip:
        with pytest.raises(Interrupted, match="interrupted.*\n.*Run the same command again"):
            flash(chip.port, firmware(), Stopping())
        assert chip.flash[:600_000] != as_written(image(), 4 * MIB)
        flash(chip.port, firmware(), Recording())  # finds the stub running where it was left
        assert chip.flash[:600_000] == as_written(image(), 4 * MIB)


def test_a_chip_that_does_not_answer_is_an_error_that_says_which_buttons_to_press(firmware):
    with RomLoader(deaf=True) as chip, pytest.raises(FlashError, match="no chip answers.*\n.*FLASH button.*reset"):
        flash(chip.port, firmware(), Recording())
        assert FLASH_DATA not in chip.commands


def test_a_port_that_is_not_there_or_is_busy_is_an_error_that_names_it(firmware, tmp_path):
    import serial

    with pytest.raises(PortError, match="tty is not there"):
        flash(str(tmp_path / "tty"), firmware(), Recording())
    master, slave = pty.openpty()
    with serial.Serial(os.ttyname(slave), exclusive=True), pytest.raises(PortError, match="is busy: .*has it open"):
        flash(os.ttyname(slave), firmware(), Recording())
    os.close(master)
    os.close(slave)


# Images ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "something else"),
        (b"not an image at all", "something else"),
        (b"\x89PNG\r\n" + bytes(100_000), "something else"),
        (image(chip="esp32"), "for the ESP32, no image for the ESP8266"),
        (image()[:500], "damaged or cut short"),
        (image()[:40] + b"\x55" + image()[41:], "damaged or cut short, .*: its checksum is wrong"),
        (image(version=b"1.19.1"), r"MicroPython 1\.19\.1: it has to be 1\.25 or later"),
        (image(size=MIB + 4), "would reach into the file system"),
    ],
    ids=["empty", "text", "picture", "another chip", "cut", "damaged", "old", "large"],
)
def test_what_is_no_image_for_the_board_is_refused_with_where_to_get_one(tmp_path, data, words):
    path = tmp_path / "firmware.bin"
    path.write_bytes(data)
    with pytest.raises(FlashError, match=words) as caught:
        read_image(path)
    assert "micropython.org/download" in str(caught.value)


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(FlashError, match=r"none\.bin: No such file"):
        read_image(tmp_path / "none.bin")


def test_an_image_that_does_not_tell_its_version_is_taken(firmware):
    assert firmware(version=b"").version is None
