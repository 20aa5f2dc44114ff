/* scenario: the interface between the machinery and what it plays.
 *
 * Owner:   static tables; state hangs at run->shared and worker->own.
 * Thread:  as each function says.
 * Limits:  callbacks about a link must not open that link: it may be in the
 *          middle of being read. Opening is for `turn`.
 * Failure: prepare prints why and answers false; nothing else fails.
 */
#ifndef PEAL_SCENARIO_H
#define PEAL_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_options;
struct bench_run;
struct bench_worker;
struct bench_link;
struct bench_stamp;

struct scenario {
    const char *name;
    const char *help;
    const char *operation; /* what is counted: "an echo" */
    const char *operations;
    bool counts_openings; /* the operation is a handshake, not a delivery */
    bool closes;          /* and the end of the connection belongs to it */
    bool ends_on_stall;   /* without arrivals there will never be any */

    /* Main, first of all: fills in options that were left open. */
    void (*adjust)(struct bench_options *options);
    /* Main, before the threads start: checks options, makes state. */
    bool (*prepare)(struct bench_run *run);
    void (*release)(struct bench_run *run);
    /* Main: how many links are opened before anything else. */
    uint32_t (*held)(const struct bench_run *run);
    /* Main: the measured span begins. */
    void (*unleash)(struct bench_run *run);
    /* Main, every few ms of the span: true ends it early. */
    bool (*is_over)(struct bench_run *run);

    /* Worker: traffic begins. */
    void (*begin)(struct bench_worker *worker);
    /* Worker: once each loop turn while there is traffic; returns when it
     * wants the next one at the latest (ns), UINT64_MAX for no matter. */
    uint64_t (*turn)(struct bench_worker *worker);
    /* Worker: a link is open and joined. */
    void (*ready)(struct bench_link *link);
    /* Worker: a stamped text has come. */
    void (*stamped)(struct bench_link *link, const struct bench_stamp *stamp);
    /* Worker: another text has come. */
    void (*other)(struct bench_link *link, const unsigned char *text,
                  size_t len);
    /* Worker: an answer has come. With this the links speak HTTP: their
     * scripts are requests, and the first answer opens them. */
    void (*answered)(struct bench_link *link, int status);
    /* Worker: a link has gone down, for whatever reason. */
    void (*closed)(struct bench_link *link);
    /* Worker: all is over; settle the accounts of an open link. */
    void (*settle)(struct bench_link *link);
};

/* All of them, ending with NULL. */
extern const struct scenario *const scenarios[];

/* By name, or NULL. */
const struct scenario *scenario_find(const char *name);

#endif
