#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_MAX_BYTES = 4096 };

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static _Atomic enum log_level lowest = LOG_INFO;
static _Atomic enum log_format chosen = LOG_FORMAT_TEXT;

void log_setup(enum log_level level, enum log_format format)
{
    lowest = level;
    chosen = format;
}

bool log_is_on(enum log_level level)
{
    return level >= lowest;
}

/* One byte always stays free for the newline. */
static void put(struct line *line, const char *data, size_t len)
{
    size_t room = sizeof line->text - 1 - line->len;
    if (len > room)
        len = room;
    memcpy(line->text + line->len, data, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* The same escapes serve JSON and quoted key=value. Bytes from 0x80 up pass:
 * what reaches the log was checked to be UTF-8 or is our own. */
static void put_quoted(struct line *line, struct bytes text)
{
    put_text(line, "\"");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escape[8];
        if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            snprintf(escape, sizeof escape, "\\u%04x", c);
        else
            snprintf(escape, sizeof escape, "%c", c);
        put_text(line, escape);
    }
    put_text(line, "\"");
}

static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
            return false;
    }
    return text.len > 0;
}

static void put_text_field(struct line *line, const char *name,
                           struct bytes value)
{
    if (chosen == LOG_FORMAT_JSON) {
        put_text(line, line->len > 1 ? ",\"" : "\"");
        put_text(line, name);
        put_text(line, "\":");
        put_quoted(line, value);
        return;
    }
    put_text(line, line->len ? " " : "");
    put_text(line, name);
    put_text(line, "=");
    if (is_plain(value))
        put(line, value.data, value.len);
    else
        put_quoted(line, value);
}

static void put_number_field(struct line *line, const char *name,
                             int64_t value)
{
    char digits[64];
    bool json = chosen == LOG_FORMAT_JSON;
    snprintf(digits, sizeof digits, json ? ",\"%s\":%lld" : " %s=%lld", name,
             (long long)value);
    put_text(line, digits);
}

static void put_time(struct line *line)
{
    int64_t now_ms = clock_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char text[40];
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof text - len, ".%03dZ", (int)(now_ms % 1000));
    put_text_field(line, "time", bytes_of(text));
}

void log_write(enum log_level level, const char *message,
               const struct log_field *fields)
{
    if (!log_is_on(level))
        return;
    struct line line = {.len = 0};
    bool json = chosen == LOG_FORMAT_JSON;
    put_text(&line, json ? "{" : "");
    put_time(&line);
    put_text_field(&line, "level", bytes_of(level_names[level]));
    put_text_field(&line, "message", bytes_of(message));
    for (; fields->name; fields++) {
        if (fields->text.data)
            put_text_field(&line, fields->name, fields->text);
        else
            put_number_field(&line, fields->name, fields->number);
    }
    put_text(&line, json ? "}" : "");
    line.text[line.len++] = '\n';
    if (write(STDERR_FILENO, line.text, line.len) < 0)
        return; /* nobody is left to tell */
}

bool log_limit_pass(struct log_limit *limit, uint32_t per_second,
                    uint32_t *suppressed)
{
    uint64_t second = clock_steady_ms() / 1000;
    if (atomic_exchange(&limit->second, second) != second)
        limit->count = 0;
    if (atomic_fetch_add(&limit->count, 1) >= per_second) {
        atomic_fetch_add(&limit->suppressed, 1);
        return false;
    }
    *suppressed = atomic_exchange(&limit->suppressed, 0);
    return true;
}
