#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_writer.h"
#include "base/memory.h"
#include "base/utc_time.h"
#include "base/utf8.h"

/* A field that does not fit is omitted completely, so that lines are always
 * valid. Room for a note about it, and for the end, is reserved. */
enum { VALUE_MAX = 2048, END_MAX = 32 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const priorities[] = {"<7>", "<6>", "<4>", "<3>"};

static _Atomic enum log_level lowest = LOG_INFO;
static _Atomic enum log_format chosen = LOG_FORMAT_TEXT;
static bool is_journal; /* stderr is; set once */
static _Atomic bool is_file;
static char *file_path; /* the main thread's */
static _Atomic uint64_t suppressed_lines;

void log_setup(enum log_level level, enum log_format format)
{
    lowest = level;
    chosen = format;
}

/* The variable contains device and inode of systemd's stream. A process started
 * by a service may have a different stderr. */
void log_detect_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    is_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
                 fstat(STDERR_FILENO, &status) == 0 &&
                 status.st_dev == device && status.st_ino == inode;
}

bool log_use_file(const char *path, struct error *why)
{
    if (!log_writer_use(path, why))
        return false;
    is_file = path != NULL;
    char *copy = path ? memory_copy_text(path, strlen(path)) : NULL;
    free(file_path);
    file_path = copy;
    return true;
}

bool log_check_file(const char *path, struct error *why)
{
    int fd = path ? log_writer_open(path, why) : -1;
    if (fd >= 0)
        close(fd);
    return !path || fd >= 0;
}

void log_reopen(void)
{
    struct error why;
    if (file_path && !log_writer_use(file_path, &why))
        log_event(LOG_ERROR, "Log file reopen failed",
                  LOG_TEXT("reason", why.text));
}

bool log_is_on(enum log_level level)
{
    return level >= lowest;
}

static size_t room_of(const struct log_line *line)
{
    return sizeof line->text - END_MAX - line->len;
}

/* All or nothing. */
static bool put(struct log_line *line, struct bytes text)
{
    if (text.len > room_of(line))
        return false;
    memcpy(line->text + line->len, text.data, text.len);
    line->len += text.len;
    return true;
}

/* The length of the character at the start of `text`; 0: invalid. */
static size_t character_len(struct bytes text)
{
    unsigned char c = (unsigned char)text.data[0];
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return len <= text.len && utf8_is_valid((struct bytes){text.data, len})
               ? len
               : 0;
}

/* Control characters of ASCII and Latin-1, and the line separators U+2028 and
 * U+2029. */
static bool is_control(struct bytes character)
{
    unsigned char first = (unsigned char)character.data[0];
    unsigned char second =
        character.len > 1 ? (unsigned char)character.data[1] : 0;
    if (character.len == 1)
        return first < 0x20 || first == 0x7f;
    if (character.len == 2)
        return first == 0xc2 && second < 0xa0;
    unsigned char third = (unsigned char)character.data[2];
    return first == 0xe2 && second == 0x80 && (third == 0xa8 || third == 0xa9);
}

static unsigned code_of(struct bytes character)
{
    unsigned char last = (unsigned char)character.data[character.len - 1];
    if (character.len == 1)
        return last;
    return character.len == 2 ? last : 0x2000u | (last & 0x3fu);
}

/* Appends a character, escaped for quotes in JSON and key=value. */
static size_t escape(struct bytes character, char out[8])
{
    char c = character.data[0];
    if (c == '"' || c == '\\')
        return (size_t)sprintf(out, "\\%c", c);
    if (is_control(character))
        return (size_t)sprintf(out, "\\u%04x", code_of(character));
    memcpy(out, character.data, character.len);
    return character.len;
}

/* A value within quotes, cut to VALUE_MAX bytes. Bytes that are not UTF-8
 * become U+FFFD. */
struct quoted {
    char text[VALUE_MAX + 8];
    size_t len;
};

static void quote(struct bytes text, struct quoted *out)
{
    static const struct bytes unknown = BYTES_LITERAL("\xef\xbf\xbd");
    out->text[0] = '"';
    out->len = 1;
    while (text.len) {
        char piece[8];
        size_t len = character_len(text);
        struct bytes character = len ? (struct bytes){text.data, len} : unknown;
        size_t piece_len = escape(character, piece);
        if (out->len + piece_len > VALUE_MAX) {
            memcpy(out->text + out->len, "...", 3);
            out->len += 3;
            break;
        }
        memcpy(out->text + out->len, piece, piece_len);
        out->len += piece_len;
        text = bytes_skip(text, len ? len : 1);
    }
    out->text[out->len++] = '"';
}

