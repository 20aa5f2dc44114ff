/* fake_instance: all of messaging with the local bus, without sockets and
 * threads: the test calls the workers' turns.
 *
 * Owner:   the test, which frees it with fake_instance_free once no connection
 *          is left.
 * Thread:  one for all workers, or one each if inboxes have their own wake.
 * Limits:  small ones, see fake_instance.c; a test may change them in
 *          `options` at any time.
 * Failure: ends the test.
 */
#ifndef FAKE_INSTANCE_H
#define FAKE_INSTANCE_H

#include "messaging/turn.h"
#include "messaging/watch/overview.h"
#include "messaging/worker.h"

enum { FAKE_WORKERS_MAX = 4 };

/* The only valid token; it expires FAKE_TOKEN_SECONDS later, with the
 * capabilities in `fresh_caps`. */
#define FAKE_TOKEN_FRESH "fresh"
enum { FAKE_TOKEN_SECONDS = 1000 };

/* The values its dashboards receive. */
#define FAKE_METRICS                                                           \
    "# HELP a Help.\n# TYPE a counter\na 1\n"                                  \
    "b{c=\"\\\\ d\"} 0.5\n\ne NaN\nlast 7"
#define FAKE_REPORT "{\"instance\":\"fake\"}"

struct fake_instance {
    struct messaging_options options;
    struct instance instance;
    struct overview overview; /* of FAKE_METRICS and FAKE_REPORT */
    struct worker workers[FAKE_WORKERS_MAX];
    unsigned worker_count;
    const char *fresh_caps; /* JSON; NULL: all capabilities */
};

/* The patterns of its channels, most specific first:
 *   "plain:*"   no history, no presence
 *   "latest:*"  the same; slow readers get the newest message only
 *   "loud:*"    3 messages for 10 s, presence, join and leave
 *   "patient:*" presence, join, and leave after 10 s
 *   "*"         5 messages for 60 s, presence */
struct fake_instance *fake_instance_new(unsigned workers);

void fake_instance_free(struct fake_instance *fake);

/* Turns all workers until no work is left. */
void fake_instance_turn(struct fake_instance *fake);

/* The sum of a metric over all workers. */
uint64_t fake_instance_metric(const struct fake_instance *fake,
                              enum metric metric);

/* The number of errors with a code sent by all workers. */
uint64_t fake_instance_faults(const struct fake_instance *fake,
                              enum fault fault);

/* An owned reference to caps parsed from JSON. */
struct caps *fake_caps(const char *json);

#endif
