/* pusher_client: the state of a connection that speaks Pusher's protocol.
 *
 * Owner:   the connection, as its state.
 * Thread:  the connection's worker.
 * Limits:  one member per channel of the connection.
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
    bool has_list; /* of the other members; changes are sent from then on */
    size_t channel_len;
    char channel[CHANNEL_NAME_MAX + 1];
};

/* State that few connections need. */
struct pusher_extra {
    struct pusher_cached *cached; /* see pusher_cache.h */
    char *former;                 /* its previous client id, or NULL; owned */
    char *user; /* app prefix and user id; NULL: not signed in; owned */
    struct token_bucket events;
    uint64_t last_number; /* numbers its hook questions */
};

struct pusher_client {
    struct pusher_app *app; /* a reference */
    struct pusher_member *members;
    struct pusher_extra *extra; /* or NULL */
};

/* NULL if the connection is being closed. */
struct pusher_client *pusher_client_of(const struct connection *connection);

/* Created if missing. */
struct pusher_extra *pusher_client_extra(struct pusher_client *client);

/* The user that has signed in, with the app's prefix; or NULL. */
const char *pusher_client_user(const struct connection *connection);

/* The same, without the prefix. */
const char *pusher_client_user_id(const struct connection *connection);

/* Takes the app's reference. The app was entered, and is left when the
 * connection ends. */
void pusher_client_begin(struct connection *connection, struct pusher_app *app);
void pusher_client_end(struct connection *connection);

/* The socket id, which is a part of the client id. */
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

/* Does nothing if there is none. */
void pusher_client_drop(struct connection *connection, struct bytes channel);

#endif
