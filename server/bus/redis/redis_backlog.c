#include "bus/redis/redis_backlog.h"

#include "base/clock.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_writes.h"

static void fail(struct redis_bus *bus, struct request *request,
                 enum metric metric, enum fault fault)
{
    metrics_add(&bus->metrics, metric, 1);
    request->fault = fault;
    request_finish(request);
}

void redis_refuse(struct redis_bus *bus, struct request *request)
{
    fail(bus, request, METRIC_REDIS_UNAVAILABLE, FAULT_UNAVAILABLE);
}

void redis_refuse_write(struct redis_bus *bus, struct request *request)
{
    fail(bus, request, METRIC_REDIS_NOT_STORED, FAULT_NOT_STORED);
}

static void insert(struct request **first, struct request **last,
                   struct request *request)
{
    struct request **at = first;
    /* usually at the end */
    if (*last && (*last)->number < request->number)
        at = &(*last)->next;
    while (*at && (*at)->number < request->number)
        at = &(*at)->next;
    request->next = *at;
    *at = request;
    if (!request->next)
        *last = request;
}

void redis_backlog_add(struct redis_bus *bus, struct request *request)
{
    insert(&bus->backlog, &bus->backlog_last, request);
    bus->backlog_count++;
}

void redis_backlog_stall(struct redis_bus *bus, struct request *request)
{
    insert(&bus->stalled, &bus->stalled_last, request);
    bus->backlog_count++;
}

/* Merges two sorted lists. */
void redis_backlog_resume(struct redis_bus *bus)
{
    struct request *stalled = bus->stalled;
    struct request **at = &bus->backlog;
    if (!stalled)
        return;
    while (stalled) {
        while (*at && (*at)->number < stalled->number)
            at = &(*at)->next;
        struct request *next = stalled->next;
        stalled->next = *at;
        *at = stalled;
        stalled = next;
    }
    if (!bus->backlog_last ||
        bus->backlog_last->number < bus->stalled_last->number)
        bus->backlog_last = bus->stalled_last;
    bus->stalled = bus->stalled_last = NULL;
}

struct request *redis_backlog_take(struct redis_bus *bus)
{
    struct request *request = bus->backlog;
    bus->backlog = request->next;
    if (!bus->backlog)
        bus->backlog_last = NULL;
    bus->backlog_count--;
    return request;
}

bool redis_is_answered(struct request *request, const struct redisReply *reply)
{
    struct redis_bus *bus = request->bus_data;
    bus->in_flight--;
    if (redis_writes_is_refusal(bus, reply)) {
        redis_writes_note_refusal(bus, reply);
        redis_refuse_write(bus, request);
        return false;
    }
    if (!reply || redis_is_passing_error(reply)) {
        redis_backlog_add(bus, request);
        return false;
    }
    if (redis_push_error(reply)) {
        redis_refuse(bus, request);
        return false;
    }
    if (request->kind == REQUEST_PUBLISH)
        redis_writes_note_done(bus);
    return true;
}

void redis_expire_backlog(struct redis_bus *bus, uint64_t now_ms)
{
    uint64_t patience_ms = (uint64_t)bus->options->backlog_seconds * 1000;
    redis_backlog_resume(bus);
    struct request *kept = bus->backlog;
    bus->backlog = bus->backlog_last = NULL;
    bus->backlog_count = 0;
    while (kept) {
        struct request *request = kept;
        kept = kept->next;
        if (clock_elapsed(now_ms, request->since_ms) > patience_ms)
            redis_refuse(bus, request);
        else
            redis_backlog_add(bus, request);
    }
}
