/* Requirements on a handshake, independent of the client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/upgrade.h"
#include "protocols/protocols.h"

#define B(text) BYTES_LITERAL(text)

static const struct upgrade_rules rules = {protocols, "echo"};

static struct handshake good(void)
{
    return (struct handshake){
        .method = B("GET"),
        .path = B("/ws/alice"),
        .version = B("13"),
        .key = B("dGhlIHNhbXBsZSBub25jZQ=="),
    };
}

static struct verdict check(const struct handshake *handshake)
{
    struct verdict verdict = {.status = 101};
    bool ok = upgrade_check(&rules, handshake, &verdict);
    assert_true(ok == (verdict.status == 101));
    return verdict;
}

static void assert_refused(const struct handshake *handshake, int status,
                           const char *error)
{
    struct verdict verdict = check(handshake);
    assert_int_equal(verdict.status, status);
    assert_string_equal(verdict.error, error);
}

static void a_good_handshake_passes(void **state)
{
    (void)state;
    struct handshake handshake = good();
    struct verdict verdict = check(&handshake);
    assert_int_equal(verdict.status, 101);
    assert_string_equal(verdict.client_id, "alice");
    assert_string_equal(verdict.protocol->name, "echo");
}

static void only_get_can_upgrade(void **state)
{
    (void)state;
    static const char *const methods[] = {"", "POST", "HEAD", "get", "GETS"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct handshake handshake = good();
        handshake.method = bytes_of(methods[i]);
        assert_refused(&handshake, 405, "Method not allowed");
    }
}

static void only_ws_is_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"",          "/",        "/ws",
                                        "/WS/alice", "ws/alice", "/wsx/alice",
                                        "/x/ws/a",   "//ws/a"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct handshake handshake = good();
        handshake.path = bytes_of(paths[i]);
        assert_refused(&handshake, 404, "Not found");
    }
}

static void only_version_13_is_supported(void **state)
{
    (void)state;
    static const char *const versions[] = {"",      "8",   "12",
                                           "13, 8", "013", " 13"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        struct handshake handshake = good();
        handshake.version = bytes_of(versions[i]);
        assert_refused(&handshake, 426, "Upgrade required");
    }
}

static void a_key_is_16_bytes_in_base64(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZWU=",
        "dGhlIHNhbXBsZSBub25jZ!==",
        "dGhlIHNhbXBsZSBub25j Q==",
        "dGhlIHNhbXBsZSBub25jZ\xc3==",
        "========================",
        "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct handshake handshake = good();
        handshake.key = bytes_of(keys[i]);
        assert_refused(&handshake, 400, "Bad handshake");
    }
}

static void a_client_id_has_a_format(void **state)
{
    (void)state;
    char longest[4 + CLIENT_ID_MAX + 2] = "/ws/";
    memset(longest + 4, 'a', CLIENT_ID_MAX + 1);
    struct handshake handshake = good();
    handshake.path = (struct bytes){longest, 4 + CLIENT_ID_MAX};
    assert_int_equal(check(&handshake).status, 101);

    const struct bytes good_ones[] = {
        B("/ws/a b"),    B("/ws/a/b"),           B("/ws/al\xc3\xa4"),
        B("/ws/alice?"), B("/ws/\xe2\x80\xae*"),
    };
    for (size_t i = 0; i < sizeof good_ones / sizeof *good_ones; i++) {
        handshake.path = good_ones[i];
        assert_int_equal(check(&handshake).status, 101);
    }
    const struct bytes bad[] = {
        B("/ws/"),
        B("/ws/a\0b"),
        B("/ws/a\nb"),
        B("/ws/a\x7f"),
        B("/ws/\xc2\x80"),
        B("/ws/\xc0\xaf"),
        B("/ws/\xed\xa0\x80"),
        {longest, 4 + CLIENT_ID_MAX + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        handshake.path = bad[i];
        assert_refused(&handshake, 400, "Invalid client id");
    }
    handshake.path = B("/ws/a/b");
    handshake.is_parted = true;
    assert_refused(&handshake, 400, "Invalid client id");
}

static void the_protocol_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *offered;
        const char *query;
        const char *chosen; /* NULL: refused */
        const char *reason;
    } rows[] = {
        {"", "", "echo", NULL},
        {"", "broadcast", "broadcast", NULL},
        {"broadcast", "", "broadcast", NULL},
        {"broadcast", "echo", "broadcast", NULL},
        {"broadcast, echo", "", "broadcast", NULL},
        {"chess, echo , broadcast", "", "echo", NULL},
        {"chess echo", "", "echo", NULL},
        {"bearer.abc, broadcast", "", "broadcast", NULL},
        {"", "chess", NULL, NULL},
        {"chess", "", NULL, NULL},
        {"chess", "echo", NULL, NULL},
        {"chess, bearer.abc", "echo", NULL, NULL},
        {"Echo", "", NULL, NULL},
        {"bearer.abc", "", NULL,
         "Sec-WebSocket-Protocol must name a protocol besides bearer."},
        {"bearer.abc", "echo", NULL,
         "Sec-WebSocket-Protocol must name a protocol besides bearer."},
        {",", "echo", NULL,
         "Sec-WebSocket-Protocol must name a protocol besides bearer."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct handshake handshake = good();
        handshake.subprotocols = bytes_of(rows[i].offered);
        handshake.query_protocol = bytes_of(rows[i].query);
        struct verdict verdict = check(&handshake);
        if (rows[i].chosen)
            assert_string_equal(verdict.protocol->name, rows[i].chosen);
        else
            assert_refused(&handshake, 400, "Unknown protocol");
        if (rows[i].reason)
            assert_string_equal(verdict.reason, rows[i].reason);
    }
}

/* Clients reject a handshake response without a protocol they offered. */
static void an_unknown_protocol_cannot_be_explained(void **state)
{
    (void)state;
    struct handshake handshake = good();
    handshake.query_protocol = (struct bytes)B("chess");
    assert_int_equal(check(&handshake).close, CLOSE_NONE);
    handshake.subprotocols = (struct bytes)B("chess");
    assert_int_equal(check(&handshake).close, CLOSE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_handshake_passes),
        cmocka_unit_test(only_get_can_upgrade),
        cmocka_unit_test(only_ws_is_found),
        cmocka_unit_test(only_version_13_is_supported),
        cmocka_unit_test(a_key_is_16_bytes_in_base64),
        cmocka_unit_test(a_client_id_has_a_format),
        cmocka_unit_test(the_protocol_is_chosen),
        cmocka_unit_test(an_unknown_protocol_cannot_be_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
