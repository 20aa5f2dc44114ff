/* pusher_client: what is kept of a connection that speaks Pusher's protocol.
 *
 * Owner:   the connection, as its state.
 * Thread:  the connection's worker.
 * Limits:  as many members as the connection has channels.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_CLIENT_H
#define PEAL_PROTOCOLS_PUSHER_CLIENT_H

#include "base/buffer.h"
#include "base/token_bucket.h"
#include "messaging/names.h"
#include "messaging/request_parts.h"
#include "protocols/pusher/pusher_user.h"

struct connection;
struct pusher_app;
struct pusher_cached;

/* As whom the connection is in a presence channel. */
struct pusher_member {
    struct pusher_member *next;
    struct pusher_user user;
    uint64_t number;          /* of the request that lists the others */
    struct position position; /* where the subscription began */
    bool recovered;
    bool has_list; /* of the others: from here on it is told of changes */
    size_t channel_len;
    char channel[CHANNEL_NAME_MAX + 1];
};

/* What few have. */
struct pusher_extra {
    struct pusher_cached *cached; /* see pusher_cache.h */
    char *former; /* the client that it was before, or NULL; owned */
    char *user;   /* the app's prefix and the id; NULL: not signed in; owned */
    struct token_bucket events;
    uint64_t last_number; /* of its questions */
};

struct pusher_client {
    struct pusher_app *app; /* a reference */
    struct pusher_member *members;
    struct pusher_extra *extra; /* or NULL */
};

/* NULL: it is being closed. */
struct pusher_client *pusher_client_of(const struct connection *connection);

/* Made where there is none. */
struct pusher_extra *pusher_client_extra(struct pusher_client *client);

/* As whom it has signed in, with the app's prefix; or NULL. */
const char *pusher_client_user(const struct connection *connection);

/* The same as the application knows it. */
const char *pusher_client_user_id(const struct connection *connection);

/* Takes the app's reference; it was entered, and is left in the end. */
void pusher_client_begin(struct connection *connection, struct pusher_app *app);
void pusher_client_end(struct connection *connection);

/* The part of the client id that Pusher calls socket id. */
const char *pusher_client_socket(const struct connection *connection);

/* Peal's name for a channel of the connection's app; `out` has room for
 * CHANNEL_NAME_MAX bytes. False if it is too long. */
bool pusher_client_channel(const struct connection *connection,
                           struct bytes name, char *out, struct bytes *full);

/* The member in that channel, or NULL. */
struct pusher_member *pusher_client_find(const struct connection *connection,
                                         struct bytes channel);

/* Takes the user's info. */
struct pusher_member *pusher_client_add(struct connection *connection,
                                        struct bytes channel,
                                        const struct pusher_user *user);

/* Does nothing where there is none. */
void pusher_client_drop(struct connection *connection, struct bytes channel);

#endif
