#include "bus/redis/redis_echo.h"

#include "base/clock.h"
#include "base/json.h"

void redis_echo_answered(struct redis_echo *echo, bool is_accepted,
                         uint64_t now_ms)
{
    echo->answered++;
    if (is_accepted && !echo->waits_ms && echo->heard < echo->answered)
        echo->waits_ms = now_ms;
}

bool redis_echo_take(struct redis_echo *echo, struct bytes text,
                     uint64_t now_ms)
{
    uint64_t number;
    if (!json_decode_uint(text, &number) || number <= echo->heard ||
        number > echo->sent)
        return false;
    echo->heard = number;
    echo->waits_ms = number < echo->answered ? now_ms : 0;
    return true;
}

void redis_echo_forgive(struct redis_echo *echo)
{
    echo->waits_ms = 0;
}

void redis_echo_excuse(struct redis_echo *echo, uint64_t late_ms)
{
    if (echo->waits_ms)
        echo->waits_ms += late_ms;
    if (echo->late_ms)
        echo->late_ms += late_ms;
}

void redis_echo_cut(struct redis_echo *echo)
{
    echo->waits_ms = 0;
    echo->answered = echo->sent; /* none of them will be answered */
}

static bool is_over(uint64_t since_ms, uint64_t timeout_ms, uint64_t now_ms)
{
    return clock_elapsed(now_ms, since_ms) > timeout_ms;
}

bool redis_echo_is_late(struct redis_echo *echo, uint32_t timeout_ms,
                        uint64_t now_ms)
{
    enum { PATIENCE = 10 };
    bool is_hearing = echo->pushes != echo->pushes_seen;
    echo->pushes_seen = echo->pushes;
    if (!echo->waits_ms) {
        echo->late_ms = 0;
        return false;
    }
    if (!echo->late_ms)
        echo->late_ms = now_ms;
    else if (is_hearing &&
             !is_over(echo->late_ms, (uint64_t)timeout_ms * PATIENCE, now_ms))
        echo->waits_ms = now_ms;
    return is_over(echo->waits_ms, timeout_ms, now_ms);
}
