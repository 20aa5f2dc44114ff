#include "api/api_key_counts.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "api/answer.h"
#include "base/memory.h"

struct api_key_counts {
    _Atomic uint32_t references;
    _Atomic uint64_t of[ANSWER_STATUSES];
};

struct api_key_counts *api_key_counts_new(void)
{
    struct api_key_counts *counts = memory_new(1, sizeof *counts);
    atomic_init(&counts->references, 1);
    return counts;
}

struct api_key_counts *api_key_counts_ref(struct api_key_counts *counts)
{
    atomic_fetch_add_explicit(&counts->references, 1, memory_order_relaxed);
    return counts;
}

void api_key_counts_unref(struct api_key_counts *counts)
{
    if (atomic_fetch_sub_explicit(&counts->references, 1,
                                  memory_order_acq_rel) == 1)
        free(counts);
}

void api_key_counts_add(struct api_key_counts *counts, int status)
{
    size_t place = answer_find_status(status);
    if (place < ANSWER_STATUSES)
        atomic_fetch_add_explicit(&counts->of[place], 1, memory_order_relaxed);
}

void api_key_counts_write(const struct api_key_counts *counts, const char *name,
                          struct buffer *out)
{
    for (size_t i = 0; i < ANSWER_STATUSES; i++) {
        uint64_t count =
            atomic_load_explicit(&counts->of[i], memory_order_relaxed);
        if (!count)
            continue;
        buffer_append_text(out, "peal_api_key_requests_total{key=");
        buffer_append_json_string(out, bytes_of(name));
        buffer_append_format(out, ",status=\"%d\"} %llu\n",
                             answer_statuses[i].status,
                             (unsigned long long)count);
    }
}
