/* scenario: the interface between the generator and its scenarios.
 *
 * Owner:   static tables; state is in run->shared and worker->own.
 * Thread:  see the comment of each function.
 * Limits:  callbacks about a link must not open that link, because it may be
 *          being read; open links in `turn`.
 * Failure: prepare prints the reason and returns false; nothing else fails.
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
    const char *operation; /* the counted unit: "an echo" */
    const char *operations;
    bool counts_openings; /* the operation is a handshake, not a delivery */
    bool closes;          /* the operation includes the end of the connection */
    bool ends_on_stall;   /* without arrivals, none will follow */

    /* Main, first of all: sets options that were left open. */
    void (*adjust)(struct bench_options *options);
    /* Main, before the threads start: checks options, allocates state. */
    bool (*prepare)(struct bench_run *run);
    void (*release)(struct bench_run *run);
    /* Main: the number of links opened before the span. */
    uint32_t (*held)(const struct bench_run *run);
    /* Main: called at the start of the measured span. */
    void (*unleash)(struct bench_run *run);
    /* Main, every few ms during the span: true ends it early. */
    bool (*is_over)(struct bench_run *run);

    /* Worker: called when traffic starts. */
    void (*begin)(struct bench_worker *worker);
    /* Worker: called in each loop turn during traffic. Returns the latest time
     * (ns) for the next call, UINT64_MAX for any time. */
    uint64_t (*turn)(struct bench_worker *worker);
    /* Worker: a link is open and joined. */
    void (*ready)(struct bench_link *link);
    /* Worker: a stamped text has arrived. */
    void (*stamped)(struct bench_link *link, const struct bench_stamp *stamp);
    /* Worker: another text has arrived. */
    void (*other)(struct bench_link *link, const unsigned char *text,
                  size_t len);
    /* Worker: a response has arrived. If set, links speak HTTP: their scripts
     * are requests, and the first response opens them. */
    void (*answered)(struct bench_link *link, int status);
    /* Worker: a link is down, for whatever reason. */
    void (*closed)(struct bench_link *link);
    /* Worker: at the end, counts the missing texts of an open link. */
    void (*settle)(struct bench_link *link);
};

/* All scenarios, ending with NULL. */
extern const struct scenario *const scenarios[];

/* By name, or NULL. */
const struct scenario *scenario_find(const char *name);

#endif
