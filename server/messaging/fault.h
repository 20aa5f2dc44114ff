/* fault: the table of reasons for refusing an operation.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_FAULT_H
#define PEAL_MESSAGING_FAULT_H

#include <stdbool.h>

enum fault {
    FAULT_NONE,
    FAULT_BAD_REQUEST,
    FAULT_UNKNOWN_TYPE,
    FAULT_BINARY,
    FAULT_BAD_CHANNEL,
    FAULT_NO_CHANNEL,
    FAULT_BAD_CLIENT,
    FAULT_BAD_EVENT,
    FAULT_BAD_SINCE,
    FAULT_FORBIDDEN,
    FAULT_REFUSED,
    FAULT_ALREADY_SUBSCRIBED,
    FAULT_NOT_SUBSCRIBED,
    FAULT_CANCELLED,
    FAULT_NO_PRESENCE,
    FAULT_NO_HISTORY,
    FAULT_TOO_MANY_CHANNELS,
    FAULT_BAD_TOKEN,
    FAULT_UNAVAILABLE,
    FAULT_NOT_STORED,
    FAULT_COUNT
};

struct fault_info {
    const char *code; /* for programs */
    const char *text; /* for humans */
    bool is_bad;      /* counts towards limits.bad_messages */
    int status;       /* status of an HTTP response */
};

const struct fault_info *fault_info(enum fault fault);

#endif
