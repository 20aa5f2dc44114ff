/* hook: questions to the application before something happens, and events sent
 * to it afterwards.
 *
 * The asking code hands over a question and gets it back on its own thread,
 * like a bus request. Events may be sent under any lock: they are only posted.
 *
 * Owner:   the server owns the hooks; the current holder owns a question; the
 *          hooks own posted events.
 * Thread:  hook_ask and the hook_tell functions from any thread.
 * Limits:  outstanding questions and waiting events are bounded; see
 *          hooks/hook_options.h.
 * Failure: an unanswered question returns as refused or allowed, as configured;
 *          events beyond the limits are dropped, counted and logged.
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
    HOOK_REFUSED, /* by the application, or by default */
    HOOK_FAILED   /* no answer, and on_failure refuses */
};

struct connection;
struct hook_target;
struct hooks;
struct instance;
struct webhook_event;
struct worker;

/* The names in the config and on the wire. */
const char *hook_name(unsigned hook);
const char *hook_event_name(unsigned event);

/* A question to the application and its answer. */
struct question {
    enum hook hook;
    /* runs on the worker's thread; it frees the question */
    void (*done)(struct worker *worker, struct question *question);
    struct worker *worker;
    void *subject;             /* the context that waits for the answer */
    char trace[TRACE_LEN + 1]; /* PUBLISH: the message's, or empty */
    struct buffer body; /* members of a JSON object, each preceded by a comma */

    /* the answer */
    enum hook_result result;
    int status; /* CONNECT, REFUSED: status of the response */
    char reason[CLOSE_TEXT_MAX + 1]; /* REFUSED: for the client, or empty */
    char *payload; /* PUBLISH: replaces the client's payload, or NULL; owned */
    struct caps *caps; /* CONNECT: replaces the token's caps, or NULL; owned */
    char *info;        /* CONNECT: the same for the info; owned */
    bool has_expiry;   /* CONNECT: the same for the expiry */
    int64_t expires_seconds;

    /* private to the hooks while they have it */
    struct hooks *hooks;
    struct question *next;
    struct question *previous;
    void *transfer;
    uint64_t asked_ns;
};

struct hooks_ops {
    void (*ask)(struct hooks *hooks, struct question *question);
    void (*tell)(struct hooks *hooks, struct webhook_event *event);
};

/* Embedded as the first member of the implementation. */
struct hooks {
    const struct hooks_ops *ops;
    unsigned asked; /* one bit per configured hook */
    unsigned told;  /* one bit per configured event */
    const struct text_list *channels[HOOK_COUNT]; /* patterns; NULL: all */
    const struct text_list *headers; /* handshake headers to send */
    uint32_t publishes_max;          /* outstanding questions per connection */
};

/* Whether the hook is configured, for that channel if it concerns one; `hooks`
 * may be NULL. */
bool hook_is_asked(const struct hooks *hooks, enum hook hook,
                   struct bytes channel);

/* Whether the header of a handshake is sent to the application. */
bool hook_shows_header(const struct hooks *hooks, const char *name);

/* A question for `done` on that worker; its body contains the hook's name and
 * the client. */
struct question *question_new(enum hook hook, struct worker *worker,
                              const char *client);

/* Appends ,"name":"text" to a body. */
void hook_append_text(struct buffer *body, const char *name, struct bytes text);

void hook_ask(struct hooks *hooks, struct question *question);

/* Called by the hooks: posts the answered question back. */
void question_finish(struct question *question);

void question_free(struct question *question);

/* Each does nothing unless the event is configured; `hooks` may be NULL. */
void hook_tell_connected(const struct connection *connection);
void hook_tell_disconnected(const struct connection *connection, int code);
void hook_tell_channel(const struct instance *instance, enum hook_event event,
                       const char *channel);
/* `info`: the client's info, or empty. */
void hook_tell_member(const struct instance *instance, enum hook_event event,
                      const char *channel, const char *client,
                      struct bytes info);

/* `json`: members, each preceded by a comma; the buffer is emptied. */
void hook_tell_target(struct hooks *hooks, struct hook_target *target,
                      struct buffer *json);

/* The connection's id in questions and events; unique on its instance. */
void hook_append_connection(struct buffer *body,
                            const struct connection *connection);

static inline bool hook_is_told(const struct hooks *hooks,
                                enum hook_event event)
{
    return hooks && hooks->told >> event & 1;
}

#endif
