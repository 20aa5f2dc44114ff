/* pusher_answer: what a connection is told in Pusher's protocol.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_ANSWER_H
#define PEAL_PROTOCOLS_PUSHER_ANSWER_H

#include "base/bytes.h"

struct connection;

/* Of Pusher's codes; those from 4000 on also end a connection. */
enum {
    PUSHER_NO_CODE = 0,
    PUSHER_UNKNOWN_APP = 4001,
    PUSHER_OVER_QUOTA = 4004,
    PUSHER_NO_APP = 4005,
    PUSHER_BAD_VERSION = 4006,
    PUSHER_OTHER_VERSION = 4007,
    PUSHER_NO_VERSION = 4008,
    PUSHER_UNAUTHORIZED = 4009,
    PUSHER_EVENT_REFUSED = 4301,
    PUSHER_WATCHLIST_TOO_LONG = 4302
};

/* An event; `data` is JSON, which is sent as a text. `channel` is a name of
 * Pusher's, or empty. */
void pusher_answer_event(struct connection *connection, const char *event,
                         struct bytes channel, struct bytes data);

/* The same; `more`: further members of the message, each behind a comma. */
void pusher_answer_event_with(struct connection *connection, const char *event,
                              struct bytes channel, struct bytes data,
                              struct bytes more);

/* The same without a channel, of data that is a JSON string already. */
void pusher_answer_raw(struct connection *connection, const char *event,
                       struct bytes data);

/* pusher:error */
void pusher_answer_error(struct connection *connection, int code,
                         const char *message);

/* pusher:subscription_error */
void pusher_answer_refusal(struct connection *connection, struct bytes channel,
                           const char *type, const char *why, int status);

#endif
