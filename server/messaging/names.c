#include "messaging/names.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

/* ---- characters ---------------------------------------------------------- */

/* The length of the first character; 0 if it is not UTF-8. */
static size_t character_len(struct bytes text)
{
    struct utf8 state = {0};
    for (size_t len = 1; len <= text.len; len++) {
        struct bytes byte = {text.data + len - 1, 1};
        if (!utf8_check(&state, byte))
            return 0;
        if (utf8_is_whole(&state))
            return len;
    }
    return 0;
}

static uint32_t code_point(struct bytes character)
{
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (uint8_t)character.data[0] & lead_bits[character.len];
    for (size_t i = 1; i < character.len; i++)
        code = code << 6 | ((uint8_t)character.data[i] & 0x3f);
    return code;
}

/* C0, DEL and C1. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static bool is_in_client_id(uint32_t code)
{
    return !is_control(code);
}

static bool is_in_channel_name(uint32_t code)
{
    return code && code < 0x80 &&
           (isalnum((int)code) || strchr("_-=@,.;:#$/", (int)code));
}

static bool is_in_event(uint32_t code)
{
    return code && code < 0x80 &&
           (isalnum((int)code) || strchr("_.:-", (int)code));
}

/* ---- rules --------------------------------------------------------------- */

struct rule {
    const char *text;
    size_t max;
    bool (*has)(uint32_t code);
};

static const struct rule client_id_rule = {CLIENT_ID_RULE, CLIENT_ID_MAX,
                                           is_in_client_id};
static const struct rule channel_name_rule = {
    CHANNEL_NAME_RULE, CHANNEL_NAME_MAX, is_in_channel_name};
static const struct rule event_text_rule = {"", EVENT_TEXT_MAX,
                                            is_in_client_id};
static const struct rule event_rule = {EVENT_RULE, EVENT_MAX, is_in_event};

static bool refuse_length(const struct rule *rule, size_t len,
                          struct error *why)
{
    if (!len)
        return error_set(why, "must be %s; it is empty", rule->text);
    return error_set(why, "must be %s; it has %zu bytes", rule->text, len);
}

static bool refuse_character(const struct rule *rule, struct bytes character,
                             size_t position, struct error *why)
{
    if (!character.len)
        return error_set(why, "must be %s; not UTF-8 at character %zu",
                         rule->text, position);
    return error_set(why, "must be %s; found U+%04X at character %zu",
                     rule->text, (unsigned)code_point(character), position);
}

static bool check(const struct rule *rule, struct bytes name, struct error *why)
{
    if (!name.len || name.len > rule->max)
        return refuse_length(rule, name.len, why);
    for (size_t position = 1; name.len; position++) {
        struct bytes character = {name.data, character_len(name)};
        if (!character.len || !rule->has(code_point(character)))
            return refuse_character(rule, character, position, why);
        name = bytes_skip(name, character.len);
    }
    return true;
}

bool client_id_check(struct bytes id, struct error *why)
{
    return check(&client_id_rule, id, why);
}

bool channel_name_check(struct bytes name, struct error *why)
{
    return check(&channel_name_rule, name, why);
}

bool event_check(struct bytes event, struct error *why)
{
    return check(&event_rule, event, why);
}

/* A fast path: most ids are ASCII, and each message from Redis has one. */
bool client_id_is_valid(struct bytes id)
{
    struct error why;
    bool is_plain = id.len && id.len <= CLIENT_ID_MAX;
    for (size_t i = 0; is_plain && i < id.len; i++)
        is_plain = id.data[i] >= ' ' && id.data[i] < 0x7f;
    return is_plain || client_id_check(id, &why);
}

bool channel_name_is_valid(struct bytes name)
{
    if (!name.len || name.len > CHANNEL_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_in_channel_name((unsigned char)name.data[i]))
            return false;
    return true;
}

bool event_is_valid(struct bytes event)
{
    if (!event.len || event.len > EVENT_MAX)
        return false;
    for (size_t i = 0; i < event.len; i++)
        if (!is_in_event((unsigned char)event.data[i]))
            return false;
    return true;
}

bool event_text_is_valid(struct bytes event)
{
    struct error why;
    return event_is_valid(event) || check(&event_text_rule, event, &why);
}

/* ---- in JSON ------------------------------------------------------------- */

/* A too long name is decoded too, because the error contains its length. */
static bool refuse_raw(const struct rule *rule, struct bytes raw,
                       struct error *why)
{
    size_t len;
    char *text = memory_new(raw.len + 1, 1);
    bool is_text = json_decode_string(raw, text, raw.len, &len);
    if (is_text)
        check(rule, (struct bytes){text, len}, why);
    else
        error_set(why, "must be %s; it is not a string", rule->text);
    free(text);
    return false;
}

static bool decode(const struct rule *rule, struct bytes raw, char *out,
                   struct bytes *name, struct error *why)
{
    *name = (struct bytes){out, 0};
    return json_decode_string(raw, out, rule->max, &name->len) ||
           (why && refuse_raw(rule, raw, why));
}

bool client_id_decode(struct bytes raw, char out[CLIENT_ID_MAX],
                      struct bytes *id, struct error *why)
{
    if (!decode(&client_id_rule, raw, out, id, why))
        return false;
    return why ? client_id_check(*id, why) : client_id_is_valid(*id);
}

bool channel_name_decode(struct bytes raw, char out[CHANNEL_NAME_MAX],
                         struct bytes *name, struct error *why)
{
    if (!decode(&channel_name_rule, raw, out, name, why))
        return false;
    return why ? channel_name_check(*name, why) : channel_name_is_valid(*name);
}

bool event_decode(struct bytes raw, char out[EVENT_MAX], struct bytes *event,
                  struct error *why)
{
    if (!decode(&event_rule, raw, out, event, why))
        return false;
    return why ? event_check(*event, why) : event_is_valid(*event);
}

/* ---- patterns ------------------------------------------------------------ */

static bool is_pattern_of(bool (*is_valid)(struct bytes), const char *pattern)
{
    size_t len = strlen(pattern);
    bool is_prefix = len && pattern[len - 1] == '*';
    struct bytes name = {pattern, is_prefix ? len - 1 : len};
    return (is_prefix && !name.len) || is_valid(name);
}

bool channel_pattern_is_valid(const char *pattern)
{
    return is_pattern_of(channel_name_is_valid, pattern);
}

bool event_pattern_is_valid(const char *pattern)
{
    return is_pattern_of(event_is_valid, pattern);
}

bool name_matches(const char *pattern, struct bytes name)
{
    size_t len = strlen(pattern);
    if (len && pattern[len - 1] == '*')
        return bytes_start_with(name, (struct bytes){pattern, len - 1});
    return bytes_equal(name, (struct bytes){pattern, len});
}

bool name_matches_any(const struct text_list *patterns, struct bytes name)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (name_matches(patterns->items[i], name))
            return true;
    return false;
}

/* A shorter prefix matches everything that a longer one matches, but an exact
 * name does not. */
static bool covers(const char *outer, const char *inner)
{
    struct bytes name = bytes_of(inner);
    struct bytes prefix = bytes_of(outer);
    if (!name.len || name.data[name.len - 1] != '*')
        return name_matches(outer, name);
    if (!prefix.len || prefix.data[prefix.len - 1] != '*')
        return false;
    name.len--;
    prefix.len--;
    return bytes_start_with(name, prefix);
}

bool name_patterns_cover(const struct text_list *patterns, const char *pattern)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (covers(patterns->items[i], pattern))
            return true;
    return false;
}
