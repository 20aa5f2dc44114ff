/* broadcast_answer: builds answers of the broadcast protocol, for every
 * transport.
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

/* Every answer begins with its type and ends with the request's id, if that is
 * not empty. */
struct buffer *broadcast_begin(struct connection *connection, const char *type);
/* Ends an answer: the id, if there is one, and the brace. */
void broadcast_append_id(struct buffer *out, struct bytes id);

void broadcast_end(struct connection *connection, struct buffer *out,
                   struct bytes id);

/* Maximum bytes of an explanation by names.h in an error. */
enum { BROADCAST_FLAW_MAX = 200 };

/* Explains what is wrong with a channel name; NULL for other faults, and if
 * there is no name. */
const char *broadcast_channel_flaw(struct bytes channel, enum fault fault,
                                   struct error *error);

/* Begins an error, up to its text. NULL: the fault's own text. */
struct buffer *broadcast_begin_error(struct connection *connection,
                                     enum fault fault, const char *text);

/* Sends and counts a whole error. It names the channel if the name is valid, or
 * says what is wrong with the name. */
void broadcast_send_error(struct connection *connection, enum fault fault,
                          const char *text, struct bytes channel,
                          struct bytes id);

/* Sends `hello`, if the handshake asked for it. */
void broadcast_send_hello(struct connection *connection);

void broadcast_append_position(struct buffer *out, struct position position);

void broadcast_send_unsubscribed(struct connection *connection,
                                 struct bytes channel, struct bytes id);

#endif
