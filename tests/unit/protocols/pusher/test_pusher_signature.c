#include "protocols/pusher/pusher_signature.h"

#include <string.h>

#include "unit.h"

#define KEY    "278d425bdf160c739803"
#define SECRET "7ad3773142a6692b25b8"

static bool is_good(const char *channel, const char *data, const char *auth)
{
    return pusher_auth_is_good(KEY, SECRET, "1234.1234", bytes_of(channel),
                               bytes_of(data), bytes_of(auth));
}

static void subscriptions_are_signed_like_pusher_documents(void **state)
{
    (void)state;
    static const char private_auth[] =
        KEY ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4";
    static const char data[] =
        "{\"user_id\":10,\"user_info\":{\"name\":\"Mr. Channels\"}}";
    static const char presence_auth[] =
        KEY ":31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80";
    assert_true(is_good("private-foobar", "", private_auth));
    assert_true(is_good("presence-foobar", data, presence_auth));
    assert_false(is_good("private-foobaz", "", private_auth));
    assert_false(is_good("private-foobar", "x", private_auth));
    assert_false(is_good("presence-foobar", "", presence_auth));
}

static void anything_else_is_invalid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        KEY,
        KEY ":",
        KEY ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a",
        KEY ":58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a5",
        KEY ":58DF8B0C36D6982B82C3ECF6B4662E34FE8C25BBA48F5369F135BF843651C3A4",
        "278d425bdf160c739804:"
        "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(is_good("private-foobar", "", bad[i]));
}

static void requests_are_signed_like_pusher_documents(void **state)
{
    (void)state;
    const struct bytes text =
        BYTES_LITERAL("POST\n/apps/3/events\nauth_key=" KEY
                      "&auth_timestamp=1353088179&auth_version=1.0&"
                      "body_md5=ec365a775a4cd0599faeb73354201b6f");
    const struct bytes body =
        BYTES_LITERAL("{\"name\":\"foo\",\"channels\":[\"project-3\"],"
                      "\"data\":\"{\\\"some\\\":\\\"data\\\"}\"}");
    assert_true(pusher_signature_is(
        SECRET, &text, 1,
        BYTES_LITERAL("da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f"
                      "3f457e6c")));
    assert_true(
        pusher_md5_is(body, BYTES_LITERAL("ec365a775a4cd0599faeb73354201b6f")));
    assert_false(
        pusher_md5_is(body, BYTES_LITERAL("ec365a775a4cd0599faeb73354201b6e")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscriptions_are_signed_like_pusher_documents),
        cmocka_unit_test(anything_else_is_invalid),
        cmocka_unit_test(requests_are_signed_like_pusher_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
