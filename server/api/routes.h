/* routes: the route table, and struct api_request.
 *
 * Owner:   the table is static; a request borrows its texts.
 * Thread:  any.
 * Limits:  ROUTES_MAX rows.
 * Failure: routes_find returns NULL.
 */
#ifndef PEAL_API_ROUTES_H
#define PEAL_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ip_address.h"

struct api_response;

/* Borrowed, empty where absent. */
struct api_request {
    struct bytes method;
    struct bytes path;     /* percent-decoded, without the query */
    struct bytes raw_path; /* both as sent */
    struct bytes query;
    struct bytes host;
    struct bytes origin;
    struct bytes if_none_match;
    struct bytes authorization;
    struct bytes content_type;
    /* query parameters */
    struct bytes limit;
    struct bytes skip;
    struct bytes client_id;
    struct bytes address;
    struct bytes trace; /* traceparent */
    bool is_secure;     /* received over TLS */
    bool has_length;    /* has a Content-Length */
    bool sees_dashboard;
    bool is_for_clients; /* administration has its own listener */
    bool has_accounts;   /* the server has */
    bool is_chunked;     /* chunked: the length is unknown */
    uint64_t body_len;
    struct ip_address client; /* the client, for the log */
};

/* Whether the path belongs to the dashboard, which is hidden from unauthorized
 * clients. */
bool api_is_dashboard(struct bytes path);

/* Whether the path is a health check, which load balancers request at the
 * public listener. */
bool api_is_for_balancers(struct bytes path);

/* Whether the path reports the server's state; such paths are served even when
 * the server is full. */
bool api_is_for_operators(struct bytes path);

/* Whether the path is an account route, if accounts are enabled. */
bool api_is_for_accounts(struct bytes path);

/* ---- for api/ alone */

enum method {
    METHOD_GET = 1,
    METHOD_POST = 2,
    METHOD_PATCH = 4,
    METHOD_DELETE = 8
};

/* The target of a route. */
enum page {
    PAGE_NONE, /* a command */
    PAGE_HEALTH,
    PAGE_READY,
    PAGE_METRICS,
    PAGE_ABOUT_ACCOUNTS, /* whether accounts are enabled, for the chat page */
    PAGE_ACCOUNTS        /* if enabled: see account_route.h */
};

struct route {
    const char *path;  /* a * matches a name */
    unsigned methods;  /* bits of enum method */
    const char *allow; /* the same, as a header value */
    /* one of the two */
    enum page page;
    const char *command;
};

enum { ROUTES_MAX = 48 };

/* Whether the path matches the route; `name` is the match of its *. */
bool routes_match(const char *route, struct bytes path, struct bytes *name);

/* The route of the request's path; `channel` is the match of its *. NULL if
 * there is none, or the requester may not see it. */
const struct route *routes_find(const struct api_request *request,
                                struct bytes *channel);

/* The index of a route in the table; for NULL, the index that counts unknown
 * paths. */
size_t routes_index(const struct route *route);

/* The number of indexes, and the path of each. */
size_t routes_count(void);
const char *routes_path(size_t index);

/* Whether the dashboard is requested by a client that may not see it. */
bool routes_is_hidden(const struct api_request *request);

/* The methods of a file, as a header value. */
extern const char routes_file_allow[];

/* Answers 405 unless the request's method is one of `methods`; returns true if
 * it did. */
bool routes_refuse_method(const struct api_request *request, unsigned methods,
                          const char *allow, struct api_response *response);

/* A bit of enum method; 0 for other methods. */
unsigned routes_method(const struct api_request *request);

bool routes_is_options(const struct api_request *request);

#endif
