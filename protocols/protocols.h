/* protocols: the table of wire protocols this server speaks.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none. README.md tells how to add one.
 */
#ifndef PEAL_PROTOCOLS_PROTOCOLS_H
#define PEAL_PROTOCOLS_PROTOCOLS_H

#include "messaging/protocol.h"

extern const struct protocol protocol_echo;
extern const struct protocol protocol_broadcast;
extern const struct protocol protocol_dashboard;

/* Every protocol, ended by NULL. */
extern const struct protocol *const protocols[];

/* Their names in the same order, ended by NULL. */
extern const char *const protocol_names[];

#endif
