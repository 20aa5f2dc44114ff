#include "net/head_check.h"

#include <ctype.h>
#include <string.h>

#include "net/http_text.h"

enum state {
    BEFORE, /* empty lines are ignored: RFC 9112 section 2.2 */
    METHOD,
    TARGET_START,
    SCHEME,
    AUTHORITY,
    TARGET,
    VERSION,
    LINE_END,
    NAME_START,
    NAME,
    VALUE,
    HEAD_END,
    BODY,
    CHUNKS,
    OPAQUE /* a body of unknown length: nothing more is a request */
};

enum field { OTHER, HOST, LENGTH, LENGTH_OVER, CODING, FORWARDED, TRACE };

/* What becomes of a byte. */
enum fate { GIVE, GIVE_BLANK, DROP, BREAK };

static enum fate go(struct head_check *check, enum state state, enum fate fate)
{
    check->state = state;
    return fate;
}

/* ---- the request line: RFC 9112 section 3 -------------------------------- */

static enum fate take_before(struct head_check *check, char c)
{
    if (c == '\r' || c == '\n')
        return DROP;
    check->has_blank = false;
    buffer_clear(&check->forwarded);
    check->traces = 0;
    check->is_chunked = check->is_over = false;
    return c >= 'A' && c <= 'Z' ? go(check, METHOD, GIVE) : BREAK;
}

static enum fate take_method(struct head_check *check, char c)
{
    if (c == ' ')
        return go(check, TARGET_START, GIVE);
    return c >= 'A' && c <= 'Z' ? GIVE : BREAK;
}

/* Section 3.2.2: a target may have scheme and host before its path. */
static enum fate take_target_start(struct head_check *check, char c)
{
    if (c == '/' || c == '*')
        return go(check, TARGET, GIVE);
    return c == 'h' || c == 'H' ? go(check, SCHEME, DROP) : BREAK;
}

static enum fate take_scheme(struct head_check *check, char c)
{
    static const char rest[] = "ttps://";
    enum { S = 3, LEN = sizeof rest - 1 };
    bool is_plain = check->scheme == S && c == ':';
    check->scheme += is_plain; /* http: has no s */
    if ((c | 0x20) != (rest[check->scheme++] | 0x20))
        return BREAK;
    return check->scheme == LEN ? go(check, AUTHORITY, DROP) : DROP;
}

static enum fate take_authority(struct head_check *check, char c)
{
    if (c == '/')
        return go(check, TARGET, GIVE);
    return http_is_text(c) && c != ' ' ? DROP : BREAK;
}

/* RFC 3986 section 2.1: two digits behind a %. A blank is noted, because
 * libwebsockets makes one of a plus as well. */
static bool escape_goes_on(struct head_check *check, char c)
{
    enum { NO_ESCAPE, AFTER_PERCENT, AFTER_TWO, AFTER_DIGIT };
    bool is_in_path = !check->is_query;
    uint8_t before = check->escape;
    if (before == NO_ESCAPE) {
        check->escape = c == '%' ? AFTER_PERCENT : NO_ESCAPE;
        check->is_query |= c == '?';
        return true;
    }
    if (before == AFTER_PERCENT)
        check->escape = c == '2' ? AFTER_TWO : AFTER_DIGIT;
    else
        check->escape = NO_ESCAPE;
    check->has_blank |= is_in_path && before == AFTER_TWO && c == '0';
    return isxdigit((unsigned char)c);
}

static enum fate take_target(struct head_check *check, char c)
{
    if (!escape_goes_on(check, c))
        return BREAK;
    if (c == ' ')
        return go(check, VERSION, GIVE);
    return http_is_text(c) ? GIVE : BREAK;
}

static enum fate take_version(struct head_check *check, char c)
{
    static const char version[] = "HTTP/1.";
    if (check->version < sizeof version - 1)
        return c == version[check->version++] ? GIVE : BREAK;
    if (check->version++ > sizeof version - 1)
        return c == '\r' ? go(check, LINE_END, GIVE) : BREAK;
    check->is_old = c == '0';
    return c == '0' || c == '1' ? GIVE : BREAK;
}

/* ---- headers: RFC 9112 section 5 ------------------------------------------
 */

