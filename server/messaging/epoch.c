#include "messaging/epoch.h"

#include <inttypes.h>
#include <stdio.h>

void epoch_encode(uint64_t epoch, char out[EPOCH_LEN + 1])
{
    snprintf(out, EPOCH_LEN + 1, "%016" PRIx64, epoch);
}

/* By hand: the C library's readers of numbers also take blanks, signs and 0x.
 */
bool epoch_decode(struct bytes text, uint64_t *epoch)
{
    *epoch = 0;
    if (text.len != EPOCH_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        uint64_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint64_t)(c - 'a' + 10);
        else
            return false;
        *epoch = *epoch << 4 | digit;
    }
    return true;
}
