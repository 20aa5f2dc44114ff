/* Reports of all instances: fields of one hash, updated with each heartbeat,
 * and removed with the instance. */
#include "bus/redis/redis_instances.h"

#include <stdlib.h>

#include "base/json.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "messaging/watch/overview.h"

enum { INSTANCES_MAX = 256 }; /* listed instances */

void redis_instances_tell(struct redis_bus *bus)
{
    const struct overview *overview = bus->instance->overview;
    if (!overview || !overview->is_serving)
        return;
    struct buffer report = {0};
    overview->write_report(overview->arg, &report);
    char *key = redis_name(bus, "reports");
    const struct bytes words[] = {BYTES_LITERAL("HSET"), bytes_of(key),
                                  bytes_of(bus->presence.id),
                                  buffer_bytes(&report)};
    redis_send(bus, words, 4, NULL, NULL);
    free(key);
    buffer_deinit(&report);
}

void redis_instances_forget(struct redis_bus *bus, const char *id)
{
    char *key = redis_name(bus, "reports");
    const struct bytes words[] = {BYTES_LITERAL("HDEL"), bytes_of(key),
                                  bytes_of(id)};
    redis_send(bus, words, 3, NULL, NULL);
    free(key);
}

/* Alternating fields and values. */
static void on_listed(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    if (!redis_is_answered(request, reply))
        return;
    for (size_t i = 1;
         i < redis_push_count(reply) && request->name_count < INSTANCES_MAX;
         i += 2) {
        struct bytes report;
        if (redis_push_bytes(redis_push_element(reply, i), &report) &&
            report.len <= INSTANCE_REPORT_MAX && json_is_valid(report))
            request_add_name(request, report);
    }
    request_finish(request);
}

void redis_instances_list(struct redis_bus *bus, struct request *request)
{
    char *key = redis_name(bus, "reports");
    const struct bytes words[] = {BYTES_LITERAL("HGETALL"), bytes_of(key)};
    redis_send(bus, words, 2, on_listed, request);
    free(key);
}
