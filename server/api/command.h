/* command: the table of backend commands; private to api/.
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
    COMMAND_BROADCAST, /* publishes to several channels */
    COMMAND_BATCH      /* a list of commands */
};

struct command {
    const char *name;
    unsigned scope; /* required scope; 0: checked per command */
    enum command_kind kind;
    bool is_change;        /* affects clients or access: audited */
    bool shows_all;        /* only for unrestricted keys */
    bool is_about_client;  /* the name in its path is a client id */
    bool is_for_protocols; /* internal: not callable by backends */
    void (*run)(struct api_call *call, uint32_t part,
                const struct json_slot *slots);
};

extern const struct command *const command_publish;

/* The command of that name, or NULL. */
const struct command *command_named(const char *name);

/* Counts the subscribers of each of `channels`. */
extern const struct command *const command_counts;

/* The command named by a raw JSON string if batches may have it, or NULL. */
const struct command *command_find(const struct api_call *call,
                                   struct bytes raw);

/* Starts the audit entry of a part, if the command is audited. `slots`: NULL if
 * none could be read. */
void command_audit(const struct command *command, struct api_call *call,
                   uint32_t part, const struct json_slot *slots);

/* The same for a request that is refused before there is a call. `channel`: as
 * given in the path. */
void command_audit_refused(const struct command *command, const char *key,
                           const struct ip_address *client,
                           struct bytes channel, int status);

/* Executes the command, or refuses the part. */
void command_run(const struct command *command, struct api_call *call,
                 uint32_t part, const struct json_slot *slots);

#endif
