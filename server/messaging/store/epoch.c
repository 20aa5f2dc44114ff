#include "messaging/store/epoch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/random.h"

/* Milliseconds, with random low bits that differ between instances. */
uint64_t epoch_after(uint64_t known)
{
    enum { RANDOM_BITS = 20 };
    uint64_t random = random_uint64() >> (64 - RANDOM_BITS);
    uint64_t epoch = (uint64_t)clock_wall_ms() << RANDOM_BITS | random;
    return epoch > known ? epoch : known + 1;
}

void epoch_encode(uint64_t epoch, char out[EPOCH_LEN + 1])
{
    snprintf(out, EPOCH_LEN + 1, "%016" PRIx64, epoch);
}

bool epoch_decode(struct bytes text, uint64_t *epoch)
{
    unsigned char bytes[EPOCH_LEN / 2];
    *epoch = 0;
    if (!hex_decode(text, bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        *epoch = *epoch << 8 | bytes[i];
    return true;
}
