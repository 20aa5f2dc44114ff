/* bench_reader: incoming data of a link: the HTTP response, then frames.
 *
 * Owner:   nobody; the state is the link's.
 * Thread:  the link's worker.
 * Limits:  one recv per event, however much data is waiting.
 * Failure: bench_link_fail.
 */
#ifndef PEAL_BENCH_READER_H
#define PEAL_BENCH_READER_H

struct bench_link;

/* Reads once and passes received texts to the scenario. */
void bench_reader_read(struct bench_link *self);

#endif
