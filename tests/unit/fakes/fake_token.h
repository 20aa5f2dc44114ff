/* fake_token: tokens that no correct library would make, and those in files of
 * the data folder.
 *
 * Owner:   the caller frees what is returned.
 * Thread:  any.
 * Limits:  a token in a file is shorter than 4 KiB.
 * Failure: ends the test.
 */
#ifndef FAKE_TOKEN_H
#define FAKE_TOKEN_H

/* The secret that data/make_tokens.py uses too. */
#define FAKE_TOKEN_SECRET                                                      \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Signs any two texts with HMAC-SHA-256, regardless of the header. */
char *fake_token(const char *header, const char *payload, const char *secret);

/* The same with the header {"alg":"HS256"} and FAKE_TOKEN_SECRET. */
char *fake_token_of(const char *payload);

/* The token called `name` in a file of the data folder: "tokens.txt". */
char *fake_token_read(const char *file, const char *name);

#endif
