#include "net/ip_counts.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

struct ip_count {
    unsigned char address[16];
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

static void write_key(const struct sockaddr *address, unsigned char key[16])
{
    memset(key, 0, 16);
    if (address->sa_family == AF_INET)
        memcpy(key, &((const struct sockaddr_in *)address)->sin_addr, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(key, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
}

struct ip_count *ip_counts_enter(struct ip_counts *counts,
                                 const struct sockaddr *address)
{
    unsigned char key[16];
    write_key(address, key);
    struct ip_count *count;
    pthread_mutex_lock(&counts->lock);
    HASH_FIND(hh, counts->first, key, sizeof key, count);
    if (!count) {
        count = memory_new(1, sizeof *count);
        memcpy(count->address, key, sizeof key);
        HASH_ADD(hh, counts->first, address, sizeof key, count);
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
