/* A heap rather than a timer wheel: waits range from seconds to minutes, and a
 * heap of a few thousand entries is only a dozen levels deep. */
#include "bench_alarm.h"

#include <stdlib.h>

#include "bench_link.h"

bool bench_alarm_init(struct bench_alarm *self, uint32_t room)
{
    self->heap = calloc(room ? room : 1, sizeof(struct bench_link *));
    self->count = 0;
    self->room = room;
    return self->heap;
}

void bench_alarm_deinit(struct bench_alarm *self)
{
    free(self->heap);
    self->heap = NULL;
}

static bool is_before(const struct bench_alarm *self, uint32_t a, uint32_t b)
{
    return self->heap[a]->wake_at < self->heap[b]->wake_at;
}

static void swap(struct bench_alarm *self, uint32_t a, uint32_t b)
{
    struct bench_link *kept = self->heap[a];

    self->heap[a] = self->heap[b];
    self->heap[b] = kept;
}

void bench_alarm_set(struct bench_alarm *self, struct bench_link *link,
                     uint64_t at)
{
    if (self->count == self->room)
        abort();
    uint32_t i = self->count++;

    link->wake_at = at;
    self->heap[i] = link;
    for (; i && is_before(self, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(self, i, (i - 1) / 2);
}

uint64_t bench_alarm_next(const struct bench_alarm *self)
{
    return self->count ? self->heap[0]->wake_at : UINT64_MAX;
}

static void sink(struct bench_alarm *self, uint32_t i)
{
    for (;;) {
        uint32_t first = i;
        for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < self->count && is_before(self, child, first))
                first = child;
        if (first == i)
            return;
        swap(self, i, first);
        i = first;
    }
}

struct bench_link *bench_alarm_take(struct bench_alarm *self, uint64_t now)
{
    if (bench_alarm_next(self) > now)
        return NULL;

    struct bench_link *link = self->heap[0];
    self->heap[0] = self->heap[--self->count];
    sink(self, 0);
    return link;
}
