/* The Forwarded headers of a request. Data written by a client must not change
 * what a proxy reports in a later line. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/peer/forwarded.h"

static const char last[] = "for=\"[2001:db8::1]:80\";proto=https;by=_x\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct forwarded_hop alone[FORWARDED_MAX];
    struct forwarded_hop behind[FORWARDED_MAX];
    struct forwarded_hop wanted = {.is_https = true};
    char *text = malloc(size + sizeof last);
    memcpy(text, data, size);
    size_t count = forwarded_read((struct bytes){text, size}, alone);
    if (count > FORWARDED_MAX)
        abort();
    text[size] = '\n';
    memcpy(text + size + 1, last, sizeof last - 1);
    size_t more =
        forwarded_read((struct bytes){text, size + sizeof last}, behind);
    ip_address_parse(bytes_of("2001:db8::1"), &wanted.from);
    if (!more || memcmp(&behind[0], &wanted, sizeof wanted) != 0)
        abort();
    /* and the others are shifted by one */
    size_t same = more - 1 < count ? more - 1 : count;
    if ((count < FORWARDED_MAX && more != count + 1) ||
        memcmp(alone, behind + 1, same * sizeof *alone) != 0)
        abort();
    free(text);
    return 0;
}
