/* Messages published by a hostile Redis: decoded, converted, encoded again. */
#include <stdlib.h>

#include "base/memory.h"
#include "bus/redis/redis_envelope.h"
#include "fuzz.h"

/* An envelope is unchanged after it is written and read again. */
static void check_round_trip(const struct envelope *envelope)
{
    struct buffer text = {0};
    struct envelope again;
    redis_envelope_encode(envelope, &text);
    PANIC_IF(!redis_envelope_decode(buffer_bytes(&text), &again));
    PANIC_IF(again.kind != envelope->kind);
    PANIC_IF(again.position.offset != envelope->position.offset);
    PANIC_IF(!bytes_equal(again.target, envelope->target));
    PANIC_IF(!bytes_equal(again.from, envelope->from));
    PANIC_IF(!bytes_equal(again.event, envelope->event));
    PANIC_IF(!bytes_equal(again.info, envelope->info));
    PANIC_IF(!bytes_equal(again.trace, envelope->trace));
    PANIC_IF(!bytes_equal(again.payload, envelope->payload));
    buffer_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope envelope;
    struct bytes text = {(const char *)data, size};
    if (!redis_envelope_decode(text, &envelope))
        return 0;
    struct message *message =
        redis_envelope_message(&envelope, bytes_of("room"));
    message_unref(message);
    if (envelope.target.len && envelope.kind != ENVELOPE_PUBLICATION)
        check_round_trip(&envelope);
    return 0;
}
