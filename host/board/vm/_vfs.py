# vfs of the chip.
from vfs import VfsFat, VfsLfs2, mount, umount  # noqa: F401
