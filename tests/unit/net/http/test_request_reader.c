#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "net/http/request_fields.h"
#include "net/http/request_reader.h"

#define GOOD "GET /a HTTP/1.1\r\nHost: x\r\n"

enum { HEAD_MAX = 1024 };

/* Reads from the first `len` bytes, in a block of exactly that size. */
static enum request_result feed(struct request_reader *reader,
                                struct bytes text, size_t len)
{
    char *block = malloc(len + 1);
    memcpy(block, text.data, len);
    enum request_result result =
        request_reader_read(reader, (struct bytes){block, len});
    free(block);
    return result;
}

static void assert_same(const struct request_reader *whole,
                        const struct request_reader *cut)
{
    assert_int_equal(whole->at, cut->at);
    assert_int_equal(whole->state, cut->state);
    assert_int_equal(whole->fault.status, cut->fault.status);
    assert_ptr_equal(whole->fault.why, cut->fault.why);
    assert_int_equal(whole->seen, cut->seen);
    assert_int_equal(whole->line_count, cut->line_count);
    assert_memory_equal(whole->lines, cut->lines,
                        whole->line_count * sizeof *whole->lines);
}

/* Reads a text at once, byte by byte, and split at every byte. */
static enum request_result read_text(struct request_reader *reader,
                                     struct bytes text, uint32_t head_max)
{
    struct request_reader steps = {.head_max = head_max};
    *reader = (struct request_reader){.head_max = head_max};
    enum request_result result = feed(reader, text, text.len);
    for (size_t len = 0; len <= text.len; len++)
        feed(&steps, text, len);
    assert_same(reader, &steps);
    for (size_t cut = 0; cut < text.len; cut++) {
        struct request_reader two = {.head_max = head_max};
        feed(&two, text, cut);
        assert_int_equal(feed(&two, text, text.len), result);
        assert_same(reader, &two);
    }
    return result;
}

/* A complete head. */
struct sample {
    struct request_reader reader;
    struct request_head head;
    struct buffer joined;
    struct bytes text;
};

static void read_sample(struct sample *sample, const char *text)
{
    *sample = (struct sample){.text = bytes_of(text)};
    enum request_result result =
        read_text(&sample->reader, sample->text, HEAD_MAX);
    if (result != REQUEST_WHOLE)
        fail_msg("%s at %u in: %s", sample->reader.fault.why, sample->reader.at,
                 text);
    request_reader_head(&sample->reader, sample->text, &sample->joined,
                        &sample->head);
}

static void end_sample(struct sample *sample)
{
    buffer_deinit(&sample->joined);
}

static void assert_head(const char *text, const char *method, const char *path,
                        const char *query, const char *host)
{
    struct sample sample;
    read_sample(&sample, text);
    assert_int_equal(sample.reader.at, strlen(text));
    assert_bytes(sample.head.method, method);
    assert_bytes(sample.head.path, path);
    assert_int_equal(sample.head.query.data != NULL, query != NULL);
    assert_bytes(sample.head.query, query ? query : "");
    assert_bytes(sample.head.fields[FIELD_HOST], host);
    end_sample(&sample);
}

/* A refused text, the number of bytes read, and the response. The next byte is
 * the first invalid one. */
struct refusal {
    struct bytes text;
    uint32_t at;
    int status;
    const char *why;
};

#define REFUSED(good, bad, status, why)                                        \
    {                                                                          \
        BYTES_LITERAL(good bad "\r\n\r\n"), sizeof(good) - 1, status, why      \
    }

static void assert_refused(const struct refusal *row)
{
    struct request_reader reader;
    if (read_text(&reader, row->text, HEAD_MAX) != REQUEST_BAD)
        fail_msg("was taken: %s", row->text.data);
    if (reader.fault.status != row->status || reader.at != row->at ||
        strcmp(reader.fault.why, row->why) != 0)
        fail_msg("%d \"%s\" at %u: %s", reader.fault.status, reader.fault.why,
                 reader.at, row->text.data);
    if (row->at)
        assert_int_equal(read_text(&reader,
                                   (struct bytes){row->text.data, row->at},
                                   HEAD_MAX),
                         REQUEST_MORE);
}

