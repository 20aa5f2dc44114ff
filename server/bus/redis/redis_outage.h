/* redis_outage: what the log says about a connection that is lost and comes
 * back: one line each, one for a new reason and one a minute while it lasts,
 * and one a minute when the connection comes and goes all the time.
 *
 * Owner:   embedded in a link; the name is borrowed.
 * Thread:  the bus's.
 * Limits:  about LINES outages a minute are logged one by one, and as many new
 *          reasons.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_OUTAGE_H
#define PEAL_BUS_REDIS_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct redis_outage {
    const char *name;   /* of the link; NULL: nothing is logged */
    bool is_on;         /* the connection is lost */
    bool is_told;       /* and a line said so */
    bool was_well;      /* it served once */
    uint32_t attempts;  /* of this outage that failed */
    uint32_t outages;   /* since `minute_ms` */
    uint64_t minute_ms; /* when this minute of counting began */
    uint64_t next_ms;   /* the next line about one that lasts */
    char why[96];       /* as the last line said */
};

/* The connection was lost, or an attempt failed. */
void redis_outage_note(struct redis_outage *outage, const char *why,
                       uint64_t now_ms);

/* The same, where somebody else logs the reason. */
void redis_outage_note_quietly(struct redis_outage *outage, uint64_t now_ms);

/* The connection serves. */
void redis_outage_end(struct redis_outage *outage);

#endif
