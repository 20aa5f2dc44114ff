/* bench_reader: what comes in on a link: the HTTP answer, then frames.
 *
 * Owner:   nobody; the state is the link's.
 * Thread:  the link's worker.
 * Limits:  one recv for each event, however much there is.
 * Failure: by bench_link_fail.
 */
#ifndef PEAL_BENCH_READER_H
#define PEAL_BENCH_READER_H

struct bench_link;

/* Reads once and tells the scenario what has come. */
void bench_reader_read(struct bench_link *self);

#endif
