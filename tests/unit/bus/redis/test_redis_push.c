#include "bus/redis/redis_push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "unit.h"

/* The reply that hiredis parses from these bytes. */
static redisReply *read_reply(const char *text)
{
    void *reply = NULL;
    redisReader *reader = redisReaderCreate();
    assert_int_equal(redisReaderFeed(reader, text, strlen(text)), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static void a_message_is_read(void **state)
{
    (void)state;
    static const char *const words[] = {"$7\r\nmessage", "$8\r\nsmessage"};
    for (size_t i = 0; i < COUNT(words); i++) {
        char text[128];
        struct redis_push push;
        snprintf(text, sizeof text, "*3\r\n%s\r\n$4\r\nroom\r\n$2\r\nhi\r\n",
                 words[i]);
        redisReply *reply = read_reply(text);
        assert_true(redis_push_read(reply, &push));
        assert_int_equal(push.kind, PUSH_MESSAGE);
        assert_bytes(push.channel, "room");
        assert_bytes(push.text, "hi");
        freeReplyObject(reply);
    }
}

static void a_pattern_message_is_read(void **state)
{
    (void)state;
    struct redis_push push;
    redisReply *reply = read_reply("*4\r\n$8\r\npmessage\r\n$3\r\nin*\r\n"
                                   "$3\r\nin1\r\n$0\r\n\r\n");
    assert_true(redis_push_read(reply, &push));
    assert_int_equal(push.kind, PUSH_PATTERN);
    assert_bytes(push.channel, "in1");
    assert_int_equal(push.text.len, 0);
    freeReplyObject(reply);
}

static void confirmations_are_read(void **state)
{
    (void)state;
    struct redis_push push;
    redisReply *reply =
        read_reply("*3\r\n$10\r\nssubscribe\r\n$4\r\nroom\r\n:1\r\n");
    assert_true(redis_push_read(reply, &push));
    assert_int_equal(push.kind, PUSH_SUBSCRIBED);
    assert_bytes(push.channel, "room");
    freeReplyObject(reply);
    reply = read_reply("*3\r\n$11\r\nunsubscribe\r\n$4\r\nroom\r\n:0\r\n");
    assert_true(redis_push_read(reply, &push));
    assert_int_equal(push.kind, PUSH_OTHER);
    freeReplyObject(reply);
}

static void other_shapes_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "+OK\r\n",
        "-ERR no\r\n",
        ":1\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*1\r\n$7\r\nmessage\r\n",
        "*2\r\n$7\r\nmessage\r\n$4\r\nroom\r\n",
        "*3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n:1\r\n",
        "*3\r\n$7\r\nmessage\r\n:1\r\n$2\r\nhi\r\n",
        "*3\r\n$7\r\nmessage\r\n$-1\r\n$2\r\nhi\r\n",
        "*3\r\n:7\r\n$4\r\nroom\r\n$2\r\nhi\r\n",
        "*3\r\n$8\r\npmessage\r\n$1\r\n*\r\n$2\r\nhi\r\n",
        "*3\r\n*1\r\n$1\r\nx\r\n$4\r\nroom\r\n$2\r\nhi\r\n",
    };
    struct redis_push push;
    for (size_t i = 0; i < COUNT(rows); i++) {
        redisReply *reply = read_reply(rows[i]);
        if (redis_push_read(reply, &push))
            fail_msg("was taken: %s", rows[i]);
        freeReplyObject(reply);
    }
}

static void a_position_is_read(void **state)
{
    (void)state;
    struct position position;
    redisReply *reply = read_reply("*2\r\n$16\r\n00000000000000ff\r\n:7\r\n");
    assert_true(redis_push_position(reply, &position));
    assert_true(position.epoch == 255 && position.offset == 7);
    freeReplyObject(reply);
    static const char *const rows[] = {
        "*2\r\n$16\r\n00000000000000ff\r\n:-7\r\n",
        "*2\r\n$16\r\n00000000000000ff\r\n$1\r\n7\r\n",
        "*2\r\n$0\r\n\r\n:0\r\n",
        "*1\r\n$16\r\n00000000000000ff\r\n",
        "*2\r\n:1\r\n:7\r\n",
        "+OK\r\n",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        reply = read_reply(rows[i]);
        if (redis_push_position(reply, &position))
            fail_msg("was taken: %s", rows[i]);
        freeReplyObject(reply);
    }
}

static void parts_of_other_kinds_are_empty(void **state)
{
    (void)state;
    int64_t number;
    struct bytes bytes;
    assert_null(redis_push_error(NULL));
    assert_null(redis_push_text(NULL));
    assert_null(redis_push_element(NULL, 0));
    assert_int_equal(redis_push_count(NULL), 0);
    assert_false(redis_push_number(NULL, &number));
    assert_false(redis_push_bytes(NULL, &bytes));
    redisReply *reply = read_reply("*2\r\n+OK\r\n-ERR no\r\n");
    assert_int_equal(redis_push_count(reply), 2);
    assert_null(redis_push_element(reply, 2));
    assert_string_equal(redis_push_text(redis_push_element(reply, 0)), "OK");
    assert_null(redis_push_text(redis_push_element(reply, 1)));
    assert_string_equal(redis_push_error(redis_push_element(reply, 1)),
                        "ERR no");
    assert_null(redis_push_error(reply));
    freeReplyObject(reply);
}

static void zero_bytes_are_part_of_a_string(void **state)
{
    (void)state;
    void *found = NULL;
    struct bytes bytes;
    redisReader *reader = redisReaderCreate();
    redisReaderFeed(reader, "$3\r\na\0b\r\n", 9);
    redisReaderGetReply(reader, &found);
    assert_true(redis_push_bytes(found, &bytes));
    assert_int_equal(bytes.len, 3);
    freeReplyObject(found);
    redisReaderFree(reader);
}

