#include "base/resolver.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/thread.h"

/* Shared by the caller and the thread: the last one frees it. */
struct resolver {
    char *host;
    char port[8];
    struct resolver_result
        result; /* used by the thread until `state` changes */
    _Atomic int state;
    _Atomic int owners;
};

static void take_family(struct resolver_result *result,
                        const struct addrinfo *found, int family)
{
    for (; found; found = found->ai_next) {
        struct resolver_address *item = &result->items[result->count];
        if (found->ai_family != family ||
            result->count == (size_t)RESOLVER_ADDRESSES)
            continue;
        memcpy(&item->address, found->ai_addr, found->ai_addrlen);
        item->len = found->ai_addrlen;
        result->count++;
    }
}

static enum resolver_state look_up(struct resolver *resolver, int flags)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = flags};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(resolver->host, resolver->port, &hints, &found);
    if (code) {
        resolver->result.why = gai_strerror(code);
        return RESOLVER_FAILED;
    }
    take_family(&resolver->result, found, AF_INET);
    take_family(&resolver->result, found, AF_INET6);
    freeaddrinfo(found);
    return RESOLVER_DONE;
}

static void drop(struct resolver *resolver)
{
    if (atomic_fetch_sub(&resolver->owners, 1) > 1)
        return;
    free(resolver->host);
    free(resolver);
}

static void *run(void *arg)
{
    struct resolver *resolver = arg;
    enum resolver_state state = look_up(resolver, AI_ADDRCONFIG);
    atomic_store(&resolver->state, state);
    drop(resolver);
    return NULL;
}

struct resolver *resolver_new(const char *host, uint16_t port)
{
    struct resolver *resolver = memory_new(1, sizeof *resolver);
    pthread_t thread;
    resolver->host = memory_copy_text(host, strlen(host));
    snprintf(resolver->port, sizeof resolver->port, "%u", port);
    atomic_init(&resolver->owners, 1);
    atomic_init(&resolver->state, RESOLVER_WORKING);
    if (look_up(resolver, AI_NUMERICHOST) == RESOLVER_DONE) {
        atomic_store(&resolver->state, RESOLVER_DONE);
        return resolver;
    }
    atomic_store(&resolver->owners, 2);
    thread_start(&thread, run, resolver);
    pthread_detach(thread);
    return resolver;
}

enum resolver_state resolver_poll(const struct resolver *resolver,
                                  struct resolver_result *result)
{
    enum resolver_state state =
        (enum resolver_state)atomic_load(&resolver->state);
    if (state != RESOLVER_WORKING)
        *result = resolver->result;
    return state;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver)
        drop(resolver);
}
