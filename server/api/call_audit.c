#include "api/call_audit.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/audit.h"

struct audit_text {
    char text[AUDIT_TEXT_MAX];
    size_t len;
};

struct call_audit {
    struct call_actor actor;
    struct audit_text client;
    struct audit_text channel;
    struct audit_text target;
    struct audit_text reason;
};

/* Other values, and too long strings, are logged as sent. */
static void read_text(struct bytes raw, struct audit_text *out)
{
    out->len = 0;
    if (!raw.len ||
        json_decode_string(raw, out->text, sizeof out->text, &out->len))
        return;
    out->len = raw.len < sizeof out->text ? raw.len : sizeof out->text;
    memcpy(out->text, raw.data, out->len);
}

static struct bytes view(const struct audit_text *text)
{
    return (struct bytes){text->text, text->len};
}

struct call_audit *call_audit_new(const struct call_actor *actor,
                                  const struct call_target *target)
{
    struct call_audit *audit = memory_new(1, sizeof *audit);
    audit->actor = *actor;
    read_text(target->client, &audit->client);
    read_text(target->channel, &audit->channel);
    read_text(target->address, &audit->target);
    read_text(target->reason, &audit->reason);
    return audit;
}

void call_audit_write(struct call_audit *audit, int status)
{
    char address[IP_ADDRESS_TEXT];
    if (!audit)
        return;
    ip_address_print(&audit->actor.address, address);
    audit_write(&(struct audit_entry){
        .action = audit->actor.action,
        .key = audit->actor.key,
        .address = address,
        .client = view(&audit->client),
        .channel = view(&audit->channel),
        .target = view(&audit->target),
        .reason = view(&audit->reason),
        .status = status,
    });
    free(audit);
}