#define assert_all_refused(rows)                                               \
    for (size_t row_ = 0; row_ < COUNT(rows); row_++)                          \
    assert_refused(&(rows)[row_])

/* ---- the request line ---------------------------------------------------- */

static void targets_in_origin_form_are_taken_as_sent(void **state)
{
    (void)state;
    assert_head(GOOD "\r\n", "GET", "/a", NULL, "x");
    assert_head("POST /a%2fb//../?c=%20?&d HTTP/1.1\r\nHost: x\r\n\r\n", "POST",
                "/a%2fb//../", "c=%20?&d", "x");
    assert_head("GET /? HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/", "", "x");
    assert_head("GET /!$&'()*+,;=:@-._~[]{}|\\^`\"<> HTTP/1.1\r\nHost: x\r\n"
                "\r\n",
                "GET", "/!$&'()*+,;=:@-._~[]{}|\\^`\"<>", NULL, "x");
}

static void targets_in_absolute_form_name_the_host(void **state)
{
    (void)state;
    assert_head("GET http://x:80/a?b HTTP/1.1\r\nHost: y\r\n\r\n", "GET", "/a",
                "b", "x:80");
    assert_head("GET HTTPS://[::1]:8080/ HTTP/1.1\r\nHost: \r\n\r\n", "GET",
                "/", NULL, "[::1]:8080");
    assert_head("GET hTTp://x HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/", NULL,
                "x");
    assert_head("GET http://x?a HTTP/1.0\r\n\r\n", "GET", "/", "a", "x");
    assert_head("OPTIONS http://x HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS", "*",
                NULL, "x");
    assert_head("OPTIONS http://x? HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS", "/",
                "", "x");
}

static void any_token_is_a_method(void **state)
{
    (void)state;
    assert_head("get / HTTP/1.1\r\nHost: x\r\n\r\n", "get", "/", NULL, "x");
    assert_head("M-SEARCH!#$%&'*+.^_`|~09 / HTTP/1.1\r\nHost: x\r\n\r\n",
                "M-SEARCH!#$%&'*+.^_`|~09", "/", NULL, "x");
    assert_head("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: x\r\n"
                "\r\n",
                "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", "/", NULL, "x");
    assert_head("CONNECTX / HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECTX", "/", NULL,
                "x");
}

static void the_asterisk_form_is_for_options(void **state)
{
    (void)state;
    assert_head("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS", "*", NULL,
                "x");
}

static void empty_lines_before_a_request_are_ignored(void **state)
{
    (void)state;
    assert_head("\r\n\r\n" GOOD "\r\n", "GET", "/a", NULL, "x");
}

static const char no_method[] = "The request does not begin with a method";
static const char method_byte[] = "The method contains an invalid character";
static const char target_form[] =
    "The target is neither a path nor an http URL";
static const char target_host[] = "The target's host is not valid";
static const char target_byte[] =
    "The target contains a byte that must be percent-encoded";
static const char escape[] =
    "The target has a % without two hexadecimal digits";
static const char no_version[] = "The request line has no version";
static const char bad_version[] = "The version is malformed";
static const char other_version[] = "Only HTTP/1.0 and HTTP/1.1 are supported";
static const char other_star[] = "The target * is only for OPTIONS";
static const char bare_return[] = "A carriage return without a line feed";
static const char bare_feed[] = "A line feed without a carriage return";

