/* field: reads the fields of a command; private to api/.
 *
 * Owner:   what is read is the caller's, in its own arrays.
 * Thread:  the call's worker.
 * Limits:  a payload: limits.message_bytes; new work is refused while a worker
 *          has more waiting than limits.inbox_messages.
 * Failure: false: the part is refused, and the error names the field.
 */
#ifndef PEAL_API_FIELD_H
#define PEAL_API_FIELD_H

#include "api/call.h"
#include "base/ip_address.h"
#include "messaging/close_reason.h"
#include "messaging/names.h"

/* Refuses the part: the field `what`. Returns false. */
bool field_refuse(struct api_call *call, uint32_t part, enum field field,
                  const char *what);

/* A text of up to `size` bytes that `is_valid`; `expected`: what it must be. */
bool field_read_text(struct api_call *call, uint32_t part,
                     const struct json_slot *slots, enum field field,
                     bool (*is_valid)(struct bytes), const char *expected,
                     char *out, size_t size, struct bytes *text);

/* A name that the call's key reaches; beyond it: 403. */
bool field_read_channel(struct api_call *call, uint32_t part,
                        const struct json_slot *slots,
                        char out[CHANNEL_NAME_MAX], struct bytes *channel);

bool field_read_client(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, char out[CLIENT_ID_MAX],
                       struct bytes *client);

/* Whether there is memory for a long answer. */
bool field_has_memory(struct api_call *call, uint32_t part);

/* What the payload is; and whether there is room for new work. */
bool field_read_payload(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, struct bytes *payload);

/* For the close frame; it may be left out. */
bool field_read_reason(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, char out[CLOSE_TEXT_MAX],
                       struct bytes *reason);

/* Whether the call's key reaches everything. For what concerns others, too:
 * refuses the part otherwise. */
bool field_reaches_all(struct api_call *call, uint32_t part, enum field field);

/* An address or a range of them, behind which anybody may be. */
bool field_read_address(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, char out[IP_RANGE_TEXT],
                        struct bytes *address);

/* Leaves `limit` as it is where the field is absent; `max` at the most. */
/* Empty where there is none. */
bool field_read_event(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, char out[EVENT_TEXT_MAX],
                      struct bytes *event);

bool field_read_limit(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, uint32_t max,
                      uint32_t *limit);

#endif
