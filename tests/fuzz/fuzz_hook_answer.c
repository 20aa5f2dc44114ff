/* Answers of a hostile application to each kind of question. */
#include "base/json.h"
#include "base/memory.h"
#include "fuzz.h"
#include "hooks/hook_answer.h"

enum { PAYLOAD_MAX = 64 };

/* Only requested data is returned, and all of it is valid. */
static void check(const struct question *question)
{
    bool is_refused = question->result == HOOK_REFUSED;
    struct bytes payload = bytes_of(question->payload);
    PANIC_IF(is_refused && (payload.len || question->caps));
    PANIC_IF(is_refused != (question->status != 0));
    PANIC_IF(question->status && question->status / 100 != 4 &&
             question->status / 100 != 5);
    PANIC_IF(!close_text_is_valid(bytes_of(question->reason)));
    PANIC_IF(payload.len > PAYLOAD_MAX);
    PANIC_IF(payload.len && !json_is_valid(payload));
    PANIC_IF(payload.len && question->hook != HOOK_PUBLISH);
    PANIC_IF(question->hook != HOOK_CONNECT &&
             (question->caps || question->has_expiry));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = {(const char *)data, size};
    for (enum hook hook = 0; hook < HOOK_COUNT; hook++) {
        struct error why;
        struct question *question = memory_new(1, sizeof *question);
        question->hook = hook;
        if (hook_answer_read(body, PAYLOAD_MAX, question, &why))
            check(question);
        else
            PANIC_IF(question->payload || question->caps ||
                     question->has_expiry);
        question_free(question);
    }
    return 0;
}