static void invalid_request_lines_are_refused(void **state)
{
    (void)state;
    const struct refusal rows[] = {
        REFUSED("", " " GOOD, 400, no_method),
        REFUSED("", "\n" GOOD, 400, no_method),
        REFUSED("\r\n", "\n" GOOD, 400, no_method),
        REFUSED("\r", "G", 400, bare_return),
        REFUSED("", "\0", 400, no_method),
        REFUSED("", "\xff", 400, no_method),
        REFUSED("", "/a HTTP/1.1", 400, no_method),
        REFUSED("", "\x16\x03\x01", 400, "Expected HTTP, got a TLS handshake"),
        REFUSED("GET", "\t/a", 400, method_byte),
        REFUSED("GET", "/a", 400, method_byte),
        REFUSED("GET", "", 400, method_byte),
        REFUSED("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", "G / HTTP/1.1", 501,
                "The method is too long"),
        REFUSED("CONNECT", " x:80 HTTP/1.1", 501,
                "The method CONNECT is not supported"),
        REFUSED("GET ", " /a", 400, target_form),
        REFUSED("GET ", "a", 400, target_form),
        REFUSED("GET ", "?a", 400, target_form),
        REFUSED("GET ", "x:80", 400, target_form),
        REFUSED("GET ", "ftp://x/", 400, target_form),
        REFUSED("GET h", "ealth", 400, target_form),
        REFUSED("GET https", "x", 400, target_form),
        REFUSED("GET http:/", "x", 400, target_form),
        REFUSED("GET http://", "/a", 400, target_host),
        REFUSED("GET http://", "?a", 400, target_host),
        REFUSED("GET http://", " HTTP/1.1", 400, target_host),
        REFUSED("GET http://u", "@x/", 400, target_host),
        REFUSED("GET http://:80", "/", 400, target_host),
        REFUSED("GET http://x:a", "/", 400, target_host),
        REFUSED("GET http://x", "#a", 400, target_host),
        REFUSED("GET http://x", "\r\n", 400, target_host),
        REFUSED("GET ", "* HTTP/1.1", 400, other_star),
        REFUSED("OPTIONS *", "/a", 400, target_form),
        REFUSED("OPTIONS *", "*", 400, target_form),
        REFUSED("PRI ", "* HTTP/2.0", 505, "HTTP/2 is not supported"),
        REFUSED("GET /", "\0", 400, target_byte),
        REFUSED("GET /", "\t", 400, target_byte),
        REFUSED("GET /", "\x7f", 400, target_byte),
        REFUSED("GET /", "\xc3\xa4", 400, target_byte),
        REFUSED("GET /?", "\xc3\xa4", 400, target_byte),
        REFUSED("GET /a", "#b HTTP/1.1", 400, "The target has a fragment"),
        REFUSED("GET /a", "", 400, no_version),
        REFUSED("GET /a?b", "\n", 400, no_version),
        REFUSED("GET /%", " HTTP/1.1", 400, escape),
        REFUSED("GET /%2", " HTTP/1.1", 400, escape),
        REFUSED("GET /%", "zz", 400, escape),
        REFUSED("GET /%2", "%20", 400, escape),
        REFUSED("GET /?a=%2", "g", 400, escape),
        REFUSED("GET /%", "?", 400, escape),
        REFUSED("GET / ", " HTTP/1.1", 400, bad_version),
        REFUSED("GET / ", "http/1.1", 400, bad_version),
        REFUSED("GET / ", "b HTTP/1.1", 400, bad_version),
        REFUSED("GET / HTTP/", "x.1", 400, bad_version),
        REFUSED("GET / HTTP/1", "1", 400, bad_version),
        REFUSED("GET / HTTP/1", "", 400, bad_version),
        REFUSED("GET / HTTP/1.1", "0", 400, bad_version),
        REFUSED("GET / HTTP/1.1", " ", 400, bad_version),
        REFUSED("GET / HTTP/1.1", "\n", 400, bad_version),
        REFUSED("GET / HTTP/1.", "2", 505, other_version),
        REFUSED("GET / HTTP/", "2.0", 505, other_version),
        REFUSED("GET / HTTP/", "0.9", 505, other_version),
        REFUSED("GET / HTTP/1.1\r", "H", 400, bare_return),
        REFUSED("GET / HTTP/1.1\r", "\r\n", 400, bare_return),
    };
    assert_all_refused(rows);
}

/* ---- fields -------------------------------------------------------------- */

