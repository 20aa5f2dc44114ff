/* The first bytes of a connection, written by an arbitrary peer: complete, and
 * each prefix, which must never give another result than the whole. */
#include <stdlib.h>

#include "fuzz.h"
#include "net/listen/proxy_header.h"
#include "net/peer/trusted_proxies.h"

static void check_header(const uint8_t *data, size_t size)
{
    struct proxy_header whole, part;
    const char *text = (const char *)data;
    enum proxy_header_state state =
        proxy_header_read((struct bytes){text, size}, &whole);
    if (state == PROXY_HEADER_GOOD &&
        (whole.len > size || whole.len > PROXY_HEADER_MAX))
        abort();
    for (size_t len = 0; len < size && len < PROXY_HEADER_MAX; len++) {
        enum proxy_header_state early =
            proxy_header_read((struct bytes){text, len}, &part);
        /* a valid header is valid from its last byte on, and not before */
        if (state == PROXY_HEADER_GOOD &&
            early !=
                (len < whole.len ? PROXY_HEADER_PARTIAL : PROXY_HEADER_GOOD))
            abort();
        if (early == PROXY_HEADER_BAD && state != PROXY_HEADER_BAD)
            abort();
    }
}

static void check_forwarded(const uint8_t *data, size_t size)
{
    static char all[] = "::/0", *ranges[] = {all};
    struct trusted_proxies *proxies = trusted_proxies_new(
        &(struct text_list){ranges, 1}, FORWARDED_X_FORWARDED_FOR);
    const struct ip_address peer = {{0}};
    trusted_proxies_client(proxies, &peer,
                           (struct bytes){(const char *)data, size});
    trusted_proxies_free(proxies);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_header(data, size);
    check_forwarded(data, size);
    return 0;
}
