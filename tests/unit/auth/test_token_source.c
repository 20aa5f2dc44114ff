#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "auth/token_source.h"

#define B(text) BYTES_LITERAL(text)
#define PAGE    .origin = B("https://example.com")

struct row {
    struct handshake handshake;
    const char *token; /* NULL: no token */
};

static void assert_rows(const struct row *rows, size_t count, bool query_token)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes token = {0};
        bool found = token_source_find(&rows[i].handshake, query_token, &token);
        if (found != !!rows[i].token ||
            (found && !bytes_equal(token, bytes_of(rows[i].token))))
            fail_msg("row %zu: \"%.*s\"", i, (int)token.len, token.data);
    }
}

#define ASSERT_ROWS(rows, query_token)                                         \
    assert_rows(rows, sizeof rows / sizeof *rows, query_token)

static void authorization(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.token = NULL},
        {{.authorization = B("Bearer abc")}, "abc"},
        {{.authorization = B("bearer abc")}, "abc"},
        {{.authorization = B("BEARER  abc ")}, "abc"},
        {{.authorization = B("Bearer\tabc")}, "abc"},
        {{.authorization = B("Bearer a b")}, "a b"},
        {{.authorization = B("Bearer")}, ""},
        {{.authorization = B("Bearer ")}, ""},
        {{.authorization = B("Bearerabc")}, NULL},
        {{.authorization = B("Basic abc")}, NULL},
        {{.authorization = B("abc")}, NULL},
        {{.authorization = B(" ")}, NULL},
    };
    ASSERT_ROWS(rows, false);
}

static void subprotocols(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{.subprotocols = B("broadcast")}, NULL},
        {{.subprotocols = B("broadcast, bearer.abc")}, "abc"},
        {{.subprotocols = B("bearer.abc,broadcast")}, "abc"},
        {{.subprotocols = B("broadcast bearer.abc")}, "abc"},
        {{.subprotocols = B("bearer.a, bearer.b")}, "a"},
        {{.subprotocols = B("broadcast, bearer.")}, ""},
        {{.subprotocols = B("Bearer.abc")}, NULL},
        {{.subprotocols = B("bearer")}, NULL},
    };
    ASSERT_ROWS(rows, false);
}

static void cookies_require_a_known_origin(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{PAGE, .cookie = B("peal_token=abc")}, "abc"},
        {{PAGE, .cookie = B("a=b; peal_token=abc; c=d")}, "abc"},
        {{PAGE, .cookie = B("a=b peal_token=abc c=d")}, "abc"},
        {{PAGE, .cookie = B("a=b;peal_token=abc")}, "abc"},
        {{PAGE, .cookie = B("peal_token=\"abc\"")}, "abc"},
        {{PAGE, .cookie = B("peal_token=a; peal_token=b")}, "a"},
        {{PAGE, .cookie = B("peal_token=")}, NULL},
        {{PAGE, .cookie = B("peal_token")}, NULL},
        {{PAGE, .cookie = B("not_peal_token=abc")}, NULL},
        {{PAGE, .cookie = B("peal_token2=abc")}, NULL},
        {{PAGE, .cookie = B("x=peal_token=abc")}, NULL},
        {{.cookie = B("peal_token=abc")}, NULL},
        {{.origin = B("null"), .cookie = B("peal_token=abc")}, NULL},
    };
    ASSERT_ROWS(rows, false);
}

static void a_query_token_must_be_allowed(void **state)
{
    (void)state;
    static const struct row off[] = {{{.query_token = B("abc")}, NULL}};
    static const struct row on[] = {{{.query_token = B("abc")}, "abc"},
                                    {.token = NULL}};
    ASSERT_ROWS(off, false);
    ASSERT_ROWS(on, true);
}

static void the_first_source_wins(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {{PAGE, .authorization = B("Bearer a"), .subprotocols = B("bearer.b"),
          .cookie = B("peal_token=c"), .query_token = B("d")},
         "a"},
        {{PAGE, .authorization = B("Bearer"), .subprotocols = B("bearer.b")},
         ""},
        {{PAGE, .authorization = B("Basic a"), .subprotocols = B("bearer.b"),
          .cookie = B("peal_token=c"), .query_token = B("d")},
         "b"},
        {{PAGE, .cookie = B("peal_token=c"), .query_token = B("d")}, "c"},
        {{.cookie = B("peal_token=c"), .query_token = B("d")}, "d"},
    };
    ASSERT_ROWS(rows, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorization),
        cmocka_unit_test(subprotocols),
        cmocka_unit_test(cookies_require_a_known_origin),
        cmocka_unit_test(a_query_token_must_be_allowed),
        cmocka_unit_test(the_first_source_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
