/* bench_seen: what one receiver has had of one publisher's texts.
 *
 * Owner:   embedded, one for each pair of receiver and publisher.
 * Thread:  the receiver's worker.
 * Limits:  a late text is told from a doubled one up to 64 places back.
 * Failure: none; what is wrong is counted in struct bench_tally.
 */
#ifndef PEAL_BENCH_SEEN_H
#define PEAL_BENCH_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct bench_tally {
    int64_t lost;    /* goes down again when a late text closes its gap */
    int64_t overdue; /* had not come when the run ended */
    int64_t doubled;
    int64_t reordered;
    int64_t stray; /* a stamp of a stream that this receiver never joined */
};

struct bench_seen {
    uint32_t next;    /* the sequence number that should come now */
    uint32_t joined;  /* false: the first text to come sets the beginning */
    uint64_t missing; /* bit k: next - 1 - k has not come */
};

/* Expects the stream from its first text on. */
void bench_seen_from_start(struct bench_seen *self);

/* Expects it from whatever comes first: for one who joins in the middle. */
void bench_seen_from_now(struct bench_seen *self);

/* The way out of the ordinary; call bench_seen_take. */
bool bench_seen_odd(struct bench_seen *self, uint32_t sequence,
                    struct bench_tally *tally);

/* The stream ended after `published` texts, and the time is up: what has
 * not come is overdue. */
void bench_seen_end(const struct bench_seen *self, uint32_t published,
                    struct bench_tally *tally);

/* Takes one text; true when it came for the first time. */
static inline bool bench_seen_take(struct bench_seen *self, uint32_t sequence,
                                   struct bench_tally *tally)
{
    if (sequence != self->next || self->missing || !self->joined)
        return bench_seen_odd(self, sequence, tally);
    self->next++;
    return true;
}

#endif
