#include "messaging/audit.h"

#include <stdatomic.h>

#include "base/log.h"

enum { FIELDS_MAX = 10 };

static _Atomic enum audit_level chosen = AUDIT_CHANGES;

void audit_setup(enum audit_level level)
{
    chosen = level;
}

bool audit_is_on(bool is_change)
{
    enum audit_level level = chosen;
    return level == AUDIT_ALL || (level == AUDIT_CHANGES && is_change);
}

/* A searchable outcome; the status has the details. */
static const char *outcome_of(int status)
{
    if (status < 400)
        return "ok";
    return status < 500 ? "refused" : "failed";
}

void audit_write(const struct audit_entry *entry)
{
    struct log_field fields[FIELDS_MAX] = {
        LOG_TEXT("kind", "audit"),
        LOG_TEXT("action", entry->action),
        LOG_TEXT("key", entry->key),
        LOG_TEXT("address", entry->address),
        LOG_NUMBER("status", entry->status),
        LOG_TEXT("outcome", outcome_of(entry->status)),
    };
    const struct log_field optional[] = {
        LOG_BYTES("client", entry->client),
        LOG_BYTES("channel", entry->channel),
        LOG_BYTES("target", entry->target),
        LOG_BYTES("reason", entry->reason),
    };
    size_t count = 6;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        if (optional[i].text.len)
            fields[count++] = optional[i];
    log_write_always(LOG_INFO, "Administrative action", fields);
}
