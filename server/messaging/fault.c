#include "messaging/fault.h"

#include "messaging/names.h"

static const struct fault_info table[FAULT_COUNT] = {
    [FAULT_NONE] = {"none", "", false, 200},
    [FAULT_BAD_REQUEST] = {"bad_request", "the message is malformed", true,
                           400},
    [FAULT_UNKNOWN_TYPE] = {"unknown_type", "unknown message type", true, 400},
    [FAULT_BINARY] = {"binary", "this protocol accepts only text messages",
                      true, 400},
    [FAULT_BAD_CHANNEL] = {"bad_channel", "channel must be " CHANNEL_NAME_RULE,
                           true, 400},
    [FAULT_NO_CHANNEL] =
        {"no_channel",
         "channel may be omitted only while exactly one is subscribed", true,
         400},
    [FAULT_BAD_CLIENT] = {"bad_client", "to must be " CLIENT_ID_RULE, true,
                          400},
    [FAULT_BAD_EVENT] = {"bad_event", "event must be " EVENT_RULE, true, 400},
    [FAULT_BAD_SINCE] =
        {"bad_since",
         "since must contain an epoch and offset sent by the server", true,
         400},
    [FAULT_FORBIDDEN] = {"forbidden", "the token does not allow this", false,
                         403},
    [FAULT_REFUSED] = {"refused", "the application refused this", false, 403},
    [FAULT_ALREADY_SUBSCRIBED] = {"already_subscribed",
                                  "already subscribed to this channel", false,
                                  400},
    [FAULT_NOT_SUBSCRIBED] = {"not_subscribed",
                              "not subscribed to this channel", false, 400},
    [FAULT_CANCELLED] = {"cancelled",
                         "unsubscribed before the request completed", false,
                         400},
    [FAULT_NO_PRESENCE] = {"no_presence",
                           "presence is disabled for this channel", false, 404},
    [FAULT_NO_HISTORY] = {"no_history", "history is disabled for this channel",
                          false, 404},
    [FAULT_TOO_MANY_CHANNELS] = {"too_many_channels",
                                 "the channel limit is reached", false, 503},
    [FAULT_BAD_TOKEN] = {"bad_token", "the token is not valid", true, 400},
    [FAULT_UNAVAILABLE] = {"unavailable", "try again later", false, 503},
    [FAULT_NOT_STORED] =
        {"not_stored",
         "Redis accepts no writes: it is out of memory or read-only", false,
         503},
};

const struct fault_info *fault_info(enum fault fault)
{
    return &table[fault];
}
