/* redis_outage: logs lost and restored connections: one line each, one for a
 * new reason and one per minute during an outage, and one per minute for an
 * unstable connection.
 *
 * Owner:   embedded in a link; the name is borrowed.
 * Thread:  the bus's.
 * Limits:  about LINES outages per minute are logged individually, and as many
 *          new reasons.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_OUTAGE_H
#define PEAL_BUS_REDIS_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct redis_outage {
    const char *name;   /* name of the link; NULL: do not log */
    bool is_on;         /* the connection is lost */
    bool is_told;       /* and this was logged */
    bool was_well;      /* it has worked before */
    uint32_t attempts;  /* failed attempts of this outage */
    uint32_t outages;   /* since `minute_ms` */
    uint64_t minute_ms; /* when this minute of counting began */
    uint64_t next_ms;   /* next line about a lasting outage */
    char why[96];       /* the last logged reason */
};

/* Call when the connection was lost, or an attempt failed. */
void redis_outage_note(struct redis_outage *outage, const char *why,
                       uint64_t now_ms);

/* The same if the reason is logged elsewhere. */
void redis_outage_note_quietly(struct redis_outage *outage, uint64_t now_ms);

/* Call when the connection works. */
void redis_outage_end(struct redis_outage *outage);

#endif
