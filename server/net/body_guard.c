/* libwebsockets 4.1 and 4.3 hold input that came too early in a list. Two of
 * its steps look into it when they should not:
 *
 * - A request with a body, itself read from that list (it was pipelined), has
 *   its body read from the list's first piece, which is the very one that its
 *   headers stand in and that is not taken off yet: it reads the headers as
 *   body, and then loops for ever. Seeing an empty list it goes on with what
 *   stands behind the headers, as it does with every other request.
 * - A socket that is paused while the list holds something is asked to become
 *   writable, which it is at once, and that event is then passed over, again
 *   and again.
 *
 * So the function by which it looks into the list says "empty" in these two
 * steps, and passes on everything else. */
#include "net/body_guard.h"

#include <libwebsockets.h>

#include "base/overridden.h"

OVERRIDDEN(lws_buflist_next_segment_len)

static __thread bool is_asked;
static __thread bool expects_body;
static __thread bool is_pausing;

size_t lws_buflist_next_segment_len(struct lws_buflist **head, uint8_t **buf)
{
    is_asked = true;
    bool is_hidden = is_pausing || expects_body;
    expects_body = false;
    if (!is_hidden)
        return original_lws_buflist_next_segment_len(head, buf);
    if (buf)
        *buf = NULL;
    return 0;
}

bool body_guard_works(void)
{
    return is_asked;
}

void body_guard_expect_body(void)
{
    expects_body = true;
}

void body_guard_pause(struct lws *wsi)
{
    is_pausing = true;
    lws_rx_flow_control(wsi, 0);
    is_pausing = false;
}