static void blanks_around_a_value_are_removed(void **state)
{
    (void)state;
    struct sample sample;
    read_sample(&sample,
                "GET / HTTP/1.1\r\nHost:\t x:80 \t\r\nAccept:a \t b\xe4"
                "\t\r\nX:\r\nVia:  \r\nCookie:\r\n\r\n");
    const struct request_head *head = &sample.head;
    assert_bytes(head->fields[FIELD_HOST], "x:80");
    assert_bytes(head->fields[FIELD_ACCEPT], "a \t b\xe4");
    assert_bytes(head->fields[FIELD_VIA], "");
    assert_non_null(head->fields[FIELD_VIA].data);
    assert_bytes(head->fields[FIELD_COOKIE], "");
    assert_int_equal(head->counts[FIELD_COOKIE], 1);
    assert_null(head->fields[FIELD_ORIGIN].data);
    assert_int_equal(head->counts[FIELD_ORIGIN], 0);
    end_sample(&sample);
}

/* Every name is found in any case, but no part of it and nothing longer. */
static void field_names_are_compared_completely(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUEST_FIELDS; i++) {
        char text[128];
        struct bytes name = request_field_rules[i].name;
        assert_int_equal(request_field_named(name), i);
        int len = snprintf(text, sizeof text, "%s-A", name.data);
        assert_int_equal(request_field_named((struct bytes){text, len}),
                         FIELD_OTHER);
        for (size_t part = 0; part < name.len; part++) {
            enum request_field found =
                request_field_named((struct bytes){name.data, part});
            assert_true(found == FIELD_OTHER || found == FIELD_ACCEPT);
            text[part] =
                (char)(name.data[part] ^ (name.data[part] >= 'a' ? 0x20 : 0));
        }
        assert_int_equal(request_field_named((struct bytes){text, name.len}),
                         i);
    }
}

/* Prefixes of known names, and names with known suffixes: reading continues
 * after them. */
static void unknown_fields_are_ignored(void **state)
{
    (void)state;
    for (size_t i = 0; i < REQUEST_FIELDS; i++) {
        struct bytes name = request_field_rules[i].name;
        for (size_t len = 1; len < name.len; len++) {
            char text[256];
            struct sample sample;
            snprintf(text, sizeof text,
                     "POST / HTTP/1.1\r\n%.*s: 1\r\nX-%s: 2\r\n%s_: 3\r\n"
                     "Content-Length: 35\r\nHost: a\r\n\r\n",
                     (int)len, name.data, name.data, name.data);
            read_sample(&sample, text);
            assert_int_equal(sample.head.body_len, 35);
            assert_bytes(sample.head.fields[FIELD_HOST], "a");
            assert_false(sample.head.is_chunked);
            end_sample(&sample);
        }
    }
}

static const char name_byte[] =
    "A header field name contains an invalid character";
static const char name_blank[] =
    "White space before the colon of a header field";
static const char no_colon[] = "A header field has no colon";
static const char no_name[] = "A header field has no name";
static const char folded[] = "A header field begins with white space";
static const char value_byte[] =
    "A header field value contains a control character";
static const char host_byte[] = "Host contains an invalid character";
static const char bad_host[] = "Host is not a host with an optional port";
static const char no_host[] = "The Host field is missing";

#define START "GET / HTTP/1.1\r\n"

static void invalid_fields_are_refused(void **state)
{
    (void)state;
    const struct refusal rows[] = {
        REFUSED(GOOD, " folded: x", 400, folded),
        REFUSED(GOOD "A: b\r\n", "\tc", 400, folded),
        REFUSED(START, " Host: x", 400, folded),
        REFUSED(GOOD "A", " : b", 400, name_blank),
        REFUSED(GOOD "A", "\t: b", 400, name_blank),
        REFUSED(GOOD "A", " b", 400, name_blank),
        REFUSED(GOOD, ": b", 400, no_name),
        REFUSED(GOOD "A", "", 400, no_colon),
        REFUSED(GOOD "A", "\n", 400, bare_feed),
        REFUSED(GOOD, "\n", 400, bare_feed),
        REFUSED(GOOD "A", "\0: b", 400, name_byte),
        REFUSED(GOOD, "\xe4: b", 400, name_byte),
        REFUSED(GOOD "A", "(b): c", 400, name_byte),
        REFUSED(GOOD "A: b", "\0", 400, value_byte),
        REFUSED(GOOD "A:", "\x01", 400, value_byte),
        REFUSED(GOOD "A: b ", "\x7f", 400, value_byte),
        REFUSED(GOOD "A: 0123456789abcdef", "\x0b", 400, value_byte),
        REFUSED(GOOD "A: b", "\nC: d", 400, bare_feed),
        REFUSED(GOOD "A: b\r", "C: d", 400, bare_return),
        REFUSED(GOOD "A: b\r", "\r\n", 400, bare_return),
        REFUSED(GOOD "\r", "x", 400, bare_return),
        REFUSED(GOOD "Via: b\r", "\r\n", 400, bare_return),
    };
    assert_all_refused(rows);
}

