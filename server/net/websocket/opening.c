#include "net/websocket/opening.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/http/request_head.h"

struct opening *opening_new(const struct request_head *head, size_t text_len)
{
    struct bytes key = head->fields[FIELD_SEC_WEBSOCKET_KEY];
    struct opening *opening = memory_new(1, sizeof *opening + text_len);
    if (key.len == OPENING_KEY)
        memcpy(opening->key, key.data, OPENING_KEY);
    opening->names_protocol =
        head->fields[FIELD_SEC_WEBSOCKET_PROTOCOL].len > 0;
    return opening;
}

void opening_free(struct opening *opening)
{
    if (!opening)
        return;
    free(opening->channels);
    free(opening->cors);
    free(opening->last_event_id);
    free(opening);
}
