"""The checksum of what lies on flash and in RTC memory."""


def crc16(data):
    """CRC-16/CCITT-FALSE: of b"123456789" it is 0x29B1. The port has none built in, and 16 bits stay small ints."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc
