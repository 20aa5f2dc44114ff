/* bench_seen: which texts of a publisher a receiver has received.
 *
 * Owner:   embedded, one per pair of receiver and publisher.
 * Thread:  the receiver's worker.
 * Limits:  late and duplicate texts are distinguished up to 64 texts back.
 * Failure: none; errors are counted in struct bench_tally.
 */
#ifndef PEAL_BENCH_SEEN_H
#define PEAL_BENCH_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct bench_tally {
    int64_t lost;    /* decreases when a late text fills its gap */
    int64_t overdue; /* missing at the end of the run */
    int64_t doubled;
    int64_t reordered;
    int64_t stray; /* a stamp of a stream that this receiver did not join */
};

struct bench_seen {
    uint32_t next;    /* the next expected sequence number */
    uint32_t joined;  /* false: the first text received is the start */
    uint64_t missing; /* bit k: next - 1 - k is missing */
};

/* Expects the stream from its first text. */
void bench_seen_from_start(struct bench_seen *self);

/* Expects the stream from the first text received, for a receiver that joins
 * later. */
void bench_seen_from_now(struct bench_seen *self);

/* Handles any unexpected sequence number; call bench_seen_take. */
bool bench_seen_odd(struct bench_seen *self, uint32_t sequence,
                    struct bench_tally *tally);

/* Called when the time is up and the stream has `published` texts: missing ones
 * are overdue. */
void bench_seen_end(const struct bench_seen *self, uint32_t published,
                    struct bench_tally *tally);

/* Takes one text; true if it is not a duplicate. */
static inline bool bench_seen_take(struct bench_seen *self, uint32_t sequence,
                                   struct bench_tally *tally)
{
    if (sequence != self->next || self->missing || !self->joined)
        return bench_seen_odd(self, sequence, tally);
    self->next++;
    return true;
}

#endif