static bool passes(const char *error)
{
    char text[128];
    strcpy(text, error);
    const redisReply reply = {
        .type = REDIS_REPLY_ERROR, .str = text, .len = strlen(text)};
    return redis_is_passing_error(&reply);
}

static void an_error_fixed_by_a_new_connection_is_temporary(void **state)
{
    (void)state;
    assert_true(passes("NOSCRIPT No matching script. Please use EVAL."));
    assert_true(
        passes("READONLY You can't write against a read only replica."));
    assert_true(passes("LOADING Redis is loading the dataset in memory"));
    assert_true(passes("OOM command not allowed when used memory > "
                       "'maxmemory'."));
    /* from within a script */
    assert_true(passes("ERR Error running script: READONLY You can't write"));
}

static void any_other_error_is_permanent(void **state)
{
    (void)state;
    assert_false(passes("WRONGTYPE Operation against a key holding the wrong "
                        "kind of value"));
    assert_false(passes("ERR unknown command 'SPUBLISH'"));
}

static void other_replies_are_not_temporary_errors(void **state)
{
    (void)state;
    char text[] = "LOADING";
    const redisReply reply = {
        .type = REDIS_REPLY_STRING, .str = text, .len = 7};
    assert_false(redis_is_passing_error(&reply));
    assert_false(redis_is_passing_error(NULL));
}

static void redirections_of_a_cluster_are_recognized(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
    } rows[] = {
        {"-MOVED 1 127.0.0.1:7\r\n", true},
        {"-ASK 1 127.0.0.1:7\r\n", true},
        {"-TRYAGAIN later\r\n", true},
        {"-CLUSTERDOWN the slot is not served\r\n", true},
        {"-ERR MOVED\r\n", false},
        {"$5\r\nMOVED\r\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        redisReply *reply = read_reply(rows[i].text);
        assert_int_equal(redis_push_is_redirection(reply), rows[i].is_one);
        freeReplyObject(reply);
    }
    assert_false(redis_push_is_redirection(NULL));
}

static void a_redirection_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host; /* NULL: not a redirection */
        uint16_t port;
        uint16_t slot;
    } rows[] = {
        {"MOVED 16383 127.0.0.1:7000", "127.0.0.1", 7000, 16383},
        {"ASK 0 redis.example:1", "redis.example", 1, 0},
        {"MOVED 5 ::1:6379", "::1", 6379, 5},
        {"MOVED 5 :6379", "", 6379, 5},
        {"MOVED 16384 127.0.0.1:7000", NULL, 0, 0},
        {"MOVED 1 127.0.0.1:0", NULL, 0, 0},
        {"MOVED 1 127.0.0.1:65536", NULL, 0, 0},
        {"MOVED 1 127.0.0.1", NULL, 0, 0},
        {"MOVED 1 host a:1", NULL, 0, 0},
        {"MOVED x 127.0.0.1:1", NULL, 0, 0},
        {"TRYAGAIN later", NULL, 0, 0},
        {"CLUSTERDOWN", NULL, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_redirection to;
        assert_int_equal(redis_push_redirection(rows[i].text, &to),
                         rows[i].host != NULL);
        if (!rows[i].host)
            continue;
        assert_string_equal(to.host, rows[i].host);
        assert_int_equal(to.port, rows[i].port);
        assert_int_equal(to.slot, rows[i].slot);
    }
}

static void a_range_of_slots_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
        const char *host;
        uint32_t replicas;
    } rows[] = {
        {"*3\r\n:0\r\n:9\r\n*2\r\n$1\r\nh\r\n:7\r\n", true, "h", 0},
        {"*4\r\n:0\r\n:16383\r\n*2\r\n$-1\r\n:7\r\n*0\r\n", true, "", 1},
        {"*3\r\n:9\r\n:0\r\n*2\r\n$1\r\nh\r\n:7\r\n", false, "", 0},
        {"*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:7\r\n", false, "", 0},
        {"*3\r\n:0\r\n:9\r\n*2\r\n$1\r\nh\r\n:0\r\n", false, "", 0},
        {"*3\r\n:-1\r\n:9\r\n*2\r\n$1\r\nh\r\n:7\r\n", false, "", 0},
        {"*2\r\n:0\r\n:9\r\n", false, "", 0},
        {":1\r\n", false, "", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct redis_range range;
        redisReply *reply = read_reply(rows[i].text);
        assert_int_equal(redis_push_range(reply, &range), rows[i].is_one);
        if (rows[i].is_one) {
            assert_true(bytes_equal(range.host, bytes_of(rows[i].host)));
            assert_int_equal(range.port, 7);
            assert_int_equal(range.replicas, rows[i].replicas);
        }
        freeReplyObject(reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read),
        cmocka_unit_test(a_pattern_message_is_read),
        cmocka_unit_test(confirmations_are_read),
        cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(a_position_is_read),
        cmocka_unit_test(parts_of_other_kinds_are_empty),
        cmocka_unit_test(zero_bytes_are_part_of_a_string),
        cmocka_unit_test(an_error_fixed_by_a_new_connection_is_temporary),
        cmocka_unit_test(any_other_error_is_permanent),
        cmocka_unit_test(other_replies_are_not_temporary_errors),
        cmocka_unit_test(redirections_of_a_cluster_are_recognized),
        cmocka_unit_test(a_redirection_is_read),
        cmocka_unit_test(a_range_of_slots_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
