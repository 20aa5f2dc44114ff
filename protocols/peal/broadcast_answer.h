/* broadcast_answer: what the broadcast protocol's answers have in common on
 * every transport.
 *
 * Owner:   the buffer between begin and end is the worker's.
 * Thread:  the connection's worker.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_ANSWER_H
#define PEAL_PROTOCOLS_BROADCAST_ANSWER_H

#include "base/buffer.h"
#include "base/error.h"
#include "messaging/fault.h"
#include "messaging/request.h"
#include "protocols/peal/broadcast_encode.h"

struct connection;

/* Every answer opens with its type and ends with the id it answers, if that is
 * not empty. */
struct buffer *broadcast_begin(struct connection *connection, const char *type);
/* Its end: the id, if there is one, and the brace. */
void broadcast_append_id(struct buffer *out, struct bytes id);

void broadcast_end(struct connection *connection, struct buffer *out,
                   struct bytes id);

/* How much of what names.h says of a name goes into an error. */
enum { BROADCAST_FLAW_MAX = 200 };

/* What is wrong with a channel's name, and where; NULL for another fault, and
 * where there is no name. */
const char *broadcast_channel_flaw(struct bytes channel, enum fault fault,
                                   struct error *error);

/* An error up to its text, which may be NULL: the fault has one. */
struct buffer *broadcast_begin_error(struct connection *connection,
                                     enum fault fault, const char *text);

/* A whole error, counted; it names the channel, if that is a valid name, or
 * says what is wrong with it. */
void broadcast_send_error(struct connection *connection, enum fault fault,
                          const char *text, struct bytes channel,
                          struct bytes id);

/* What a client may know from the start, if its handshake asked for that. */
void broadcast_send_hello(struct connection *connection);

void broadcast_append_position(struct buffer *out, struct position position);

void broadcast_send_unsubscribed(struct connection *connection,
                                 struct bytes channel, struct bytes id);

#endif
