#include "hooks/hook_answer.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/info.h"

enum member { ALLOW, STATUS, REASON, PAYLOAD, CAPS, INFO, EXPIRES, MEMBERS };

struct answer_slots {
    struct json_slot slots[MEMBERS];
};

static struct bytes raw(const struct answer_slots *answer, enum member member)
{
    return answer->slots[member].raw;
}

static bool is_word(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_of(word));
}

/* Its length, truncated between two characters to fit. */
static size_t cut_to_close_text(const char *text, size_t len)
{
    if (len <= CLOSE_TEXT_MAX)
        return len;
    len = CLOSE_TEXT_MAX;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* An invalid reason is omitted: the refusal still counts. */
static void read_reason(struct bytes text, struct question *question)
{
    enum { REASON_MAX = 1024 };
    char reason[REASON_MAX + 1];
    size_t len;
    if (!json_decode_string(text, reason, REASON_MAX, &len))
        return;
    len = cut_to_close_text(reason, len);
    if (!close_text_is_valid((struct bytes){reason, len}))
        return;
    memcpy(question->reason, reason, len);
    question->reason[len] = '\0';
}

static void read_refusal(const struct answer_slots *answer,
                         struct question *question)
{
    enum { STATUS_MIN = 400, STATUS_MAX = 599, STATUS_DEFAULT = 403 };
    uint64_t status;
    question->result = HOOK_REFUSED;
    question->status = STATUS_DEFAULT;
    if (json_decode_whole(raw(answer, STATUS), &status) &&
        status >= STATUS_MIN && status <= STATUS_MAX)
        question->status = (int)status;
    read_reason(raw(answer, REASON), question);
}

static bool read_payload(struct bytes payload, size_t max,
                         struct question *question, struct error *why)
{
    if (question->hook != HOOK_PUBLISH || !payload.len)
        return true;
    if (payload.len > max)
        return error_set(why, "payload: longer than limits.message_bytes");
    question->payload = memory_copy_text(payload.data, payload.len);
    return true;
}

static bool read_caps(struct bytes text, struct question *question,
                      struct error *why)
{
    if (question->hook != HOOK_CONNECT || !text.len)
        return true;
    struct error reason = {{0}};
    struct json *json = json_parse(text, false, &reason);
    question->caps = json ? caps_parse(json, &reason) : NULL;
    json_free(json);
    return question->caps || error_set(why, "caps: %.400s", reason.text);
}

static bool read_info(struct bytes text, struct question *question,
                      struct error *why)
{
    if (question->hook != HOOK_CONNECT || !text.len)
        return true;
    struct error reason;
    question->info = info_read(text, &reason);
    return question->info || error_set(why, "info: it %.400s", reason.text);
}

static bool read_expiry(struct bytes text, struct question *question,
                        struct error *why)
{
    uint64_t seconds;
    if (question->hook != HOOK_CONNECT || !text.len)
        return true;
    if (!json_decode_whole(text, &seconds) || seconds > INT64_MAX)
        return error_set(why, "expires: expected seconds since 1970");
    question->has_expiry = true;
    question->expires_seconds = (int64_t)seconds;
    return true;
}

static bool read_leave(const struct answer_slots *answer, size_t payload_max,
                       struct question *question, struct error *why)
{
    question->result = HOOK_ALLOWED;
    if (read_payload(raw(answer, PAYLOAD), payload_max, question, why) &&
        read_expiry(raw(answer, EXPIRES), question, why) &&
        read_info(raw(answer, INFO), question, why) &&
        read_caps(raw(answer, CAPS), question, why))
        return true;
    free(question->payload);
    free(question->info);
    question->payload = NULL;
    question->info = NULL;
    question->has_expiry = false;
    return false;
}

bool hook_answer_read(struct bytes body, size_t payload_max,
                      struct question *question, struct error *why)
{
    struct answer_slots answer = {{[ALLOW] = {.name = "allow"},
                                   [STATUS] = {.name = "status"},
                                   [REASON] = {.name = "reason"},
                                   [PAYLOAD] = {.name = "payload"},
                                   [CAPS] = {.name = "caps"},
                                   [INFO] = {.name = "info"},
                                   [EXPIRES] = {.name = "expires"}}};
    const char *reason;
    if (!json_scan_object(body, answer.slots, MEMBERS, &reason))
        return json_check_object(body, why);
    if (is_word(raw(&answer, ALLOW), "true"))
        return read_leave(&answer, payload_max, question, why);
    if (!is_word(raw(&answer, ALLOW), "false"))
        return error_set(why, "allow: expected true or false");
    read_refusal(&answer, question);
    return true;
}
