/* hook_target: an additional receiver of a protocol's events, at a URL and with
 * Pusher's signature.
 *
 * Owner:   reference-counted and immutable.
 * Thread:  any.
 * Limits:  none of its own.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_HOOK_TARGET_H
#define PEAL_MESSAGING_HOOK_TARGET_H

struct hook_target {
    _Atomic unsigned references;
    char *url;
    char *key;
    char *secret;
};

/* Copies its arguments. */
struct hook_target *hook_target_new(const char *url, const char *key,
                                    const char *secret);
struct hook_target *hook_target_ref(struct hook_target *target);

/* NULL is ignored. */
void hook_target_unref(struct hook_target *target);

#endif
