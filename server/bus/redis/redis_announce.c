#include "bus/redis/redis_announce.h"

#include <stdio.h>
#include <stdlib.h>

#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"

/* The channel of one instance, or of all. */
static char *name_of(const struct redis_bus *bus, const char *instance)
{
    char name[sizeof "control:" + REDIS_ID_LEN];
    snprintf(name, sizeof name, "control%s%s", instance ? ":" : "",
             instance ? instance : "");
    return redis_name(bus, name);
}

void redis_announce_subscribe(struct redis_bus *bus)
{
    char *own = name_of(bus, bus->id);
    char *control = name_of(bus, NULL);
    const struct bytes words[] = {BYTES_LITERAL("SUBSCRIBE"), bytes_of(own),
                                  bytes_of(control)};
    redis_link_push(bus->subscriptions, words, 3);
    free(own);
    free(control);
}

void redis_announce(struct redis_bus *bus, const char *instance,
                    const struct envelope *envelope, redis_answer *answer,
                    void *arg)
{
    struct buffer text = {0};
    redis_envelope_encode(envelope, &text);
    char *control = name_of(bus, instance);
    const struct bytes words[] = {BYTES_LITERAL("PUBLISH"), bytes_of(control),
                                  buffer_bytes(&text)};
    redis_link_send(bus->commands, words, 3, answer, arg);
    free(control);
    buffer_deinit(&text);
}