static void http_1_1_names_one_host(void **state)
{
    (void)state;
    const struct refusal rows[] = {
        REFUSED(START "\r", "\n", 400, no_host),
        REFUSED(START "X-Host: x\r\n\r", "\n", 400, no_host),
        REFUSED("GET http://x/ HTTP/1.1\r\n\r", "\n", 400, no_host),
        REFUSED(GOOD "Host", ": x", 400, "Two Host fields"),
        REFUSED(GOOD "hOST", ":", 400, "Two Host fields"),
        REFUSED(START "Host: x", "/a", 400, host_byte),
        REFUSED(START "Host: u", "@x", 400, host_byte),
        REFUSED(START "Host: x ", "y", 400, host_byte),
        REFUSED(START "Host: x", "\xe4", 400, host_byte),
        REFUSED(START "Host: x:y", "\r\n", 400, bad_host),
        REFUSED(START "Host: :80", "\r\n", 400, bad_host),
        REFUSED(START "Host: x:80:80", "\r\n", 400, bad_host),
        REFUSED(START "Host: ::1", "\r\n", 400, bad_host),
        REFUSED(START "Host: [::1", "\r\n", 400, bad_host),
        REFUSED(START "Host: []", "\r\n", 400, bad_host),
        REFUSED(START "Host: [x]", "\r\n", 400, bad_host),
        REFUSED(START "Host: [::1]80", "\r\n", 400, bad_host),
        REFUSED(START "Host: x[1]", "\r\n", 400, bad_host),
        REFUSED(START "Host: %2", "\r\n", 400, bad_host),
        REFUSED(START "Host: x%zz", "\r\n", 400, bad_host),
    };
    assert_all_refused(rows);
}

static void hosts_are_names_or_addresses(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "",       "a.example",           "a-b_c~d:", "127.0.0.1:8080", "[::1]",
        "[::1]:", "[::ffff:1.2.3.4]:80", "x%2Dy",    "a!$&'()*+,;="};
    for (size_t i = 0; i < COUNT(hosts); i++) {
        char text[128];
        struct sample sample;
        snprintf(text, sizeof text, START "Host: %s\r\n\r\n", hosts[i]);
        read_sample(&sample, text);
        assert_bytes(sample.head.fields[FIELD_HOST], hosts[i]);
        end_sample(&sample);
    }
}

static void http_1_0_needs_no_host(void **state)
{
    (void)state;
    struct sample sample;
    read_sample(&sample, "GET / HTTP/1.0\r\nConnection: Upgrade, keep-alive\r\n"
                         "Expect: 100-continue\r\n\r\n");
    assert_int_equal(sample.head.minor, 0);
    assert_true(sample.head.wants_keep_alive);
    assert_false(sample.head.wants_upgrade);
    assert_false(sample.head.expects_continue);
    end_sample(&sample);
}

/* ---- where the body ends ------------------------------------------------- */

