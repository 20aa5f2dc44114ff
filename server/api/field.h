/* field: reads the fields of a command; private to api/.
 *
 * Owner:   results are written to the caller's arrays.
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

/* Refuses the part because of the field: `what`. Returns false. */
bool field_refuse(struct api_call *call, uint32_t part, enum field field,
                  const char *what);

/* Reads a string of up to `size` bytes that passes `is_valid`; `expected`
 * describes the valid form. */
bool field_read_text(struct api_call *call, uint32_t part,
                     const struct json_slot *slots, enum field field,
                     bool (*is_valid)(struct bytes), const char *expected,
                     char *out, size_t size, struct bytes *text);

/* Reads a name; 403 if the call's key may not access it. */
bool field_read_channel(struct api_call *call, uint32_t part,
                        const struct json_slot *slots,
                        char out[CHANNEL_NAME_MAX], struct bytes *channel);

bool field_read_client(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, char out[CLIENT_ID_MAX],
                       struct bytes *client);

/* Whether there is memory for a long answer. */
bool field_has_memory(struct api_call *call, uint32_t part);

/* Reads the payload, and checks that there is room for new work. */
bool field_read_payload(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, struct bytes *payload);

/* Reads the optional reason for the close frame. */
bool field_read_reason(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, char out[CLOSE_TEXT_MAX],
                       struct bytes *reason);

/* Whether the call's key is unrestricted; refuses the part otherwise. Required
 * for commands that affect others, too. */
bool field_reaches_all(struct api_call *call, uint32_t part, enum field field);

/* Reads an address or a range. */
bool field_read_address(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, char out[IP_RANGE_TEXT],
                        struct bytes *address);

/* Reads a limit, capped at `max`; leaves `limit` unchanged if absent. */
/* Empty if absent. */
bool field_read_event(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, char out[EVENT_TEXT_MAX],
                      struct bytes *event);

bool field_read_limit(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, uint32_t max,
                      uint32_t *limit);

#endif