static bool is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
            return false;
    }
    return text.len > 0 && text.len <= VALUE_MAX;
}

/* Appends name and value, or records that they did not fit. */
static void put_field(struct log_line *line, const char *name,
                      struct bytes value)
{
    char head[64];
    bool json = chosen == LOG_FORMAT_JSON;
    int head_len = snprintf(
        head, sizeof head, json ? "%s\"%.40s\":" : "%s%.40s=",
        line->len > line->start + json ? (json ? "," : " ") : "", name);
    size_t before = line->len;
    if (put(line, (struct bytes){head, (size_t)head_len}) && put(line, value))
        return;
    line->len = before;
    line->is_cut = true;
}

static void put_text_field(struct log_line *line, const char *name,
                           struct bytes value)
{
    struct quoted quoted;
    if (chosen == LOG_FORMAT_TEXT && is_plain(value)) {
        put_field(line, name, value);
        return;
    }
    quote(value, &quoted);
    put_field(line, name, (struct bytes){quoted.text, quoted.len});
}

static void put_number_field(struct log_line *line, const char *name,
                             int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)value);
    put_field(line, name, (struct bytes){digits, (size_t)len});
}

static void put_time(struct log_line *line)
{
    char text[UTC_TIME_TEXT];
    utc_time_print(clock_wall_ms(), text);
    put_text_field(line, "time", bytes_of(text));
}

static void begin(struct log_line *line, enum log_level level,
                  const char *message)
{
    line->is_cut = false;
    line->len = 0;
    if (is_journal && !is_file)
        put(line, bytes_of(priorities[level]));
    line->start = line->len;
    if (chosen == LOG_FORMAT_JSON)
        line->text[line->len++] = '{';
    put_time(line);
    put_text_field(line, "level", bytes_of(level_names[level]));
    put_text_field(line, "message", bytes_of(message));
}

static void end(struct log_line *line)
{
    bool json = chosen == LOG_FORMAT_JSON;
    const char *cut = !line->is_cut ? "" : json ? ",\"cut\":true" : " cut=true";
    line->len +=
        (size_t)sprintf(line->text + line->len, "%s%s\n", cut, json ? "}" : "");
}

void log_line_make(struct log_line *line, enum log_level level,
                   const char *message, const struct log_field *fields)
{
    begin(line, level, message);
    for (; fields->name; fields++) {
        if (fields->text.data)
            put_text_field(line, fields->name, fields->text);
        else
            put_number_field(line, fields->name, fields->number);
    }
    end(line);
}

void log_write(enum log_level level, const char *message,
               const struct log_field *fields)
{
    if (log_is_on(level))
        log_write_always(level, message, fields);
}

void log_write_always(enum log_level level, const char *message,
                      const struct log_field *fields)
{
    struct log_line line;
    log_line_make(&line, level, message, fields);
    log_writer_put(line.text, line.len);
}

bool log_limit_pass(struct log_limit *limit, uint32_t per_second,
                    uint32_t *suppressed)
{
    uint64_t second = clock_steady_ms() / 1000;
    if (atomic_exchange(&limit->second, second) != second)
        limit->count = 0;
    if (atomic_fetch_add(&limit->count, 1) >= per_second) {
        atomic_fetch_add(&limit->suppressed, 1);
        suppressed_lines++;
        return false;
    }
    *suppressed = atomic_exchange(&limit->suppressed, 0);
    return true;
}

uint64_t log_suppressed(void)
{
    return suppressed_lines;
}

void log_tick(void)
{
    static uint64_t told_ms, told;
    uint64_t now = clock_steady_ms();
    if (clock_elapsed(now, told_ms) < LOG_SUMMARY_SECONDS * 1000)
        return;
    uint64_t total = suppressed_lines;
    if (total > told)
        log_event(LOG_WARN, "Log lines suppressed",
                  LOG_NUMBER("count", total - told),
                  LOG_NUMBER("seconds", LOG_SUMMARY_SECONDS),
                  LOG_TEXT("reason", "limit of lines per second"));
    told_ms = now;
    told = total;
}

size_t log_lost_line(char out[LOG_WRITER_LINE_MAX], uint64_t count)
{
    struct log_line line;
    log_line_make(&line, LOG_WARN, "Log lines lost",
                  (const struct log_field[]){LOG_NUMBER("count", count), {0}});
    memcpy(out, line.text, line.len);
    return line.len;
}
