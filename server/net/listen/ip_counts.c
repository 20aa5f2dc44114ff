#include "net/listen/ip_counts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

struct ip_count {
    struct ip_address address;
    _Atomic uint32_t sockets;
    UT_hash_handle hh;
};

struct ip_counts {
    pthread_mutex_t lock;
    struct ip_count *first;
};

struct ip_counts *ip_counts_new(void)
{
    struct ip_counts *counts = memory_new(1, sizeof *counts);
    pthread_mutex_init(&counts->lock, NULL);
    return counts;
}

void ip_counts_free(struct ip_counts *counts)
{
    PANIC_IF(counts->first);
    pthread_mutex_destroy(&counts->lock);
    free(counts);
}

struct ip_count *ip_counts_enter(struct ip_counts *counts,
                                 const struct ip_address *address)
{
    struct ip_count *count;
    pthread_mutex_lock(&counts->lock);
    HASH_FIND(hh, counts->first, address, sizeof *address, count);
    if (!count) {
        count = memory_new(1, sizeof *count);
        count->address = *address;
        HASH_ADD(hh, counts->first, address, sizeof count->address, count);
    }
    count->sockets++;
    pthread_mutex_unlock(&counts->lock);
    return count;
}

void ip_counts_leave(struct ip_counts *counts, struct ip_count *count)
{
    pthread_mutex_lock(&counts->lock);
    if (!--count->sockets) {
        HASH_DEL(counts->first, count);
        free(count);
    }
    pthread_mutex_unlock(&counts->lock);
}

uint32_t ip_count_sockets(const struct ip_count *count)
{
    return count->sockets;
}

const struct ip_address *ip_count_address(const struct ip_count *count)
{
    return &count->address;
}
