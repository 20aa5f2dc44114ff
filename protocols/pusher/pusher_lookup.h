/* pusher_lookup: queries of backends about channels: occupied channels, one
 * channel, its users. Also terminates a user's connections.
 *
 * Owner:   texts are borrowed.
 * Thread:  any.
 * Limits:  none of its own.
 * Failure: the status of the refusal, and the reason.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_LOOKUP_H
#define PEAL_PROTOCOLS_PUSHER_LOOKUP_H

#include "base/buffer.h"
#include "messaging/backend_route.h"

/* The prefix of names in the request's app. */
void pusher_lookup_append_prefix(struct buffer *out,
                                 const struct backend_request *request);

/* Peal's name for a channel of the request's app, as JSON; false if the name is
 * invalid. */
bool pusher_lookup_append_name(struct buffer *out,
                               const struct backend_request *request,
                               struct bytes name);

/* As in struct backend_route. */
int pusher_lookup_channels(const struct backend_request *request,
                           struct bytes body, struct buffer *out,
                           const char **why);
int pusher_lookup_channel(const struct backend_request *request,
                          struct bytes body, struct buffer *out,
                          const char **why);
int pusher_lookup_users(const struct backend_request *request,
                        struct bytes body, struct buffer *out,
                        const char **why);
int pusher_lookup_terminate(const struct backend_request *request,
                            struct bytes body, struct buffer *out,
                            const char **why);
int pusher_lookup_answer_channels(const struct backend_request *request,
                                  int status, struct bytes body,
                                  struct buffer *out,
                                  const char **content_type);
int pusher_lookup_answer_channel(const struct backend_request *request,
                                 int status, struct bytes body,
                                 struct buffer *out, const char **content_type);
int pusher_lookup_answer_terminated(const struct backend_request *request,
                                    int status, struct bytes body,
                                    struct buffer *out,
                                    const char **content_type);
int pusher_lookup_answer_users(const struct backend_request *request,
                               int status, struct bytes body,
                               struct buffer *out, const char **content_type);

#endif