static enum field name_field(const struct head_check *check)
{
    static const struct {
        const char *name;
        enum field field;
    } fields[] = {
        {"host", HOST},
        {"content-length", LENGTH},
        {"transfer-encoding", CODING},
        {"forwarded", FORWARDED},
        {"traceparent", TRACE},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (check->name_len == strlen(fields[i].name) &&
            memcmp(check->name, fields[i].name, check->name_len) == 0)
            return fields[i].field;
    return OTHER;
}

/* RFC 9112 sections 3.2 and 6.3: one host, and one length. */
static enum fate begin_value(struct head_check *check)
{
    check->field = name_field(check);
    bool is_second = check->field == LENGTH && check->has_length;
    check->has_length |= check->field == LENGTH;
    check->codings += check->field == CODING && check->codings < UINT8_MAX;
    check->hosts += check->field == HOST;
    check->traces += check->field == TRACE && check->traces < UINT8_MAX;
    check->has_digits = false;
    if (is_second || check->hosts > 1)
        return BREAK;
    return go(check, VALUE, GIVE);
}

/* Section 5.1: no space before the colon; 5.2: no line is folded. */
static enum fate take_name(struct head_check *check, char c)
{
    if (c == ':' && check->name_len)
        return begin_value(check);
    if (!http_is_token(c))
        return BREAK;
    if (check->name_len < HEAD_CHECK_NAME)
        check->name[check->name_len++] =
            (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    return go(check, NAME, GIVE);
}

static enum fate take_name_start(struct head_check *check, char c)
{
    check->name_len = 0;
    return c == '\r' ? go(check, HEAD_END, GIVE) : take_name(check, c);
}

/* RFC 9110 section 8.6: digits only. */
static bool length_goes_on(struct head_check *check, char c)
{
    enum { DIGIT_MAX = 9 };
    const uint64_t max = UINT64_MAX / 100;
    if (c == ' ' || c == '\t') {
        if (check->has_digits)
            check->field = LENGTH_OVER;
        return true;
    }
    unsigned digit = (unsigned)(c - '0');
    if (check->field == LENGTH_OVER || digit > DIGIT_MAX ||
        check->body_left > max)
        return false;
    check->has_digits = true;
    check->body_left = check->body_left * 10 + digit;
    return true;
}

/* RFC 9112 section 7: the one coding that is known, by itself. */
static void note_coding(struct head_check *check, char c)
{
    static const char chunked[] = "chunked";
    enum { LEN = sizeof chunked - 1, ENDED, OTHER_CODING };
    bool is_blank = c == ' ' || c == '\t';
    if (is_blank && (check->coding == 0 || check->coding == ENDED))
        return;
    if (is_blank && check->coding == LEN)
        check->coding = ENDED;
    else if (check->coding < LEN && (c | 0x20) == chunked[check->coding])
        check->coding++;
    else
        check->coding = OTHER_CODING;
    check->is_chunked = check->coding == LEN || check->coding == ENDED;
}

static bool is_length(const struct head_check *check)
{
    return check->field == LENGTH || check->field == LENGTH_OVER;
}

static enum fate take_value(struct head_check *check, char c)
{
    if (c == '\r' && is_length(check) && !check->has_digits)
        return BREAK;
    if (check->field == FORWARDED)
        buffer_append_char(&check->forwarded, c == '\r' ? '\n' : c);
    if (c == '\r')
        return go(check, LINE_END, GIVE);
    if (!http_is_text(c) && c != '\t')
        return BREAK;
    if (check->field == CODING)
        note_coding(check, c);
    return !is_length(check) || length_goes_on(check, c) ? GIVE : BREAK;
}

/* What comes behind the head. HTTP/1.0 knows no chunks (section 6.1). */
static enum state body_state(const struct head_check *check)
{
    if (check->codings == 1 && check->is_chunked && !check->is_old)
        return CHUNKS;
    if (check->codings)
        return OPAQUE;
    return check->body_left ? BODY : BEFORE;
}

/* RFC 9112 section 6.3: a length beside a coding is not to be trusted; 3.2: a
 * host there must be. */
static enum fate end_head(struct head_check *check, char c)
{
    bool is_bad = (check->has_length && check->codings) ||
                  (!check->hosts && !check->is_old);
    if (c != '\n' || is_bad)
        return BREAK;
    enum state next = body_state(check);
    *check = (struct head_check){.state = (uint8_t)next,
                                 .is_chunked = next == CHUNKS,
                                 .body_left = check->body_left,
                                 .traces = check->traces,
                                 .has_blank = check->has_blank,
                                 .forwarded = check->forwarded};
    return GIVE;
}

static enum fate take_chunked(struct head_check *check, char c)
{
    switch (chunk_check(&check->chunks, c)) {
    case CHUNK_BODY:
        check->body_len++;
        return GIVE;
    case CHUNK_END:
        check->body_len++;
        check->is_over = true;
        return go(check, BEFORE, GIVE_BLANK);
    case CHUNK_FRAMING:
        return DROP;
    default:
        return BREAK;
    }
}

static enum fate take_byte(struct head_check *check, char c)
{
    switch ((enum state)check->state) {
    case BEFORE:
        return take_before(check, c);
    case METHOD:
        return take_method(check, c);
    case TARGET_START:
        return take_target_start(check, c);
    case SCHEME:
        return take_scheme(check, c);
    case AUTHORITY:
        return take_authority(check, c);
    case TARGET:
        return take_target(check, c);
    case VERSION:
        return take_version(check, c);
    case LINE_END: /* section 2.2: no bare carriage return */
        return c == '\n' ? go(check, NAME_START, GIVE) : BREAK;
    case NAME_START:
        return take_name_start(check, c);
    case NAME:
        return take_name(check, c);
    case VALUE:
        return take_value(check, c);
    case HEAD_END:
        return end_head(check, c);
    case BODY:
        if (--check->body_left == 0)
            check->state = BEFORE;
        return GIVE;
    case CHUNKS:
        return take_chunked(check, c);
    default:
        return GIVE;
    }
}

struct head_share head_check(struct head_check *check, char *data, size_t len)
{
    struct head_share share = {0, 0};
    while (share.taken < len && !check->is_broken) {
        char c = data[share.taken++];
        enum fate fate = take_byte(check, c);
        check->is_broken = fate == BREAK;
        if (fate == DROP || fate == BREAK)
            continue;
        data[share.given++] = fate == GIVE ? c : ' ';
        if (check->state == BEFORE)
            break; /* a whole request */
    }
    return share;
}

void head_check_deinit(struct head_check *check)
{
    buffer_deinit(&check->forwarded);
}
