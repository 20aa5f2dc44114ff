/* help_topics: the texts of `peal help TOPIC`, as one table.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_HELP_TOPICS_H
#define PEAL_HELP_TOPICS_H

enum { HELP_KEYS_MAX = 12 };

struct help_topic {
    const char *name;
    const char *summary;
    /* Config keys; one that ends in a dot stands for all keys with that prefix.
     * NULL-terminated. */
    const char *keys[HELP_KEYS_MAX];
    /* Lines that begin with "  $ " are shell commands; text between "  {" and "
     * }" is a config file. */
    const char *text;
};

/* The last one has no name. */
extern const struct help_topic help_topics[];

#endif
