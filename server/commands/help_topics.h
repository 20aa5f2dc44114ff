/* help_topics: what `peal help TOPIC` says, as one table.
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
    /* Keys of the config; one that ends in a dot stands for all that begin
     * with it. NULL ends them. */
    const char *keys[HELP_KEYS_MAX];
    /* Lines that begin with "  $ " are for a shell; what stands between "  {"
     * and "  }" is a config file. */
    const char *text;
};

/* The last one has no name. */
extern const struct help_topic help_topics[];

#endif
