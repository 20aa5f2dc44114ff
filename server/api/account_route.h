/* account_route: the table of account routes and who may use them; private to
 * api/.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  none.
 * Failure: account_route_find returns NULL.
 */
#ifndef PEAL_API_ACCOUNT_ROUTE_H
#define PEAL_API_ACCOUNT_ROUTE_H

#include "accounts/account_request.h"
#include "api/routes.h"

/* The identity that a route requires. */
enum account_access {
    ACCESS_ANYBODY,
    ACCESS_SELF,      /* a signed-in user, for itself */
    ACCESS_ONE,       /* the same, or a backend for any user */
    ACCESS_BACKEND,   /* a backend */
    ACCESS_DIRECTORY, /* a backend; signed-in users with accounts.directory */
    ACCESS_KEYS       /* everyone: no account is involved */
};

enum account_field {
    ACCOUNT_FIELD_EMAIL,
    ACCOUNT_FIELD_NAME,
    ACCOUNT_FIELD_PASSWORD,
    ACCOUNT_FIELD_NEW_PASSWORD,
    ACCOUNT_FIELD_REFRESH_TOKEN,
    ACCOUNT_FIELD_IS_ACTIVE,
    ACCOUNT_FIELDS
};

extern const char *const account_field_names[ACCOUNT_FIELDS];

struct account_route {
    const char *path;
    enum method method;
    enum account_op op;
    enum account_access access;
    const char *action; /* name in the audit log, for backends */
    unsigned needed;    /* bits of enum account_field */
    unsigned optional;
    int status; /* status on success */
};

const struct account_route *
account_route_find(const struct api_request *request, struct bytes *id);

#endif
