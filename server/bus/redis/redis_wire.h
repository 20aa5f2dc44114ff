/* redis_wire: the byte stream of a link: resolves the host, connects, performs
 * the TLS handshake, writes commands and reads replies.
 *
 * hiredis formats and parses. Sockets and TLS are handled here: Debian 12's
 * hiredis has no TLS, no release checks host names, and its connect blocks on
 * DNS.
 *
 * Owner:   the link. It may close the wire in any event.
 * Thread:  the bus's.
 * Limits:  callers bound the data written; a reply has at most ELEMENTS_MAX
 *          elements.
 * Failure: on_broken with the reason; the owner then closes it.
 */
#ifndef PEAL_BUS_REDIS_WIRE_H
#define PEAL_BUS_REDIS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/loop.h"
#include "bus/redis/redis_tls.h"
#include "bus/redis/redis_url.h"

struct redis_wire;
struct redisReply;

enum { REDIS_WORDS_MAX = 512 }; /* of a command */

struct redis_wire_events {
    void (*on_open)(void *arg); /* commands may be sent */
    void (*on_read)(void *arg); /* bytes arrived: replies may follow */
    void (*on_reply)(void *arg, const struct redisReply *reply);
    void (*on_broken)(void *arg, const char *why);
    void *arg;
};

/* Starts to connect to `url`, which is borrowed like `tls` (NULL: none). */
struct redis_wire *redis_wire_open(struct loop *loop,
                                   const struct redis_url *url,
                                   const struct redis_tls *tls,
                                   const struct redis_wire_events *events);

/* NULL is ignored. */
void redis_wire_close(struct redis_wire *wire);

/* At most REDIS_WORDS_MAX words. Commands of one turn of the loop go out as one
 * write. */
void redis_wire_send(struct redis_wire *wire, const struct bytes *words,
                     size_t count);

/* The current stage, for the log, until it is open: "TLS" or "". */
const char *redis_wire_stage(const struct redis_wire *wire);

#endif
