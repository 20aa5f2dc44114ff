#include "base/random.h"

#include <sys/random.h>

#include "base/memory.h"

void random_fill(void *out, size_t len)
{
    /* up to 256 bytes getrandom is never cut short (getrandom(2)) */
    PANIC_IF(len > 256);
    PANIC_IF(getrandom(out, len, 0) != (ssize_t)len);
}

uint64_t random_uint64(void)
{
    uint64_t number;
    random_fill(&number, sizeof number);
    return number;
}
