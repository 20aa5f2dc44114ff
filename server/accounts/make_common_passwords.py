#!/usr/bin/env python3
"""Writes common_passwords.txt: fingerprints of the passwords that are refused.

    make_common_passwords.py LIST[.gz] > common_passwords.txt

The list has one password a line, such as the 20,000 most common ones that
Debian's python3-django ships as django/contrib/auth/common-passwords.txt.gz.
Shorter passwords than PASSWORD_MIN are refused anyway and left out. A
fingerprint is the first FINGERPRINT_BYTES of the SHA-256 of the password in
lower case; they are sorted, in hexadecimal digits."""

import gzip
import hashlib
import sys

FINGERPRINT_BYTES = 5
PASSWORD_MIN = 8


def main(name):
    opened = gzip.open if name.endswith(".gz") else open
    with opened(name, "rb") as lines:
        passwords = {line.strip().lower() for line in lines}
    prints = sorted({hashlib.sha256(password).digest()[:FINGERPRINT_BYTES]
                     for password in passwords
                     if len(password) >= PASSWORD_MIN})
    for start in range(0, len(prints), 8):
        print("".join(part.hex() for part in prints[start:start + 8]))


if __name__ == "__main__":
    main(sys.argv[1])
