/* A gap counts as lost at once. If the text arrives later, it counts as out of
 * order instead. This keeps the count correct at any time, even if the run ends
 * early. */
#include "bench_seen.h"

enum { MEMORY = 64 };

void bench_seen_from_start(struct bench_seen *self)
{
    *self = (struct bench_seen){.joined = true};
}

void bench_seen_from_now(struct bench_seen *self)
{
    *self = (struct bench_seen){.joined = false};
}

static void skip_ahead(struct bench_seen *self, uint32_t gap)
{
    uint64_t holes = gap >= MEMORY - 1 ? ~0ull : (1ull << gap) - 1;
    uint64_t old = gap >= MEMORY - 1 ? 0 : self->missing << (gap + 1);

    self->missing = old | holes << 1;
    self->next += gap + 1;
}

static bool take_earlier(struct bench_seen *self, uint32_t back,
                         struct bench_tally *tally)
{
    if (back >= MEMORY || !(self->missing >> back & 1)) {
        tally->doubled++;
        return false;
    }
    self->missing &= ~(1ull << back);
    tally->lost--;
    tally->reordered++;
    return true;
}

bool bench_seen_odd(struct bench_seen *self, uint32_t sequence,
                    struct bench_tally *tally)
{
    if (!self->joined) {
        *self = (struct bench_seen){.next = sequence + 1, .joined = true};
        return true;
    }
    if ((int32_t)(sequence - self->next) < 0)
        return take_earlier(self, self->next - 1 - sequence, tally);

    tally->lost += sequence - self->next;
    skip_ahead(self, sequence - self->next);
    return true;
}

void bench_seen_end(const struct bench_seen *self, uint32_t published,
                    struct bench_tally *tally)
{
    if (self->joined && (int32_t)(published - self->next) > 0)
        tally->overdue += published - self->next;
}
