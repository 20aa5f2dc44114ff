/* Frames, requests and text as they are checked on the way in: however the bytes
 * are cut, the checks say the same. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "net/frame_check.h"
#include "net/head_check.h"

struct run {
    struct frame_check check;
    struct buffer passed;
    struct buffer pings;
};

static void on_ping(void *arg, struct bytes payload)
{
    struct run *run = arg;
    buffer_append(&run->pings, payload);
    buffer_append_char(&run->pings, '|');
}

static bool is_over(const struct run *run)
{
    return run->check.is_broken || run->check.is_over;
}

/* In pieces of `step`, each in a block of its own. */
static void feed(struct run *run, const uint8_t *data, size_t size, size_t step)
{
    size_t start = 0;
    for (size_t end = 0; end < size && !is_over(run);) {
        end = end + step < size ? end + step : size;
        size_t len = end - start;
        char *piece = memory_new(len, 1);
        memcpy(piece, data + start, len);
        size_t good = frame_check(&run->check, piece, len, on_ping, run);
        PANIC_IF(good > len);
        buffer_append(&run->passed, (struct bytes){piece, good});
        free(piece);
        start += good;
        PANIC_IF(!is_over(run) && end - start > FRAME_CHECK_HELD);
    }
}

static void check_frames(const uint8_t *data, size_t size, size_t step)
{
    struct run whole = {0};
    struct run cut = {0};
    feed(&whole, data, size, size);
    feed(&cut, data, size, step);
    PANIC_IF(whole.check.is_broken != cut.check.is_broken);
    PANIC_IF(whole.check.is_over != cut.check.is_over);
    PANIC_IF(
        !bytes_equal(buffer_bytes(&whole.passed), buffer_bytes(&cut.passed)));
    PANIC_IF(
        !bytes_equal(buffer_bytes(&whole.pings), buffer_bytes(&cut.pings)));
    buffer_deinit(&whole.passed);
    buffer_deinit(&whole.pings);
    buffer_deinit(&cut.passed);
    buffer_deinit(&cut.pings);
}

/* By the definition: decode, and see that encoding gives the same. */
static bool is_utf8(const uint8_t *at, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    while (left) {
        size_t len = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        uint32_t code = len == 1 ? *at : *at & (0xffu >> (len + 1));
        if ((*at >= 0x80 && *at < 0xc0) || *at > 0xf7 || len > left)
            return false;
        for (size_t i = 1; i < len; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (at[i] & 0x3f);
        }
        if (code < smallest[len] || code > 0x10ffff ||
            (code >= 0xd800 && code < 0xe000))
            return false;
        at += len;
        left -= len;
    }
    return true;
}

static void check_text(const uint8_t *data, size_t size, size_t step)
{
    struct utf8 state = {0};
    bool good = true;
    for (size_t at = 0; at < size && good; at += step) {
        size_t len = at + step < size ? step : size - at;
        good = utf8_check(&state, (struct bytes){(const char *)data + at, len});
    }
    good = good && utf8_is_whole(&state);
    PANIC_IF(good != is_utf8(data, size));
}

/* The bytes that are given on, in pieces of `step`. */
static void feed_head(struct head_check *check, struct buffer *given,
                      const uint8_t *data, size_t size, size_t step)
{
    for (size_t at = 0; at < size && !check->is_broken;) {
        size_t len = at + step < size ? step : size - at;
        char *piece = memory_new(len, 1);
        memcpy(piece, data + at, len);
        struct head_share share = head_check(check, piece, len);
        PANIC_IF(!share.taken || share.taken > len);
        PANIC_IF(share.given > share.taken);
        buffer_append(given, (struct bytes){piece, share.given});
        free(piece);
        at += share.taken;
    }
}

static void check_heads(const uint8_t *data, size_t size, size_t step)
{
    struct head_check whole = {0};
    struct head_check cut = {0};
    struct buffer given = {0};
    struct buffer given_cut = {0};
    feed_head(&whole, &given, data, size, size);
    feed_head(&cut, &given_cut, data, size, step);
    PANIC_IF(whole.is_broken != cut.is_broken);
    PANIC_IF(!bytes_equal(buffer_bytes(&given), buffer_bytes(&given_cut)));
    PANIC_IF(!bytes_equal(buffer_bytes(&whole.forwarded),
                          buffer_bytes(&cut.forwarded)));
    buffer_deinit(&given);
    buffer_deinit(&given_cut);
    head_check_deinit(&whole);
    head_check_deinit(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t step = data[0] % 64 + 1;
    check_heads(data + 1, size - 1, step);
    check_frames(data + 1, size - 1, step);
    check_text(data + 1, size - 1, step);
    return 0;
}
