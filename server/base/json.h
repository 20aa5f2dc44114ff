/* json: reading JSON (RFC 8259), in two ways.
 *
 * A scan checks a text strictly and points at the members of its top-level
 * object without allocating; what it points at can be passed on byte by byte,
 * so numbers keep all their digits. It refuses what common parsers cannot
 * represent: lone surrogates, and numbers beyond a double. A tree (cJSON)
 * serves where that is not needed: config files and claims.
 *
 * Owner:   a scan borrows the text; a tree is owned and freed by json_free,
 *          what is read from it is borrowed.
 * Thread:  any.
 * Limits:  JSON_DEPTH_MAX levels of nesting; names that are looked for have
 *          JSON_NAME_MAX bytes at most.
 * Failure: false or NULL, with the reason in words.
 */
#ifndef PEAL_BASE_JSON_H
#define PEAL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { JSON_DEPTH_MAX = 64, JSON_NAME_MAX = 256 };

/* A member to look for, and its value as it stands in the text (len 0 when
 * the object has no such member; the last one when it has several). A null
 * counts as no member, as serializers write it for one: except where null is a
 * value like any other. */
struct json_slot {
    const char *name;
    struct bytes raw;
    bool keeps_null;
};

/* Checks all of `text`, which must be an object, and fills the slots.
 * On false `why` tells what is wrong; the slots are then worthless. */
bool json_scan_object(struct bytes text, struct json_slot *slots, size_t count,
                      const char **why);

/* The same for what is read and not passed on, as tokens are: an issuer may put
 * a name that it cut within a character beside what we look for. */
bool json_scan_token(struct bytes text, struct json_slot *slots, size_t count,
                     const char **why);

/* The elements of a JSON array that a scan has found good, one by one: `array`
 * is the array at first, and what is left of it later. False at its end, and
 * when it is no array. */
bool json_next_element(struct bytes *array, struct bytes *raw);

/* Whether the text begins as an array does. */
bool json_is_list(struct bytes text);

/* Whether all of `text` is one JSON value of any kind. */
bool json_is_valid(struct bytes text);

/* The same, and why not: "lone surrogate at byte 12", counted from 1. */
bool json_check(struct bytes text, struct error *why);
bool json_check_object(struct bytes text, struct error *why);

/* Decodes the raw JSON string `raw` into `out` as UTF-8, not terminated.
 * False when it is no string, does not fit, or has a lone surrogate. */
bool json_decode_string(struct bytes raw, char *out, size_t size, size_t *len);

/* A non-negative whole number that fits 64 bits, as a JSON number: 50, 50.0
 * and 5e1 are the same. */
bool json_decode_whole(struct bytes raw, uint64_t *out);

/* The same, of digits alone: for what is no JSON. */
bool json_decode_uint(struct bytes raw, uint64_t *out);

/* The value of a member of an object that json_scan_object has refused, as
 * raw text, where it can be told: a valid string, number or word that stands
 * there once. Empty otherwise. */
struct bytes json_find_scalar(struct bytes text, const char *name);

/* One value of a tree. */
struct json;

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* Parses a whole text; comments of both C styles are allowed when asked for.
 * Returns an owned tree, or NULL with line and reason in `error`. */
struct json *json_parse(struct bytes text, bool comments, struct error *error);

void json_free(struct json *json);

enum json_type json_type_of(const struct json *json);

/* What a type is called in messages: "a string", "a number", ... */
const char *json_type_name(enum json_type type);

/* Whether there is a value: NULL and a null are none. */
bool json_is_given(const struct json *json);

/* The member of that exact name, the last one when there are several, or
 * NULL. */
const struct json *json_member(const struct json *object, const char *name);

/* The first element or member of an array or object, then the next; NULL at
 * the end. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *json);

/* A member's own name; NULL for an array's element. */
const char *json_name(const struct json *json);

/* The value, of the type it was asked to be: text for a string, number for a
 * number, bool for a bool. */
const char *json_text(const struct json *json);
double json_number(const struct json *json);
bool json_bool(const struct json *json);

#endif
