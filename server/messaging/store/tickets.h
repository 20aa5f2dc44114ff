/* tickets: short-lived, single-use credentials of clients; embedded in a bus.
 *
 * Owner:   the struct owns its tickets; tickets_clear frees them.
 * Thread:  one at a time.
 * Limits:  a ticket is kept until it expires; the embedding bus limits their
 *          number.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_TICKETS_H
#define PEAL_MESSAGING_TICKETS_H

#include <stdint.h>

#include "base/bytes.h"

/* 128 bits in hexadecimal digits. */
enum { TICKET_LEN = 32, TICKET_SECONDS = 30, TICKET_SECONDS_MAX = 3600 };

/* The kinds of tickets; a dashboard connection ends after this time. */
enum ticket_kind { TICKET_FOR_CLIENT = 'c', TICKET_FOR_DASHBOARD = 'd' };
enum { DASHBOARD_SECONDS = 900 };

struct ticket;

/* A zeroed struct knows no ticket. */
struct tickets {
    struct ticket *items; /* a hash, oldest first */
};

/* Writes a new unguessable ticket, zero-terminated. */
void ticket_make(char out[TICKET_LEN + 1]);

bool ticket_is_valid(struct bytes ticket);

/* The content of a ticket as an owned text: the kind, the client, a newline,
 * the info or nothing, a newline, and the caps as JSON or nothing. Neither a
 * client id nor an info contains a newline. */
char *ticket_content(enum ticket_kind kind, struct bytes client,
                     struct bytes info, struct bytes caps);

struct ticket_view {
    enum ticket_kind kind;
    struct bytes client;
    struct bytes info; /* as returned by info_read; empty: none */
    struct bytes caps; /* empty: none */
};

/* Parses the content; false if it is malformed. */
bool ticket_content_read(const char *content, struct ticket_view *ticket);

/* Takes `content`. */
void tickets_add(struct tickets *tickets, const char *ticket, char *content,
                 int64_t end_ms);

/* Removes and returns the content, as an owned text; NULL for an unknown
 * ticket. */
char *tickets_take(struct tickets *tickets, const char *ticket, int64_t now_ms);

/* Removes expired tickets; returns their number. */
uint32_t tickets_expire(struct tickets *tickets, int64_t now_ms);

void tickets_clear(struct tickets *tickets);

#endif
