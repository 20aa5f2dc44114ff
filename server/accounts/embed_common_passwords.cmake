# Writes common_passwords.txt as a C array: what -DIN holds to -DOUT.
file(READ ${IN} digits)
string(REGEX REPLACE "[^0-9a-f]" "" digits "${digits}")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${digits}")
file(WRITE ${OUT} "static const unsigned char fingerprints[] = {${bytes}};\n")
