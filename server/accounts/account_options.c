#include "accounts/account_options.h"

#include "accounts/sql_url.h"

bool account_options_key_file(const struct account_options *options,
                              struct buffer *path)
{
    const char *database = options->url ? sql_url_path(options->url) : NULL;
    if (options->key_file)
        buffer_append_text(path, options->key_file);
    else if (database)
        buffer_append_format(path, "%s.keys", database);
    return path->len > 0;
}
