#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *memory, size_t count, size_t size)
{
    if (memory)
        return memory;
    fprintf(stderr, "peal: out of memory: %zu times %zu bytes\n", count, size);
    abort();
}

void *memory_new(size_t count, size_t size)
{
    return check(calloc(count ? count : 1, size), count, size);
}

void *memory_resize(void *old, size_t count, size_t size)
{
    return check(reallocarray(old, count ? count : 1, size), count, size);
}

size_t memory_grown(size_t count)
{
    enum { BIG = 4096 };
    return count < BIG ? count * 2 : count + count / 4;
}

char *memory_copy_text(const char *data, size_t len)
{
    char *copy = memory_new(len + 1, 1);
    if (len)
        memcpy(copy, data, len);
    return copy;
}

void memory_panic(const char *file, int line, const char *why)
{
    fprintf(stderr, "peal: panic at %s:%d: %s\n", file, line, why);
    abort();
}
