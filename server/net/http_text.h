/* http_text: what may stand in a header's name and value, and in a trailer's.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_HTTP_TEXT_H
#define PEAL_NET_HTTP_TEXT_H

#include <stdbool.h>
#include <string.h>

/* RFC 9110 section 5.6.2: a name is made of these. */
static inline bool http_is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Section 5.5: and a value of these, and of tabs. */
static inline bool http_is_text(char c)
{
    return (unsigned char)c >= 0x20 && c != 0x7f;
}

#endif
