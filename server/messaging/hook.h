/* hook: what the application's backend is asked before something happens, and
 * what it is told afterwards.
 *
 * Whoever asks gives a question away and gets it back on its own thread, as a
 * request comes back from the bus. Whoever tells does so under any lock: it
 * only posts.
 *
 * Owner:   the server owns the hooks; a question belongs to whoever has it,
 *          news to the hooks once told.
 * Thread:  hook_ask and the hook_tell functions from any thread.
 * Limits:  questions under way and news waiting are bounded; see
 *          hooks/hook_options.h.
 * Failure: a question that nobody answered comes back refused or allowed, as
 *          configured; news for which there is no room are dropped, counted
 *          and logged.
 */
#ifndef PEAL_MESSAGING_HOOK_H
#define PEAL_MESSAGING_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text_list.h"
#include "messaging/close_reason.h"
#include "messaging/identity.h"
#include "messaging/trace.h"

enum hook { HOOK_CONNECT, HOOK_SUBSCRIBE, HOOK_PUBLISH, HOOK_COUNT };

enum hook_event {
    EVENT_CONNECTED,
    EVENT_DISCONNECTED,
    EVENT_CHANNEL_OCCUPIED,
    EVENT_CHANNEL_VACATED,
    EVENT_MEMBER_ADDED,
    EVENT_MEMBER_REMOVED,
    EVENT_COUNT
};

enum hook_result {
    HOOK_ALLOWED,
    HOOK_REFUSED, /* by the application, or in its place */
    HOOK_FAILED   /* there was no answer, and that refuses */
};

struct connection;
struct hook_target;
struct hooks;
struct instance;
struct news;
struct worker;

/* As in config and on the wire. */
const char *hook_name(unsigned hook);
const char *hook_event_name(unsigned event);

/* One question to the application and its answer. */
struct question {
    enum hook hook;
    /* runs on the worker's thread; it frees the question */
    void (*done)(struct worker *worker, struct question *question);
    struct worker *worker;
    void *subject;             /* what waits for the answer */
    char trace[TRACE_LEN + 1]; /* PUBLISH: the message's, or empty */
    struct buffer body; /* members of a JSON object, each behind a comma */

    /* the answer */
    enum hook_result result;
    int status;                      /* CONNECT, REFUSED: of the response */
    char reason[CLOSE_TEXT_MAX + 1]; /* REFUSED: for the client, or empty */
    char *payload;     /* PUBLISH: in place of the client's, or NULL; owned */
    struct caps *caps; /* CONNECT: in place of the token's, or NULL; owned */
    char *info;        /* CONNECT: the same for what others may see; owned */
    bool has_expiry;   /* CONNECT: the same for its end */
    int64_t expires_seconds;

    /* for the hooks alone, while they have it */
    struct hooks *hooks;
    struct question *next;
    struct question *previous;
    void *transfer;
    uint64_t asked_ns;
};

struct hooks_ops {
    void (*ask)(struct hooks *hooks, struct question *question);
    void (*tell)(struct hooks *hooks, struct news *news);
};

/* Embedded as the first member of what calls the application. */
struct hooks {
    const struct hooks_ops *ops;
    unsigned asked; /* a bit for each hook that is configured */
    unsigned told;  /* a bit for each event */
    const struct text_list *channels[HOOK_COUNT]; /* patterns; NULL: all */
    const struct text_list *headers; /* of a handshake, that are shown */
    uint32_t publishes_max;          /* questions of one connection */
};

/* Whether there is such a hook, for that channel where it has one; `hooks`
 * may be NULL. */
bool hook_is_asked(const struct hooks *hooks, enum hook hook,
                   struct bytes channel);

/* Whether the application is shown that header of a handshake. */
bool hook_shows_header(const struct hooks *hooks, const char *name);

/* For `done` on that worker; the body has the hook's name and the client. */
struct question *question_new(enum hook hook, struct worker *worker,
                              const char *client);

/* Adds ,"name":"text" to a body. */
void hook_append_text(struct buffer *body, const char *name, struct bytes text);

void hook_ask(struct hooks *hooks, struct question *question);

/* For the hooks: posts the answered question back. */
void question_finish(struct question *question);

void question_free(struct question *question);

/* Each does nothing unless that event is wanted; `hooks` may be NULL. */
void hook_tell_connected(const struct connection *connection);
void hook_tell_disconnected(const struct connection *connection, int code);
void hook_tell_channel(const struct instance *instance, enum hook_event event,
                       const char *channel);
/* `info`: what others may see of the client, or empty. */
void hook_tell_member(const struct instance *instance, enum hook_event event,
                      const char *channel, const char *client,
                      struct bytes info);

/* `json`: members, each behind a comma; emptied. */
void hook_tell_target(struct hooks *hooks, struct hook_target *target,
                      struct buffer *json);

/* Of a connection, in what the application is asked and told; unique on its
 * instance. */
void hook_append_connection(struct buffer *body,
                            const struct connection *connection);

static inline bool hook_is_told(const struct hooks *hooks,
                                enum hook_event event)
{
    return hooks && hooks->told >> event & 1;
}

#endif
