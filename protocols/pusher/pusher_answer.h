/* pusher_answer: sends messages of Pusher's protocol to a connection.
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

/* Pusher's error codes; those from 4000 on also close the connection. */
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

/* Sends an event. `data` is JSON, sent as a string. `channel` is a Pusher name,
 * or empty. */
void pusher_answer_event(struct connection *connection, const char *event,
                         struct bytes channel, struct bytes data);

/* The same, with further members of the message in `more`, each preceded by a
 * comma. */
void pusher_answer_event_with(struct connection *connection, const char *event,
                              struct bytes channel, struct bytes data,
                              struct bytes more);

/* The same without a channel, for data that already is a JSON string. */
void pusher_answer_raw(struct connection *connection, const char *event,
                       struct bytes data);

/* pusher:error */
void pusher_answer_error(struct connection *connection, int code,
                         const char *message);

/* pusher:subscription_error */
void pusher_answer_refusal(struct connection *connection, struct bytes channel,
                           const char *type, const char *why, int status);

#endif
