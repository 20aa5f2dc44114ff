/* fake_client: one connection to a fake instance, seen from the other end.
 *
 * Owner:   the test ends it by fake_client_leave.
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

/* What fake_client_hear gives when nothing came. */
#define FAKE_CLIENT_SILENCE "(nothing)"

/* A connection on that worker, which may do everything; joins `channel` at
 * open unless that is NULL. Nothing is turned yet. */
struct fake_client *fake_client_join(struct fake_instance *instance,
                                     unsigned worker,
                                     const struct protocol *protocol,
                                     const char *id, const char *channel);

/* The same with an identity, which is taken. */
struct fake_client *fake_client_join_as(struct fake_instance *instance,
                                        unsigned worker,
                                        const struct protocol *protocol,
                                        const char *id, const char *channel,
                                        struct identity identity);

/* Sends a text message and turns the instance. */
void fake_client_say(struct fake_client *client, const char *text);

/* The payload of the next text or binary message that was not heard yet,
 * valid until the next call. */
const char *fake_client_hear(struct fake_client *client);

/* Forgets what was not heard yet. */
void fake_client_skip(struct fake_client *client);

/* The socket takes more again. */
void fake_client_unblock(struct fake_client *client);

/* Frees connection and client. */
void fake_client_leave(struct fake_client *client);

/* Frees the client whose connection the test has freed itself. */
void fake_client_forget(struct fake_client *client);

#endif
