/* log: writes one event per line to stderr or a file, as key=value or JSON.
 * Lines are always valid UTF-8, and valid JSON in that format.
 *
 * Owner:   process-wide level and format; fields are borrowed for the call.
 * Thread:  log_setup before threads start and on reload; the rest from any.
 *          Lines are never interleaved, and callers never block: see
 *          log_writer.h.
 * Limits:  a value is cut at 2 KiB. Fields beyond 4 KiB are left out, and the
 *          line says so. Use log_limited for events that a peer can cause: each
 *          call site has a limit of lines per second; further lines are counted
 *          and reported.
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

/* A named value of an event; a field without a name ends the list. */
struct log_field {
    const char *name;
    struct bytes text; /* used when data is not NULL */
    int64_t number;
};

/* One event as it is written. */
struct log_line {
    char text[LOG_WRITER_LINE_MAX];
    size_t len;
    size_t start; /* after the priority */
    bool is_cut;  /* a field was left out */
};

enum { LOG_SUMMARY_SECONDS = 10 };

/* State of one rate-limited call site; initially zeroed. */
struct log_limit {
    _Atomic uint64_t second;
    _Atomic uint32_t count;
    _Atomic uint32_t suppressed;
};

void log_setup(enum log_level level, enum log_format format);

/* If stderr is the journal (sd-daemon(3)), each line begins with its priority
 * from now on: <3> for an error. Call before threads start. */
void log_detect_journal(void);

/* Logs to this file, reopened if it is the same; NULL: to stderr. On false, the
 * destination is unchanged. */
bool log_use_file(const char *path, struct error *why);

/* Whether log_setup would succeed. */
bool log_check_file(const char *path, struct error *why);

/* Reopens the file, after a rotation; logs an error on failure. */
void log_reopen(void);

/* Whether an event of this level would be written. */
bool log_is_on(enum log_level level);

/* Use log_event or log_limited. `fields` ends with an unnamed one. */
void log_write(enum log_level level, const char *message,
               const struct log_field *fields);

/* The same regardless of the log level, for mandatory lines. */
void log_write_always(enum log_level level, const char *message,
                      const struct log_field *fields);
/* The number of lines suppressed by log_limited. */
uint64_t log_suppressed(void);

/* Call once a second. Every LOG_SUMMARY_SECONDS it logs how many lines were
 * suppressed, if any. */
void log_tick(void);

/* A log_writer_lost_line. */
size_t log_lost_line(char out[LOG_WRITER_LINE_MAX], uint64_t count);

/* Formats the line without writing it. */
void log_line_make(struct log_line *line, enum log_level level,
                   const char *message, const struct log_field *fields);

/* Whether this call site may log now; sets the number of lines it has
 * suppressed. */
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

/* The same, for events that a peer can cause without limit. */
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