static void one_valid_length_is_allowed(void **state)
{
    (void)state;
    static const char digits[] =
        "Content-Length contains a character that is not a digit";
    static const char number[] = "Content-Length is not a number, or too large";
    static const char two[] = "Two Content-Length fields";
    static const char both[] =
        "Content-Length and Transfer-Encoding exclude each other";
    const struct refusal rows[] = {
        REFUSED(GOOD "Content-Length:", "", 400, number),
        REFUSED(GOOD "Content-Length: \t", "", 400, number),
        REFUSED(GOOD "Content-Length: ", "-1", 400, digits),
        REFUSED(GOOD "Content-Length: ", "+1", 400, digits),
        REFUSED(GOOD "Content-Length: 1 ", "1", 400, digits),
        REFUSED(GOOD "Content-Length: 1", ",1", 400, digits),
        REFUSED(GOOD "Content-Length: 0", "x1", 400, digits),
        REFUSED(GOOD "Content-Length: 1", ".5", 400, digits),
        REFUSED(GOOD "Content-Length: 1", "\0", 400, digits),
        REFUSED(GOOD "Content-Length: 18446744073709551616", "", 400, number),
        REFUSED(GOOD "Content-Length: 99999999999999999999", "", 400, number),
        REFUSED(GOOD "Content-Length: 1\r\ncontent-length", ": 1", 400, two),
        REFUSED(GOOD "Content-Length: 1\r\nTransfer-Encoding", ": chunked", 400,
                both),
        REFUSED(GOOD "Transfer-Encoding: chunked\r\nContent-Length", ": 1", 400,
                both),
    };
    assert_all_refused(rows);
}

static void assert_length(const char *value, uint64_t len)
{
    char text[128];
    struct sample sample;
    snprintf(text, sizeof text, GOOD "Content-Length: %s\r\n\r\n", value);
    read_sample(&sample, text);
    assert_true(sample.head.has_length);
    assert_false(sample.head.is_chunked);
    assert_true(sample.head.body_len == len);
    end_sample(&sample);
}

static void lengths_are_numbers(void **state)
{
    (void)state;
    assert_length("0", 0);
    assert_length("7 \t", 7);
    assert_length("0000000000000000000000012", 12);
    assert_length("18446744073709551615", UINT64_MAX);
}

static void only_chunked_alone_is_accepted(void **state)
{
    (void)state;
    static const char other[] =
        "Transfer-Encodings other than chunked are not supported";
    static const char two[] =
        "A repeated Transfer-Encoding field is not supported";
    const struct refusal rows[] = {
        REFUSED(GOOD "Transfer-Encoding:", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: chunke", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: chunkedx", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: chunked,", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: ,chunked", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: \"chunked\"", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: chunked x", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: chunked, chunked", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: gzip, chunked", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: chunked;q=1", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: identity", "", 501, other),
        REFUSED(GOOD "Transfer-Encoding: ",
                "\x0b"
                "chunked",
                400, value_byte),
        REFUSED(GOOD "Transfer-Encoding: chunked\r\nTransfer-Encoding",
                ": chunked", 501, two),
        REFUSED("GET / HTTP/1.0\r\nTransfer-Encoding", ": chunked", 400,
                "Transfer-Encoding is not allowed in HTTP/1.0"),
    };
    assert_all_refused(rows);
    static const char *const good[] = {"Transfer-Encoding: chunked",
                                       "transfer-encoding:CHUNKED",
                                       "Transfer-Encoding:\t chunked \t"};
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[128];
        struct sample sample;
        snprintf(text, sizeof text, GOOD "%s\r\n\r\n", good[i]);
        read_sample(&sample, text);
        assert_true(sample.head.is_chunked);
        assert_false(sample.head.has_length);
        end_sample(&sample);
    }
}

/* ---- repeated fields ----------------------------------------------------- */

static const char *joint_of(size_t field)
{
    return request_field_rules[field].joint;
}

static bool is_framing(size_t field)
{
    return field == FIELD_TRANSFER_ENCODING || field == FIELD_CONTENT_LENGTH;
}

static void assert_repeated(size_t field)
{
    char text[256];
    char expected[32];
    struct sample sample;
    const char *name = request_field_rules[field].name.data;
    snprintf(text, sizeof text, GOOD "%s: a\r\nX: y\r\n%s: b \r\n%s:\r\n\r\n",
             name, name, name);
    snprintf(expected, sizeof expected, "a%sb%s%s", joint_of(field),
             joint_of(field), field == FIELD_FORWARDED ? "\n" : "");
    read_sample(&sample, text);
    assert_bytes(sample.head.fields[field], expected);
    assert_int_equal(sample.head.counts[field], 3);
    end_sample(&sample);
}

