#include "fake_random.h"

#include <stdatomic.h>
#include <string.h>

#include "base/random.h"

static _Atomic uint64_t last;

void fake_random_restart(void)
{
    last = 0;
}

uint64_t random_uint64(void)
{
    return ++last;
}

void random_fill(void *out, size_t len)
{
    memset(out, (int)random_uint64(), len);
}
