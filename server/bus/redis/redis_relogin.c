#include "bus/redis/redis_relogin.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_sentinel.h"

/* New credentials, passed to the bus's thread and then tested in Redis. */
struct relogin {
    struct redis_bus *bus;
    struct redis_login login;
    struct redis_login sentinels;
};

static void finish(struct relogin *relogin)
{
    redis_login_deinit(&relogin->login);
    redis_login_deinit(&relogin->sentinels);
    free(relogin);
}

/* Links that are currently refused retry immediately. */
static void take(struct relogin *relogin)
{
    struct redis_bus *bus = relogin->bus;
    redis_login_take(bus->url.login, &relogin->login);
    log_event(LOG_INFO, "Redis credentials changed");
    redis_link_hurry(bus->commands);
    redis_link_hurry(bus->subscriptions);
    redis_link_hurry(bus->input);
}

/* A connection with a refused login keeps its user. */
static void on_answered(void *arg, const struct redisReply *reply)
{
    struct relogin *relogin = arg;
    const char *error = redis_push_error(reply);
    if (error)
        log_event(
            LOG_ERROR, "New Redis credentials refused; keeping the old ones",
            LOG_TEXT("why", error),
            LOG_TEXT("hint",
                     "change the credentials in Redis first, then reload"));
    else
        take(relogin);
    finish(relogin);
}

static void ask(struct relogin *relogin)
{
    struct redis_bus *bus = relogin->bus;
    struct bytes words[REDIS_LOGIN_WORDS];
    size_t count = redis_login_words(&relogin->login, words);
    if (count && redis_link_is_up(bus->commands)) {
        redis_link_send(bus->commands, words, count, on_answered, relogin);
        return;
    }
    take(relogin);
    finish(relogin);
}

static void change_here(void *subject, void *object)
{
    struct redis_bus *bus = subject;
    struct relogin *relogin = object;
    if (bus->sentinels)
        redis_sentinels_use_login(bus->sentinels, &relogin->sentinels);
    if (redis_login_equal(bus->url.login, &relogin->login))
        finish(relogin);
    else
        ask(relogin);
}

void redis_relogin(struct redis_bus *bus, const struct redis_options *options)
{
    struct error error;
    struct redis_url url;
    if (!redis_url_is_same_place(bus->options->url, options->url) ||
        !redis_url_parse(options->url, &url, &error))
        return;
    struct relogin *relogin = memory_new(1, sizeof *relogin);
    relogin->bus = bus;
    redis_login_take(&relogin->login, url.login);
    redis_login_init(&relogin->sentinels, options->sentinel_user,
                     options->sentinel_password);
    redis_url_deinit(&url);
    inbox_post(&bus->inbox, (struct inbox_item){change_here, bus, relogin});
}
