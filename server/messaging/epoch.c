#include "messaging/epoch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"

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
