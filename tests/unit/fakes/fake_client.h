/* fake_client: a connection to a fake instance, from the client's side.
 *
 * Owner:   the test, which frees it with fake_client_leave.
 * Thread:  that of the instance.
 * Limits:  none.
 * Failure: ends the test.
 */
#ifndef FAKE_CLIENT_H
#define FAKE_CLIENT_H

#include "fake_instance.h"
#include "fake_transport.h"

struct fake_client {
    struct fake_instance *instance;
    struct connection *connection;
    struct fake_socket socket;
    struct buffer heard;
};

/* Returned by fake_client_hear if nothing was received. */
#define FAKE_CLIENT_SILENCE "(nothing)"

/* A connection on that worker with all capabilities; joins `channel` at open
 * unless it is NULL. No worker is turned yet. */
struct fake_client *fake_client_join(struct fake_instance *instance,
                                     unsigned worker,
                                     const struct protocol *protocol,
                                     const char *id, const char *channel);

/* The same with an identity, whose ownership is taken. */
struct fake_client *fake_client_join_as(struct fake_instance *instance,
                                        unsigned worker,
                                        const struct protocol *protocol,
                                        const char *id, const char *channel,
                                        struct identity identity);

/* Sends a text message and turns the instance. */
void fake_client_say(struct fake_client *client, const char *text);

/* The payload of the next unread text or binary message, valid until the next
 * call. */
const char *fake_client_hear(struct fake_client *client);

/* Discards unread messages. */
void fake_client_skip(struct fake_client *client);

/* The socket accepts data again. */
void fake_client_unblock(struct fake_client *client);

/* Frees the connection and the client. */
void fake_client_leave(struct fake_client *client);

/* Frees the client after the test has freed its connection. */
void fake_client_forget(struct fake_client *client);

#endif
