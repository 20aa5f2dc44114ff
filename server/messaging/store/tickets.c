#include "messaging/store/tickets.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/random.h"

struct ticket {
    char text[TICKET_LEN + 1];
    char *content;
    int64_t end_ms;
    UT_hash_handle hh;
};

void ticket_make(char out[TICKET_LEN + 1])
{
    unsigned char secret[TICKET_LEN / 2];
    random_fill(secret, sizeof secret);
    hex_encode(secret, sizeof secret, out);
}

bool ticket_is_valid(struct bytes ticket)
{
    unsigned char secret[TICKET_LEN / 2];
    return hex_decode(ticket, secret, sizeof secret);
}

char *ticket_content(enum ticket_kind kind, struct bytes client,
                     struct bytes info, struct bytes caps)
{
    struct buffer text = {0};
    buffer_append_char(&text, (char)kind);
    buffer_append(&text, client);
    buffer_append_char(&text, '\n');
    buffer_append(&text, info);
    buffer_append_char(&text, '\n');
    buffer_append(&text, caps);
    buffer_text(&text);
    return text.data;
}

/* The text before the next newline; `text` moves after it. */
static bool take_line(struct bytes *text, struct bytes *line)
{
    const char *end = text->len ? memchr(text->data, '\n', text->len) : NULL;
    if (!end)
        return false;
    *line = (struct bytes){text->data, (size_t)(end - text->data)};
    *text = bytes_skip(*text, line->len + 1);
    return true;
}

bool ticket_content_read(const char *content, struct ticket_view *ticket)
{
    if (*content != TICKET_FOR_CLIENT && *content != TICKET_FOR_DASHBOARD)
        return false;
    ticket->kind = (enum ticket_kind) * content;
    ticket->caps = bytes_of(content + 1);
    return take_line(&ticket->caps, &ticket->client) &&
           take_line(&ticket->caps, &ticket->info);
}

static void forget(struct tickets *tickets, struct ticket *ticket)
{
    HASH_DEL(tickets->items, ticket);
    free(ticket->content);
    free(ticket);
}

void tickets_add(struct tickets *tickets, const char *text, char *content,
                 int64_t end_ms)
{
    struct ticket *ticket = memory_new(1, sizeof *ticket);
    memcpy(ticket->text, text, TICKET_LEN);
    ticket->content = content;
    ticket->end_ms = end_ms;
    HASH_ADD_STR(tickets->items, text, ticket);
}

char *tickets_take(struct tickets *tickets, const char *text, int64_t now_ms)
{
    struct ticket *ticket;
    HASH_FIND_STR(tickets->items, text, ticket);
    if (!ticket)
        return NULL;
    char *content = ticket->end_ms > now_ms ? ticket->content : NULL;
    if (content)
        ticket->content = NULL;
    forget(tickets, ticket);
    return content;
}

uint32_t tickets_expire(struct tickets *tickets, int64_t now_ms)
{
    uint32_t count = 0;
    struct ticket *ticket;
    struct ticket *next;
    HASH_ITER(hh, tickets->items, ticket, next)
    {
        if (ticket->end_ms > now_ms)
            continue;
        forget(tickets, ticket);
        count++;
    }
    return count;
}

void tickets_clear(struct tickets *tickets)
{
    tickets_expire(tickets, INT64_MAX);
}
