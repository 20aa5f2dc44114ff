/* log: one event a line on stderr, as key=value or as JSON.
 *
 * Owner:   process-wide level and format; fields are borrowed for the call.
 * Thread:  log_setup before threads start and on reload; the rest from any.
 *          A line is one write(2), so lines never mix.
 * Limits:  a line is cut at 4 KiB. What a peer can cause goes through
 *          log_limited: so many lines a second a place, the rest counted.
 * Failure: a line that cannot be written is lost.
 */
#ifndef PEAL_BASE_LOG_H
#define PEAL_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* One named value of an event; a field without a name ends the list. */
struct log_field {
    const char *name;
    struct bytes text; /* used when data is not NULL */
    int64_t number;
};

/* State of one rate-limited place; zeroed at start. */
struct log_limit {
    _Atomic uint64_t second;
    _Atomic uint32_t count;
    _Atomic uint32_t suppressed;
};

void log_setup(enum log_level level, enum log_format format);

/* Whether an event of this level would be written. */
bool log_is_on(enum log_level level);

/* Use log_event or log_limited. `fields` ends with an unnamed one. */
void log_write(enum log_level level, const char *message,
               const struct log_field *fields);

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
#define log_event(level, message, ...)                                         \
    log_write((level), (message),                                              \
              (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})

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
