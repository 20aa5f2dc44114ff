/* log: one event a line on stderr or in a file, as key=value or as JSON.
 * Whatever is put into it, a line is valid UTF-8, and valid JSON where that was
 * chosen.
 *
 * Owner:   process-wide level and format; fields are borrowed for the call.
 * Thread:  log_setup before threads start and on reload; the rest from any.
 *          Lines never mix, and nobody waits for them: see log_writer.h.
 * Limits:  a value is cut at 2 KiB. Fields beyond 4 KiB are left out, and the
 *          line says so. What a peer can cause goes through log_limited: so
 *          many lines a second a place, the rest counted and summed up.
 * Failure: a line that cannot be written is lost, and counted.
 */
#ifndef PEAL_BASE_LOG_H
#define PEAL_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/log_writer.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* One named value of an event; a field without a name ends the list. */
struct log_field {
    const char *name;
    struct bytes text; /* used when data is not NULL */
    int64_t number;
};

/* One event as it is written. */
struct log_line {
    char text[LOG_WRITER_LINE_MAX];
    size_t len;
    size_t start; /* behind the priority */
    bool is_cut;  /* a field was left out */
};

enum { LOG_SUMMARY_SECONDS = 10 };

/* State of one rate-limited place; zeroed at start. */
struct log_limit {
    _Atomic uint64_t second;
    _Atomic uint32_t count;
    _Atomic uint32_t suppressed;
};

void log_setup(enum log_level level, enum log_format format);

/* Where stderr is the journal (sd-daemon(3)), each line begins with its
 * priority from here on: <3> for an error. Before threads start. */
void log_detect_journal(void);

/* To this file, opened anew if it is the same; NULL: to stderr. On false, where
 * it went before. */
bool log_use_file(const char *path, struct error *why);

/* Whether that can be done. */
bool log_check_file(const char *path, struct error *why);

/* Opens the file anew, after a rotation; where it cannot, a line says so. */
void log_reopen(void);

/* Whether an event of this level would be written. */
bool log_is_on(enum log_level level);

/* Use log_event or log_limited. `fields` ends with an unnamed one. */
void log_write(enum log_level level, const char *message,
               const struct log_field *fields);

/* The same whichever level log_setup chose: for lines that must be there. */
void log_write_always(enum log_level level, const char *message,
                      const struct log_field *fields);
/* How many lines log_limited has held back. */
uint64_t log_suppressed(void);

/* Once a second: every LOG_SUMMARY_SECONDS a line says how many lines were
 * held back in that time, if there were any. */
void log_tick(void);

/* A log_writer_lost_line. */
size_t log_lost_line(char out[LOG_WRITER_LINE_MAX], uint64_t count);

/* Makes the line without writing it. */
void log_line_make(struct log_line *line, enum log_level level,
                   const char *message, const struct log_field *fields);

/* Whether this place may write now; sets how many lines it held back. */
bool log_limit_pass(struct log_limit *limit, uint32_t per_second,
                    uint32_t *suppressed);

#define LOG_TEXT(name, value)                                                  \
    {                                                                          \
        (name), bytes_of(value), 0                                             \
    }
#define LOG_BYTES(name, value)                                                 \
    {                                                                          \
        (name), (value), 0                                                     \
    }
#define LOG_NUMBER(name, value)                                                \
    {                                                                          \
        (name), {NULL, 0}, (int64_t)(value)                                    \
    }

/* log_event(LOG_INFO, "Listening", LOG_TEXT("host", host), ...); */
#ifdef __cppcheck__ /* which knows no __VA_OPT__ */
#define log_event(level, message, ...) log_write((level), (message), NULL)
#else
#define log_event(level, message, ...)                                         \
    log_write((level), (message),                                              \
              (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#endif

/* The same, where a peer can cause the event as often as it likes. */
#define log_limited(level, per_second, message, ...)                           \
    do {                                                                       \
        static struct log_limit limit_;                                        \
        uint32_t suppressed_;                                                  \
        if (log_is_on(level) &&                                                \
            log_limit_pass(&limit_, (per_second), &suppressed_))               \
            log_event((level), (message),                                      \
                      __VA_ARGS__ __VA_OPT__(, ) LOG_NUMBER(                   \
                          suppressed_ ? "suppressed" : NULL, suppressed_));    \
    } while (0)

#endif
