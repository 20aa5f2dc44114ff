#include "auth/words.h"

static bool is_one_of(char c, const char *separators)
{
    return c != '\0' && strchr(separators, c);
}

bool words_next(struct bytes *rest, const char *separators, struct bytes *word)
{
    if (!rest->len)
        return false;
    size_t start = 0;
    while (start < rest->len && is_one_of(rest->data[start], separators))
        start++;
    size_t end = start;
    while (end < rest->len && !is_one_of(rest->data[end], separators))
        end++;
    *word = (struct bytes){rest->data + start, end - start};
    *rest = bytes_skip(*rest, end);
    return word->len > 0;
}
