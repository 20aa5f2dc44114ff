/* What each instance says of itself: a field of one hash, told with each
 * heartbeat, and taken out with the instance. */
#include <stdlib.h>

#include "base/json.h"
#include "bus/redis_bus.h"
#include "bus/redis_push.h"

enum { INSTANCES_MAX = 256 }; /* that are listed */

static void on_done(void *arg, const struct redisReply *reply)
{
    /* what is lost is told again with the next heartbeat */
    if (reply)
        redis_is_passing_error(arg, reply);
}

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
    redis_link_send(bus->commands, words, 4, on_done, bus);
    free(key);
    buffer_deinit(&report);
}

void redis_instances_forget(struct redis_bus *bus, const char *id)
{
    char *key = redis_name(bus, "reports");
    const struct bytes words[] = {BYTES_LITERAL("HDEL"), bytes_of(key),
                                  bytes_of(id)};
    redis_link_send(bus->commands, words, 3, on_done, bus);
    free(key);
}

/* Fields and values in turns. */
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
    redis_link_send(bus->commands, words, 2, on_listed, request);
    free(key);
}
