/* names: validates client ids, channel names and events.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  CLIENT_ID_MAX, CHANNEL_NAME_MAX and EVENT_MAX bytes.
 * Failure: false; the checks also report what is wrong, and where.
 */
#ifndef PEAL_MESSAGING_NAMES_H
#define PEAL_MESSAGING_NAMES_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text_list.h"

enum {
    CLIENT_ID_MAX = 128,
    CHANNEL_NAME_MAX = 164,
    EVENT_MAX = 64,
    EVENT_TEXT_MAX = 200
};

/* The rules as text, for errors and help. */
#define CLIENT_ID_RULE    "1 to 128 bytes of UTF-8 without control characters"
#define CHANNEL_NAME_RULE "1 to 164 of A-Z a-z 0-9 _ - = @ , . ; : # $ /"
#define EVENT_RULE        "1 to 64 of A-Z a-z 0-9 _ . : -"

/* Control characters are C0, DEL and C1. An id is compared byte by byte and
 * never normalized: "é" in its two spellings is two ids. */
bool client_id_is_valid(struct bytes id);

bool channel_name_is_valid(struct bytes name);

/* The name of an event. */
bool event_is_valid(struct bytes event);

/* The rule for protocols with other event names: 1 to EVENT_TEXT_MAX bytes of
 * UTF-8 without control characters. */
bool event_text_is_valid(struct bytes event);

/* The same, with the reason: "must be <rule>; found U+0020 at character 3". */
bool client_id_check(struct bytes id, struct error *why);
bool channel_name_check(struct bytes name, struct error *why);
bool event_check(struct bytes event, struct error *why);

/* Decodes a raw JSON string that a scan has accepted into `out`, unterminated,
 * and checks it. `why` may be NULL. */
bool client_id_decode(struct bytes raw, char out[CLIENT_ID_MAX],
                      struct bytes *id, struct error *why);
bool channel_name_decode(struct bytes raw, char out[CHANNEL_NAME_MAX],
                         struct bytes *name, struct error *why);
bool event_decode(struct bytes raw, char out[EVENT_MAX], struct bytes *event,
                  struct error *why);

/* A channel name, or a prefix followed by *. */
bool channel_pattern_is_valid(const char *pattern);

/* The same for an event. */
bool event_pattern_is_valid(const char *pattern);

/* `pattern` is the name itself, or a prefix of it followed by *. A * in the
 * name has no special meaning. */
bool name_matches(const char *pattern, struct bytes name);

/* Whether one of these patterns matches. */
bool name_matches_any(const struct text_list *patterns, struct bytes name);

/* Whether one of these patterns matches everything that `pattern` matches. */
bool name_patterns_cover(const struct text_list *patterns, const char *pattern);

#endif
