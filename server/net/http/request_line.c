#include "net/http/request_line.h"

enum { METHOD_MAX = 32 };

static bool method_is(const struct request_reader *reader, const char *data,
                      const char *method)
{
    struct bytes sent = {data + reader->method_at, reader->method_len};
    return bytes_equal(sent, bytes_of(method));
}

/* ---- the request line: RFC 9112 section 3 -------------------------------- */

static void read_before(struct request_reader *reader, char c)
{
    enum { TLS_HANDSHAKE = 0x16 };
    if (c == '\r') {
        request_go(reader, BEFORE_LF);
    } else if (http_is(c, HTTP_TOKEN)) {
        reader->method_at = reader->at;
        request_go(reader, METHOD);
    } else if (c == TLS_HANDSHAKE) {
        request_reject(reader, STATUS_BAD,
                       "Expected HTTP, got a TLS handshake");
    } else {
        request_reject(reader, STATUS_BAD,
                       "The request does not begin with a method");
    }
}

/* Section 3: methods longer than any known one are answered 501. CONNECT is
 * for proxies (RFC 9110 section 9.3.6); its target has a form of its own. */
static void read_method(struct request_reader *reader, const char *data,
                        size_t end)
{
    uint32_t last = reader->method_at + METHOD_MAX;
    bool has_more = request_skip(reader, data, end, HTTP_TOKEN);
    if (reader->at > last) {
        reader->at = last;
        request_reject(reader, STATUS_NOT_IMPLEMENTED,
                       "The method is too long");
        return;
    }
    if (!has_more)
        return;
    reader->method_len = reader->at - reader->method_at;
    if (data[reader->at] == ' ' && method_is(reader, data, "CONNECT"))
        request_reject(reader, STATUS_NOT_IMPLEMENTED,
                       "The method CONNECT is not supported");
    else
        request_expect(reader, data[reader->at] == ' ', TARGET_START,
                       "The method contains an invalid character");
}

static const char target_form[] =
    "The target is neither a path nor an http URL";

/* Section 3.2.4; the connection preface of HTTP/2 is RFC 9113 section 3.4. */
static void read_star(struct request_reader *reader, const char *data)
{
    reader->path_len = 1;
    if (method_is(reader, data, "PRI"))
        request_reject(reader, STATUS_VERSION, "HTTP/2 is not supported");
    else
        request_expect(reader, method_is(reader, data, "OPTIONS"), STAR,
                       "The target * is only for OPTIONS");
}

static void read_target_start(struct request_reader *reader, const char *data)
{
    char c = data[reader->at];
    reader->path_at = reader->at;
    if (c == '*')
        read_star(reader, data);
    else if (c == '/')
        request_go(reader, TARGET);
    else if (c == 'h' || c == 'H')
        reader->state = SCHEME;
    else
        request_reject(reader, STATUS_BAD, target_form);
}

/* RFC 9110 section 4.2: "http://" or "https://", in any case. */
static void read_scheme(struct request_reader *reader, char c)
{
    static const char scheme[] = "https://";
    enum { S = 4, LEN = sizeof scheme - 1, LOWER = 0x20 };
    reader->matched += reader->matched == S && c == ':';
    char wanted = scheme[reader->matched++];
    bool is_last = reader->matched == LEN;
    bool is_letter = http_is(c, HTTP_TOKEN);
    reader->authority_at = reader->at + 1;
    request_expect(reader, (is_letter ? (c | LOWER) : c) == wanted,
                   is_last ? AUTHORITY : SCHEME, target_form);
}

static bool is_port(struct bytes text)
{
    return !text.len ||
           (text.data[0] == ':' &&
            http_skip(text.data, 1, text.len, HTTP_DIGIT) == text.len);
}

/* An address of IPv6, in brackets. */
static bool is_bracketed(struct bytes text)
{
    size_t at = 1;
    while (at < text.len && (http_is(text.data[at], HTTP_HEX) ||
                             text.data[at] == ':' || text.data[at] == '.'))
        at++;
    return at > 1 && at < text.len && text.data[at] == ']' &&
           is_port(bytes_skip(text, at + 1));
}

bool request_is_host(struct bytes text)
{
    size_t at = 0;
    if (text.len && text.data[0] == '[')
        return is_bracketed(text);
    for (; at < text.len && text.data[at] != ':'; at++) {
        char c = text.data[at];
        bool is_escape = c == '%' && at + 2 < text.len &&
                         http_is(text.data[at + 1], HTTP_HEX) &&
                         http_is(text.data[at + 2], HTTP_HEX);
        if (c == '[' || c == ']' || (c == '%' && !is_escape))
            return false;
    }
    return at && is_port(bytes_skip(text, at));
}

