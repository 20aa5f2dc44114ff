/* routes: the table of routes, and what a request is.
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
    /* parameters of the query */
    struct bytes limit;
    struct bytes skip;
    struct bytes client_id;
    struct bytes address;
    struct bytes trace; /* traceparent */
    bool is_secure;     /* it came over TLS */
    bool has_length;    /* a Content-Length is there */
    bool sees_dashboard;
    bool is_for_clients; /* administration is served elsewhere */
    bool has_accounts;   /* the server has */
    bool is_chunked;     /* nobody knows how long the body will be */
    uint64_t body_len;
    struct ip_address client; /* whose it is, for the log */
};

/* Whether the path is of the dashboard: there is none for those who do not
 * see it. */
bool api_is_dashboard(struct bytes path);

/* Whether the path tells whether the server does well, which balancers ask
 * where clients connect. */
bool api_is_for_balancers(struct bytes path);

/* Whether the path is one of those that tell how the server is: they are
 * answered even when there is no room for anybody. */
bool api_is_for_operators(struct bytes path);

/* Whether the path is of the accounts, where there are some. */
bool api_is_for_accounts(struct bytes path);

/* ---- for api/ alone */

enum method {
    METHOD_GET = 1,
    METHOD_POST = 2,
    METHOD_PATCH = 4,
    METHOD_DELETE = 8
};

/* What a route leads to. */
enum page {
    PAGE_NONE, /* a command */
    PAGE_HEALTH,
    PAGE_READY,
    PAGE_METRICS,
    PAGE_ABOUT_ACCOUNTS, /* whether there are any, for the chat page */
    PAGE_ACCOUNTS        /* where there are some: see account_route.h */
};

struct route {
    const char *path;  /* a * stands for a name */
    unsigned methods;  /* bits of enum method */
    const char *allow; /* the same as a header's value */
    /* one of the two */
    enum page page;
    const char *command;
};

enum { ROUTES_MAX = 48 };

/* Whether the path is the route's; `name` is what stands for its *. */
bool routes_match(const char *route, struct bytes path, struct bytes *name);

/* The route of the request's path; `channel` is what stands for its *. NULL
 * when there is none, or none for who asks. */
const struct route *routes_find(const struct api_request *request,
                                struct bytes *channel);

/* The place of a route in the table, or of all that is no route for NULL. */
size_t routes_index(const struct route *route);

/* How many places there are; the path of each. */
size_t routes_count(void);
const char *routes_path(size_t index);

/* Whether the dashboard is asked for by somebody who does not see it. */
bool routes_is_hidden(const struct api_request *request);

/* The methods of a file, as a header's value. */
extern const char routes_file_allow[];

/* Answers 405 unless the request's method is one of `methods`; true when it
 * did. */
bool routes_refuse_method(const struct api_request *request, unsigned methods,
                          const char *allow, struct api_response *response);

/* A bit of enum method; 0: another one. */
unsigned routes_method(const struct api_request *request);

bool routes_is_options(const struct api_request *request);

#endif
