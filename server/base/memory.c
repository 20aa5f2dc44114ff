#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memory_new(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    PANIC_IF(!memory);
    return memory;
}

void *memory_resize(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count ? count : 1, size);
    PANIC_IF(!memory);
    return memory;
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
