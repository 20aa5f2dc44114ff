/* tickets: what lets a client in once, and is known for a short time; for a
 * bus to embed.
 *
 * Owner:   the struct owns its tickets; tickets_clear frees them.
 * Thread:  one at a time.
 * Limits:  a ticket is known until its end; how many there may be is the
 *          embedding bus's business.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_TICKETS_H
#define PEAL_MESSAGING_TICKETS_H

#include <stdint.h>

#include "base/bytes.h"

/* 128 bits in hexadecimal digits. */
enum { TICKET_LEN = 32, TICKET_SECONDS = 30, TICKET_SECONDS_MAX = 3600 };

/* What a ticket opens; a dashboard's connection ends after so long. */
enum ticket_kind { TICKET_FOR_CLIENT = 'c', TICKET_FOR_DASHBOARD = 'd' };
enum { DASHBOARD_SECONDS = 900 };

struct ticket;

/* A zeroed struct knows no ticket. */
struct tickets {
    struct ticket *items; /* a hash, oldest first */
};

/* Writes a new one that nobody can guess, terminated. */
void ticket_make(char out[TICKET_LEN + 1]);

bool ticket_is_valid(struct bytes ticket);

/* Whom a ticket lets in with what: the kind, the client, a newline, which no
 * client id has, the info or nothing, a newline, which no info has, and the
 * caps as JSON or nothing; as an owned text. */
char *ticket_content(enum ticket_kind kind, struct bytes client,
                     struct bytes info, struct bytes caps);

struct ticket_view {
    enum ticket_kind kind;
    struct bytes client;
    struct bytes info; /* as info_read gave it; empty: none */
    struct bytes caps; /* empty: none */
};

/* The same, taken apart; false for a text of another shape. */
bool ticket_content_read(const char *content, struct ticket_view *ticket);

/* Takes `content`. */
void tickets_add(struct tickets *tickets, const char *ticket, char *content,
                 int64_t end_ms);

/* What was added, as an owned text, once; NULL if it is not known. */
char *tickets_take(struct tickets *tickets, const char *ticket, int64_t now_ms);

/* Forgets what has ended; how many. */
uint32_t tickets_expire(struct tickets *tickets, int64_t now_ms);

void tickets_clear(struct tickets *tickets);

#endif