/* RFC 9110 section 4.2.4: user information is refused. */
static void read_authority(struct request_reader *reader, const char *data,
                           size_t end)
{
    if (!request_skip(reader, data, end, HTTP_HOST))
        return;
    char c = data[reader->at];
    struct bytes text = {data + reader->authority_at,
                         reader->at - reader->authority_at};
    if ((c != '/' && c != '?' && c != ' ') || !request_is_host(text)) {
        request_reject(reader, STATUS_BAD, "The target's host is not valid");
        return;
    }
    reader->authority_len = (uint32_t)text.len;
    reader->path_at = reader->at;
    reader->state = TARGET;
}

static void end_target(struct request_reader *reader)
{
    uint32_t at = reader->at;
    if (reader->has_query)
        reader->query_len = at - reader->query_at;
    else
        reader->path_len = at - reader->path_at;
    reader->matched = 0;
    request_go(reader, VERSION);
}

static void begin_query(struct request_reader *reader)
{
    reader->path_len = reader->at - reader->path_at;
    reader->query_at = reader->at + 1;
    reader->has_query = true;
    request_go(reader, TARGET);
}

/* RFC 3986 section 3.5: a fragment is never sent. */
static void reject_target(struct request_reader *reader, char c)
{
    const char *why = "The target contains a byte that must be percent-encoded";
    if (c == '#')
        why = "The target has a fragment";
    if (c == '\r' || c == '\n')
        why = "The request line has no version";
    request_reject(reader, STATUS_BAD, why);
}

static void read_target(struct request_reader *reader, const char *data,
                        size_t end)
{
    if (!request_skip(reader, data, end,
                      reader->has_query ? HTTP_QUERY : HTTP_PATH))
        return;
    char c = data[reader->at];
    if (c == ' ')
        end_target(reader);
    else if (c == '%')
        request_go(reader, ESCAPE_FIRST);
    else if (c == '?')
        begin_query(reader);
    else
        reject_target(reader, c);
}

static void read_escape(struct request_reader *reader, char c)
{
    request_expect(reader, http_is(c, HTTP_HEX),
                   reader->state == ESCAPE_FIRST ? ESCAPE_SECOND : TARGET,
                   "The target has a % without two hexadecimal digits");
}

static void read_version(struct request_reader *reader, char c)
{
    static const char version[] = "HTTP/1.";
    enum { MAJOR = 5, MINOR = sizeof version - 1 };
    uint8_t at = reader->matched++;
    if (at > MINOR) {
        request_expect(reader, c == '\r', REQUEST_LF,
                       "The version is malformed");
    } else if (at == MINOR ? c == '0' || c == '1' : c == version[at]) {
        reader->minor = c == '1'; /* the last digit counts */
        request_go(reader, VERSION);
    } else if ((at == MAJOR || at == MINOR) && http_is(c, HTTP_DIGIT)) {
        request_reject(reader, STATUS_VERSION,
                       "Only HTTP/1.0 and HTTP/1.1 are supported");
    } else {
        request_reject(reader, STATUS_BAD, "The version is malformed");
    }
}

void request_line_read(struct request_reader *reader, const char *data,
                       size_t end)
{
    char c = data[reader->at];
    switch ((enum request_state)reader->state) {
    case BEFORE:
        read_before(reader, c);
        break;
    case METHOD:
        read_method(reader, data, end);
        break;
    case TARGET_START:
        read_target_start(reader, data);
        break;
    case SCHEME:
        read_scheme(reader, c);
        break;
    case AUTHORITY:
        read_authority(reader, data, end);
        break;
    case TARGET:
        read_target(reader, data, end);
        break;
    case ESCAPE_FIRST:
    case ESCAPE_SECOND:
        read_escape(reader, c);
        break;
    case STAR:
        request_expect(reader, c == ' ', VERSION, target_form);
        break;
    case VERSION:
        read_version(reader, c);
        break;
    default: /* BEFORE_LF, REQUEST_LF: carriage return without line feed */
        request_expect(reader, c == '\n',
                       reader->state == BEFORE_LF ? BEFORE : NAME_START,
                       "A carriage return without a line feed");
        break;
    }
}
