/* utf8: whether bytes are valid UTF-8 (RFC 3629), as JSON and WebSocket texts
 * must be.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: none: bytes are valid or not.
 */
#ifndef PEAL_BASE_UTF8_H
#define PEAL_BASE_UTF8_H

#include <stdbool.h>

#include "base/bytes.h"

bool utf8_is_valid(struct bytes text);

#endif
