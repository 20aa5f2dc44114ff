/* json: reads JSON (RFC 8259), in two ways.
 *
 * A scan validates a text strictly and points at the members of its top-level
 * object without allocating. The raw values can be passed on unchanged, so
 * numbers keep all digits. It rejects values that common parsers cannot
 * represent: lone surrogates, and numbers beyond a double. A tree (cJSON) is
 * used where this does not matter: config files and claims.
 *
 * Owner:   a scan borrows the text; a tree is owned and freed by json_free,
 *          values read from it are borrowed.
 * Thread:  any.
 * Limits:  JSON_DEPTH_MAX levels of nesting; searched names have at most
 *          JSON_NAME_MAX bytes.
 * Failure: false or NULL, with the reason.
 */
#ifndef PEAL_BASE_JSON_H
#define PEAL_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { JSON_DEPTH_MAX = 64, JSON_NAME_MAX = 256 };

/* A member to look for, and its raw value (len 0 if the object has no such
 * member; the last one if it has several). A null counts as a missing member,
 * because serializers write it for one, unless null is a valid value. */
struct json_slot {
    const char *name;
    struct bytes raw;
    bool keeps_null;
};

/* Checks all of `text`, which must be an object, and fills the slots.
 * On false, `why` holds the reason and the slots are undefined. */
bool json_scan_object(struct bytes text, struct json_slot *slots, size_t count,
                      const char **why);

/* The same for texts that are not passed on, such as tokens. It accepts other
 * members with lone surrogates: an issuer may have truncated a name within a
 * character. */
bool json_scan_token(struct bytes text, struct json_slot *slots, size_t count,
                     const char **why);

/* Iterates over the elements of a JSON array that a scan has validated: `array`
 * is the array at first, later the rest of it. False at its end, and for
 * anything but an array. */
bool json_next_element(struct bytes *array, struct bytes *raw);

/* Whether the text begins like an array. */
bool json_is_list(struct bytes text);

/* Whether all of `text` is one JSON value of any kind. */
bool json_is_valid(struct bytes text);

/* The same, and why not: "lone surrogate at byte 12", counted from 1. */
bool json_check(struct bytes text, struct error *why);
bool json_check_object(struct bytes text, struct error *why);

/* Decodes the raw JSON string `raw` into `out` as UTF-8, not terminated. False
 * if it is not a string, does not fit, or has a lone surrogate. */
bool json_decode_string(struct bytes raw, char *out, size_t size, size_t *len);

/* A non-negative whole number that fits 64 bits, as a JSON number: 50, 50.0
 * and 5e1 are the same. */
bool json_decode_whole(struct bytes raw, uint64_t *out);

/* The same, digits only, for non-JSON text. */
bool json_decode_uint(struct bytes raw, uint64_t *out);

/* The raw value of a member of an object that json_scan_object has rejected, if
 * it can be determined: a valid string, number or literal that occurs once.
 * Otherwise empty. */
struct bytes json_find_scalar(struct bytes text, const char *name);

/* A value in a tree. */
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

/* The name of a type in messages: "a string", "a number", ... */
const char *json_type_name(enum json_type type);

/* Whether there is a value other than null. */
bool json_is_given(const struct json *json);

/* The member of that exact name (the last one of several), or NULL. */
const struct json *json_member(const struct json *object, const char *name);

/* The first element or member of an array or object, then the next; NULL at
 * the end. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *json);

/* A member's own name; NULL for an array's element. */
const char *json_name(const struct json *json);

/* The value; the caller has checked the type. */
const char *json_text(const struct json *json);
double json_number(const struct json *json);
bool json_bool(const struct json *json);

#endif
