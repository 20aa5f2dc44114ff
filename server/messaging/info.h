/* info: what others may see of a client, such as its name and avatar: a JSON
 * object, written without blanks.
 *
 * Owner:   what is read is the caller's.
 * Thread:  any.
 * Limits:  INFO_MAX bytes.
 * Failure: NULL, and why in words.
 */
#ifndef PEAL_MESSAGING_INFO_H
#define PEAL_MESSAGING_INFO_H

#include "base/bytes.h"
#include "base/error.h"

enum { INFO_MAX = 1024 };

/* An owned text without blanks outside strings, and so without line ends. */
char *info_read(struct bytes raw, struct error *why);

/* Whether it is what info_read gives. */
bool info_is_valid(struct bytes info);

#endif
