/* info: data about a client that others may see, such as name and avatar: a
 * JSON object without white space.
 *
 * Owner:   the caller owns the result.
 * Thread:  any.
 * Limits:  INFO_MAX bytes.
 * Failure: NULL and the reason.
 */
#ifndef PEAL_MESSAGING_INFO_H
#define PEAL_MESSAGING_INFO_H

#include "base/bytes.h"
#include "base/error.h"

enum { INFO_MAX = 1024 };

/* An owned text without white space outside strings, thus without line ends. */
char *info_read(struct bytes raw, struct error *why);

/* Whether the text has the form that info_read returns. */
bool info_is_valid(struct bytes info);

#endif
