#include "messaging/operation_refusal.h"

#include "base/log.h"
#include "messaging/connection.h"
#include "messaging/refusal_log.h"
#include "messaging/worker.h"

/* Counts and records it; fills in the address for the log. */
static void note_refusal(const struct connection *connection,
                         enum refusal_kind kind, enum refusal_reason reason,
                         struct bytes channel, const char *why,
                         char address[IP_ADDRESS_TEXT])
{
    struct worker *worker = connection->worker;
    struct refusal_entry entry = {
        .kind = kind,
        .reason = reason,
        .client = bytes_of(connection_client_id(connection)),
        .channel = channel,
        .detail = bytes_of(why),
    };
    address[0] = '\0';
    if (connection->transport->address)
        connection->transport->address(connection, address);
    ip_address_parse(bytes_of(address), &entry.address);
    metrics_count_refusal(&worker->metrics, kind, reason);
    refusal_log_note(worker->instance->refusal_log, &entry);
}

void operation_refusal_note(const struct connection *connection,
                            enum refusal_reason reason, struct bytes channel,
                            const char *why)
{
    char address[IP_ADDRESS_TEXT];
    note_refusal(connection, REFUSED_OPERATION, reason, channel, why, address);
    log_limited(LOG_INFO, 5, "Operation refused", LOG_TEXT("address", address),
                LOG_TEXT("client", connection_client_id(connection)),
                LOG_BYTES("channel", channel),
                LOG_TEXT("reason", refusal_reason_info(reason)->name),
                LOG_TEXT("detail", why));
}

static const char *word_of(enum capability what)
{
    switch (what) {
    case CAN_SUBSCRIBE:
        return "subscribe: the token does not grant sub for this channel";
    case CAN_PUBLISH:
        return "publish: the token does not grant pub for this channel";
    case CAN_SEE_PRESENCE:
        return "presence: the token does not grant prs for this channel";
    case CAN_SEE_HISTORY:
        return "history: the token does not grant hst for this channel";
    case CAN_SEND_DIRECT:
        return "direct: the token does not grant dir for this client";
    case CAN_HIDE: /* never checked here */
        break;
    }
    return "";
}

enum fault operation_refusal_check_event(const struct connection *connection,
                                         enum capability what,
                                         struct bytes name, struct bytes event)
{
    if (caps_allow_event(connection->identity.caps, what, name, event))
        return FAULT_NONE;
    operation_refusal_note(connection, REFUSAL_FORBIDDEN,
                           what == CAN_SEND_DIRECT ? (struct bytes){0} : name,
                           word_of(what));
    return FAULT_FORBIDDEN;
}

enum fault operation_refusal_check(const struct connection *connection,
                                   enum capability what, struct bytes name)
{
    return operation_refusal_check_event(connection, what, name,
                                         (struct bytes){0});
}

void operation_refusal_of_refresh(struct connection *connection,
                                  enum refusal_reason reason, const char *why)
{
    char address[IP_ADDRESS_TEXT];
    note_refusal(connection, REFUSED_REFRESH, reason, (struct bytes){0}, why,
                 address);
    log_limited(LOG_INFO, 5, "Token refresh refused",
                LOG_TEXT("address", address),
                LOG_TEXT("client", connection_client_id(connection)),
                LOG_TEXT("reason", refusal_reason_info(reason)->name),
                LOG_TEXT("detail", why));
}
