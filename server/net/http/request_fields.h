/* request_fields: the request fields that Peal uses, and how repeated ones are
 * treated.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_REQUEST_FIELDS_H
#define PEAL_NET_REQUEST_FIELDS_H

#include "base/bytes.h"
#include "net/http/request_head.h"

struct request_field_rule {
    struct bytes name; /* in lower case */
    /* Separator of the values of several lines. If a field is not a list, the
     * joined value is invalid, so that none of the lines is trusted. */
    const char *joint;
    const char *twice; /* why a second line is refused; NULL: allowed */
};

extern const struct request_field_rule request_field_rules[REQUEST_FIELDS];

/* The field of that name, in any case; FIELD_OTHER for an unknown name.
 * `name` is a token (RFC 9110 section 5.6.2). */
enum request_field request_field_named(struct bytes name);

#endif