static void assert_twice_refused(size_t field)
{
    char text[256];
    struct request_reader reader;
    const char *name = request_field_rules[field].name.data;
    snprintf(text, sizeof text, GOOD "%s: 1\r\n%s: 1\r\n\r\n",
             field == FIELD_HOST ? "X" : name, name);
    assert_int_equal(read_text(&reader, bytes_of(text), HEAD_MAX), REQUEST_BAD);
    assert_int_equal(reader.fault.status, 400);
    assert_string_equal(reader.fault.why, request_field_rules[field].twice);
    assert_int_equal(strncmp(reader.fault.why, "Two ", 4), 0);
    assert_int_equal(strncasecmp(reader.fault.why + 4, name, strlen(name)), 0);
}

static void repeated_fields_are_joined_or_refused(void **state)
{
    (void)state;
    for (size_t field = 0; field < REQUEST_FIELDS; field++) {
        assert_true(!joint_of(field) != !request_field_rules[field].twice);
        if (!joint_of(field))
            assert_twice_refused(field);
        else if (!is_framing(field))
            assert_repeated(field);
    }
}

static void several_joined_fields_do_not_overlap(void **state)
{
    (void)state;
    struct sample sample;
    read_sample(&sample, GOOD "Accept: a\r\nCookie: b=c\r\nVia: 1\r\n"
                              "Forwarded: for=\"d\r\nAccept: e\r\nvia:2\r\n"
                              "FORWARDED:for=f\r\nCookie: g\r\n\r\n");
    assert_bytes(sample.head.fields[FIELD_ACCEPT], "a, e");
    assert_bytes(sample.head.fields[FIELD_COOKIE], "b=c; g");
    assert_bytes(sample.head.fields[FIELD_VIA], "1, 2");
    assert_bytes(sample.head.fields[FIELD_FORWARDED], "for=\"d\nfor=f\n");
    end_sample(&sample);
}

static void empty_lines_of_a_list_are_joined_too(void **state)
{
    (void)state;
    struct sample sample;
    read_sample(&sample, GOOD "Via:\r\nVia: a\r\nCookie:\r\nCookie:\r\n\r\n");
    assert_bytes(sample.head.fields[FIELD_VIA], ", a");
    assert_bytes(sample.head.fields[FIELD_COOKIE], "; ");
    end_sample(&sample);
}

static void one_line_of_forwarded_ends_too(void **state)
{
    (void)state;
    struct sample sample;
    read_sample(&sample, GOOD "Forwarded: for=a\r\n\r\n");
    assert_bytes(sample.head.fields[FIELD_FORWARDED], "for=a\n");
    end_sample(&sample);
}

/* ---- what a client asks for ---------------------------------------------- */

static void connection_and_expect_are_lists(void **state)
{
    (void)state;
    struct sample sample;
    read_sample(&sample, GOOD "Connection: close ,\tx\r\n"
                              "connection: UPGRADE, Keep-Alive\r\n"
                              "Expect: x, 100-Continue\r\n\r\n");
    assert_true(sample.head.wants_close);
    assert_true(sample.head.wants_keep_alive);
    assert_true(sample.head.wants_upgrade);
    assert_true(sample.head.expects_continue);
    end_sample(&sample);
    read_sample(&sample,
                GOOD "Connection: upgraded, closed, x=\"a, upgrade\"\r\n"
                     "Upgrade: websocket\r\nExpect: 200-ok\r\n\r\n");
    assert_false(sample.head.wants_close);
    assert_false(sample.head.wants_keep_alive);
    assert_false(sample.head.wants_upgrade);
    assert_false(sample.head.expects_continue);
    end_sample(&sample);
}

/* ---- limits -------------------------------------------------------------- */

static void a_request_ends_with_its_head(void **state)
{
    (void)state;
    struct request_reader reader;
    struct bytes text = BYTES_LITERAL(GOOD "\r\n\x81\x80" GOOD);
    assert_int_equal(read_text(&reader, text, HEAD_MAX), REQUEST_WHOLE);
    assert_int_equal(reader.at, sizeof GOOD "\r\n" - 1);
    assert_int_equal(request_reader_read(&reader, text), REQUEST_WHOLE);
}

