#include "bus/redis/redis_outage.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum { LINES = 10, MINUTE_MS = 60000 };

/* Whether a new outage is logged individually. */
static bool count_outage(struct redis_outage *outage, const char *why,
                         uint64_t now_ms)
{
    if (now_ms - outage->minute_ms >= MINUTE_MS) {
        if (outage->outages > LINES && why)
            log_event(LOG_WARN, "Redis connection unstable",
                      LOG_TEXT("link", outage->name),
                      LOG_NUMBER("times", outage->outages),
                      LOG_TEXT("why", why));
        outage->minute_ms = now_ms;
        outage->outages = 0;
    }
    return ++outage->outages <= LINES;
}

static void log_why(struct redis_outage *outage, const char *message,
                    const char *why)
{
    snprintf(outage->why, sizeof outage->why, "%s", why);
    outage->is_told = true;
    log_event(LOG_WARN, message, LOG_TEXT("link", outage->name),
              LOG_NUMBER("attempts", outage->attempts), LOG_TEXT("why", why));
}

/* The first reason is usually a closed connection; the relevant one is why
 * reconnecting fails. */
static bool is_news(struct redis_outage *outage, const char *why,
                    uint64_t now_ms)
{
    return strncmp(outage->why, why, sizeof outage->why - 1) != 0 &&
           count_outage(outage, why, now_ms);
}

static void begin(struct redis_outage *outage, const char *why, uint64_t now_ms)
{
    outage->is_on = true;
    outage->attempts = 0;
    outage->next_ms = now_ms + MINUTE_MS;
    outage->is_told = outage->name && count_outage(outage, why, now_ms);
    outage->why[0] = '\0';
    if (outage->is_told && why)
        log_why(outage, "Redis connection lost", why);
}

void redis_outage_note(struct redis_outage *outage, const char *why,
                       uint64_t now_ms)
{
    if (!outage->is_on) {
        begin(outage, why, now_ms);
        return;
    }
    outage->attempts++;
    if (!outage->name ||
        (now_ms < outage->next_ms && !is_news(outage, why, now_ms)))
        return;
    outage->next_ms = now_ms + MINUTE_MS;
    log_why(outage, "Redis still unavailable", why);
}

void redis_outage_note_quietly(struct redis_outage *outage, uint64_t now_ms)
{
    if (!outage->is_on)
        begin(outage, NULL, now_ms);
    else
        outage->attempts++;
}

void redis_outage_end(struct redis_outage *outage)
{
    bool is_told = outage->is_on ? outage->is_told : !outage->was_well;
    if (outage->name && is_told)
        log_event(outage->is_on ? LOG_WARN : LOG_INFO, "Redis connected",
                  LOG_TEXT("link", outage->name));
    outage->is_on = false;
    outage->was_well = true;
}
