#include "messaging/fault.h"

#include "messaging/names.h"

static const struct fault_info table[FAULT_COUNT] = {
    [FAULT_NONE] = {"none", "", false, 200},
    [FAULT_BAD_REQUEST] = {"bad_request", "not a valid message", true, 400},
    [FAULT_UNKNOWN_TYPE] = {"unknown_type", "no such message type", true, 400},
    [FAULT_BINARY] = {"binary", "this protocol takes text only", true, 400},
    [FAULT_BAD_CHANNEL] = {"bad_channel", "channel must be " CHANNEL_NAME_RULE,
                           true, 400},
    [FAULT_NO_CHANNEL] = {"no_channel",
                          "channel may be left out only while exactly one is "
                          "subscribed",
                          true, 400},
    [FAULT_BAD_CLIENT] = {"bad_client", "to must be " CLIENT_ID_RULE, true,
                          400},
    [FAULT_BAD_EVENT] = {"bad_event", "event must be " EVENT_RULE, true, 400},
    [FAULT_BAD_SINCE] = {"bad_since",
                         "since must hold the epoch and offset once given",
                         true, 400},
    [FAULT_FORBIDDEN] = {"forbidden", "the token does not allow this", false,
                         403},
    [FAULT_REFUSED] = {"refused", "the application refused this", false, 403},
    [FAULT_ALREADY_SUBSCRIBED] = {"already_subscribed",
                                  "this connection has that channel", false,
                                  400},
    [FAULT_NOT_SUBSCRIBED] = {"not_subscribed",
                              "this connection does not have that channel",
                              false, 400},
    [FAULT_CANCELLED] = {"cancelled", "unsubscribed before it was done", false,
                         400},
    [FAULT_NO_PRESENCE] = {"no_presence", "the channel keeps no presence",
                           false, 404},
    [FAULT_NO_HISTORY] = {"no_history", "the channel keeps no history", false,
                          404},
    [FAULT_TOO_MANY_CHANNELS] = {"too_many_channels",
                                 "the limit of channels is reached", false,
                                 503},
    [FAULT_BAD_TOKEN] = {"bad_token", "the token is not valid", true, 400},
    [FAULT_UNAVAILABLE] = {"unavailable", "try again later", false, 503},
    [FAULT_NOT_STORED] = {"not_stored",
                          "Redis takes no messages: it is out of memory, or "
                          "read-only",
                          false, 503},
};

const struct fault_info *fault_info(enum fault fault)
{
    return &table[fault];
}
