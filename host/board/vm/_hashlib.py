from hashlib import sha1, sha256  # noqa: F401
