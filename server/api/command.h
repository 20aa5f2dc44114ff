/* command: what a backend may ask for, as one table; private to api/.
 *
 * Owner:   the table is static.
 * Thread:  the call's worker.
 * Limits:  a payload: limits.message_bytes; new work is refused while a worker
 *          has more waiting than limits.inbox_messages.
 * Failure: the part is refused, and the error names the field.
 */
#ifndef PEAL_API_COMMAND_H
#define PEAL_API_COMMAND_H

#include "api/call.h"
#include "base/json.h"

enum command_kind {
    COMMAND_SINGLE,
    COMMAND_BROADCAST, /* a publish for each of several channels */
    COMMAND_BATCH      /* a list of commands */
};

struct command {
    const char *name;
    unsigned scope; /* what a key must be allowed; 0: judged one by one */
    enum command_kind kind;
    bool is_change;       /* it concerns clients and who may connect: audited */
    bool shows_all;       /* only for keys that reach everything */
    bool is_about_client; /* a name in its path is a client's */
    bool is_for_protocols; /* no request of a backend names it */
    void (*run)(struct api_call *call, uint32_t part,
                const struct json_slot *slots);
};

extern const struct command *const command_publish;

/* The command of that name; NULL when there is none. */
const struct command *command_named(const char *name);

/* How many subscribe to each of `channels`. */
extern const struct command *const command_counts;

/* The command that a batch may hold, named by a raw JSON string, or NULL. */
const struct command *command_find(const struct api_call *call,
                                   struct bytes raw);

/* Keeps what the audit log will say about a part, if the command is audited.
 * `slots`: NULL where none could be read. */
void command_audit(const struct command *command, struct api_call *call,
                   uint32_t part, const struct json_slot *slots);

/* The same for a request that is refused before there is a call. `channel`:
 * as it stands in the path. */
void command_audit_refused(const struct command *command, const char *key,
                           const struct ip_address *client,
                           struct bytes channel, int status);

/* Asks, or refuses the part. */
void command_run(const struct command *command, struct api_call *call,
                 uint32_t part, const struct json_slot *slots);

#endif
