#include "bus/redis/redis_writes.h"

#include "base/clock.h"
#include "base/log.h"
#include "bus/redis/redis_push.h"

enum { ASK_MS = 1000, TELL_MS = 60000 };

/* Without Sentinels or a cluster, there is no failover to wait for. */
static bool is_alone(const struct redis_bus *bus)
{
    return !bus->url.master && !bus->url.is_cluster;
}

static bool is_write(const struct request *request)
{
    return request->kind == REQUEST_PUBLISH ||
           request->kind == REQUEST_TICKET || request->kind == REQUEST_BAN ||
           request->kind == REQUEST_UNBAN;
}

bool redis_writes_would_refuse(const struct redis_bus *bus,
                               const struct request *request)
{
    const struct redis_writes *writes = &bus->writes;
    if (!is_write(request))
        return false;
    if (!bus->is_serving)
        return writes->are_refused || (bus->proof.misfit && is_alone(bus));
    return writes->are_refused &&
           clock_elapsed(clock_steady_ms(), writes->refused_ms) < ASK_MS;
}

bool redis_writes_is_read_only(const struct redisReply *reply)
{
    return redis_push_has_error(reply, "READONLY");
}

/* Publishes in flight fail together: see publish.lua. */
bool redis_writes_is_refusal(const struct redis_bus *bus,
                             const struct redisReply *reply)
{
    return redis_push_has_error(reply, "OOM") ||
           redis_push_has_error(reply, "MISCONF") ||
           (is_alone(bus) && redis_writes_is_read_only(reply)) ||
           (bus->writes.are_refused &&
            redis_push_has_error(reply, "TRYAGAIN the publish before"));
}

void redis_writes_note_refusal(struct redis_bus *bus,
                               const struct redisReply *reply)
{
    struct redis_writes *writes = &bus->writes;
    uint64_t now = clock_steady_ms();
    if (!writes->are_refused || now - writes->told_ms >= TELL_MS) {
        writes->told_ms = now;
        log_event(LOG_ERROR, "Redis refuses writes",
                  LOG_TEXT("error", redis_push_error(reply)));
    }
    writes->are_refused = true;
    writes->refused_ms = now;
}

void redis_writes_note_done(struct redis_bus *bus)
{
    if (bus->writes.are_refused)
        log_event(LOG_WARN, "Redis accepts writes again");
    bus->writes.are_refused = false;
}
