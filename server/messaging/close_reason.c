#include "messaging/close_reason.h"

#include "base/utf8.h"

#define CLOSE_FITS(reason, name, code, text, flush)                            \
    _Static_assert(sizeof text - 1 <= CLOSE_TEXT_MAX, name);
CLOSE_REASONS(CLOSE_FITS)

static const struct close_reason_info table[CLOSE_REASON_COUNT] = {
#define CLOSE_ROW(reason, name, code, text, flush) {name, code, text, flush},
    CLOSE_REASONS(CLOSE_ROW)
#undef CLOSE_ROW
};

const struct close_reason_info *close_reason_info(enum close_reason reason)
{
    return &table[reason];
}

bool close_text_is_valid(struct bytes text)
{
    return text.len <= CLOSE_TEXT_MAX && utf8_is_valid(text) &&
           !(text.len && memchr(text.data, 0, text.len));
}
