/* request_line: reads the first line of a request (RFC 9112 section 3), and
 * helpers shared with the fields.
 *
 * Owner:   request_reader, the only user of this header.
 * Thread:  any.
 * Limits:  the reader's.
 * Failure: the reader's state FAILED.
 */
#ifndef PEAL_NET_REQUEST_LINE_H
#define PEAL_NET_REQUEST_LINE_H

#include "net/http/http_class.h"
#include "net/http/request_reader.h"

/* The element that the next byte belongs to. */
enum request_state {
    BEFORE, /* empty lines are ignored: RFC 9112 section 2.2 */
    BEFORE_LF,
    METHOD,
    TARGET_START,
    SCHEME,
    AUTHORITY,
    TARGET,
    ESCAPE_FIRST,
    ESCAPE_SECOND,
    STAR,
    VERSION,
    REQUEST_LF,
    NAME_START, /* states from here on are after the request line */
    NAME,
    VALUE_START,
    VALUE,
    VALUE_BLANK,
    FIELD_LF,
    LAST_LF,
    WHOLE,
    FAILED
};

enum {
    STATUS_BAD = 400,
    STATUS_URI_TOO_LONG = 414,
    STATUS_FIELDS_TOO_LARGE = 431,
    STATUS_NOT_IMPLEMENTED = 501,
    STATUS_VERSION = 505
};

static inline void request_reject(struct request_reader *reader, int status,
                                  const char *why)
{
    reader->state = FAILED;
    reader->fault = (struct request_fault){status, why};
}

/* Takes the current byte. */
static inline void request_go(struct request_reader *reader,
                              enum request_state next)
{
    reader->state = (uint8_t)next;
    reader->at++;
}

static inline void request_expect(struct request_reader *reader, bool is_right,
                                  enum request_state next, const char *why)
{
    if (is_right)
        request_go(reader, next);
    else
        request_reject(reader, STATUS_BAD, why);
}

/* Takes bytes of these classes; false at the end of the received data. */
static inline bool request_skip(struct request_reader *reader, const char *data,
                                size_t end, unsigned classes)
{
    reader->at = (uint32_t)http_skip(data, reader->at, end, classes);
    return reader->at < end;
}

/* Whether the text is host [ ":" port ] (RFC 3986 sections 3.2.2 and 3.2.3);
 * all its bytes are HTTP_HOST. */
bool request_is_host(struct bytes text);

/* Continues reading the request line, or the empty lines before it. */
void request_line_read(struct request_reader *reader, const char *data,
                       size_t end);

#endif