static void assert_too_long(const char *text, uint32_t head_max, int status)
{
    struct request_reader reader;
    assert_int_equal(read_text(&reader, bytes_of(text), head_max), REQUEST_BAD);
    assert_int_equal(reader.fault.status, status);
    assert_int_equal(reader.at, head_max);
}

static void the_size_of_heads_is_limited(void **state)
{
    (void)state;
    struct request_reader reader;
    const char *text = GOOD "A: b\r\n\r\n";
    uint32_t line = sizeof "GET /a HTTP/1.1\r\n" - 1;
    uint32_t len = (uint32_t)strlen(text);
    assert_int_equal(read_text(&reader, bytes_of(text), len), REQUEST_WHOLE);
    for (uint32_t max = 1; max < line; max++)
        assert_too_long(text, max, 414);
    for (uint32_t max = line; max < len; max++)
        assert_too_long(text, max, 431);
    assert_too_long("\r\n\r\n\r\n", 4, 431);
}

static void known_fields_are_counted(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct request_reader reader;
    buffer_append_text(&text, GOOD);
    for (size_t i = 1; i < REQUEST_LINES; i++)
        buffer_append_text(&text, "Via: a\r\nX: b\r\n");
    struct buffer more = {0};
    buffer_append(&more, buffer_bytes(&text));
    buffer_append_text(&text, "\r\n");
    buffer_append_text(&more, "Via: a\r\n\r\n");
    assert_int_equal(read_text(&reader, buffer_bytes(&text), 4 * HEAD_MAX),
                     REQUEST_WHOLE);
    assert_int_equal(read_text(&reader, buffer_bytes(&more), 4 * HEAD_MAX),
                     REQUEST_BAD);
    assert_int_equal(reader.fault.status, 431);
    buffer_deinit(&text);
    buffer_deinit(&more);
}

/* Every byte, at every position of a field line, is accepted or refused, never
 * dropped. */
static void every_byte_is_checked(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char text[] = GOOD "Via: 12345678?12345678\r\n\r\n";
        struct request_reader reader = {.head_max = HEAD_MAX};
        *strchr(text, '?') = (char)c;
        bool is_good = c == '\t' || (c >= ' ' && c != 0x7f);
        enum request_result result =
            request_reader_read(&reader, (struct bytes){text, sizeof text - 1});
        assert_int_equal(result, is_good ? REQUEST_WHOLE : REQUEST_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_in_origin_form_are_taken_as_sent),
        cmocka_unit_test(targets_in_absolute_form_name_the_host),
        cmocka_unit_test(any_token_is_a_method),
        cmocka_unit_test(the_asterisk_form_is_for_options),
        cmocka_unit_test(empty_lines_before_a_request_are_ignored),
        cmocka_unit_test(invalid_request_lines_are_refused),
        cmocka_unit_test(blanks_around_a_value_are_removed),
        cmocka_unit_test(field_names_are_compared_completely),
        cmocka_unit_test(unknown_fields_are_ignored),
        cmocka_unit_test(invalid_fields_are_refused),
        cmocka_unit_test(http_1_1_names_one_host),
        cmocka_unit_test(hosts_are_names_or_addresses),
        cmocka_unit_test(http_1_0_needs_no_host),
        cmocka_unit_test(one_valid_length_is_allowed),
        cmocka_unit_test(lengths_are_numbers),
        cmocka_unit_test(only_chunked_alone_is_accepted),
        cmocka_unit_test(repeated_fields_are_joined_or_refused),
        cmocka_unit_test(several_joined_fields_do_not_overlap),
        cmocka_unit_test(empty_lines_of_a_list_are_joined_too),
        cmocka_unit_test(one_line_of_forwarded_ends_too),
        cmocka_unit_test(connection_and_expect_are_lists),
        cmocka_unit_test(a_request_ends_with_its_head),
        cmocka_unit_test(the_size_of_heads_is_limited),
        cmocka_unit_test(known_fields_are_counted),
        cmocka_unit_test(every_byte_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
