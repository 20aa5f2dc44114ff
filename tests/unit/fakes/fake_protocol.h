/* fake_protocol: records its events, and subscribes at open.
 *
 * A message reads "pub news 3 alice {...}" on the wire: kind, channel,
 * offset, sender and payload, "-" where there is none.
 *
 * Owner:   the notes are stored here until they are taken.
 * Thread:  that of the instance.
 * Limits:  none.
 * Failure: none.
 */
#ifndef FAKE_PROTOCOL_H
#define FAKE_PROTOCOL_H

#include "messaging/protocol.h"

extern const struct protocol fake_protocol;

/* The same with another wire format: "other " precedes each message. */
extern const struct protocol fake_protocol_other;

/* The events since the last call, one "client: event" per line, valid until the
 * next call. Events are
 *   open N                 with N channels
 *   text T, binary T       a message
 *   subscribe C F          the answer: fault F, or its position, "recovered"
 *                          if it was, and the offsets of its messages;
 *                          publish, history, presence, direct likewise
 *   unsubscribed C */
const char *fake_protocol_notes(void);

#endif
