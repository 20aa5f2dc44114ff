#include "auth/jwk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjose/jwk.h>
#include <cjose/util.h>
#include <jansson.h>
#include <openssl/err.h>

#include "base/hex.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text_file.h"

enum { FILE_MAX = 65536, KID_BYTES = 8 };

/* A new key as JSON; NULL on failure. */
static json_t *make_key(void)
{
    uint8_t raw[KID_BYTES];
    char kid[2 * KID_BYTES + 1];
    random_fill(raw, sizeof raw);
    hex_encode(raw, sizeof raw, kid);
    cjose_jwk_t *key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
    char *text = key ? cjose_jwk_to_json(key, true, NULL) : NULL;
    json_t *made = text ? json_loads(text, 0, NULL) : NULL;
    if (made) {
        json_object_set_new(made, "kid", json_string(kid));
        json_object_set_new(made, "use", json_string("sig"));
        json_object_set_new(made, "alg", json_string("ES256"));
    }
    if (text)
        explicit_bzero(text, strlen(text));
    cjose_get_dealloc()(text);
    cjose_jwk_release(key);
    ERR_clear_error();
    return made;
}

static json_t *parse(struct bytes text, struct error *error)
{
    json_error_t why;
    json_t *root = json_loadb(text.data ? text.data : "", text.len, 0, &why);
    if (root && json_is_array(json_object_get(root, "keys")))
        return root;
    error_set(error, "is not a JSON Web Key Set");
    json_decref(root);
    return NULL;
}

/* ---- writing ---------------------------------------------------------------
 */

static bool write_whole(int fd, const char *text)
{
    size_t len = strlen(text);
    return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
}

/* `link` fails if the file exists, `rename` replaces it: of two servers that
 * start simultaneously, only one creates the file. */
static bool put(const char *path, json_t *set, bool replaces,
                struct error *error)
{
    struct buffer name = {0};
    char *text = json_dumps(set, JSON_INDENT(1));
    buffer_append_format(&name, "%s.XXXXXX", path);
    char *fresh = memory_copy_text(name.data, name.len);
    int fd = mkstemp(fresh); /* mode 0600 */
    bool ok = fd >= 0 && text && write_whole(fd, text) &&
              (replaces ? rename(fresh, path) == 0
                        : link(fresh, path) == 0 || errno == EEXIST);
    if (!ok)
        error_set(error, "%.300s: %s", path, strerror(errno));
    if (fd >= 0 && !(ok && replaces))
        unlink(fresh);
    if (fd >= 0)
        close(fd);
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    free(fresh);
    buffer_deinit(&name);
    return ok;
}

static bool make_file(const char *path, struct error *error)
{
    json_t *key = make_key();
    if (!key)
        return error_set(error, "%.300s: the key could not be generated", path);
    json_t *set = json_pack("{s:[o]}", "keys", key);
    bool ok = put(path, set, false, error);
    json_decref(set);
    return ok;
}

/* ---- reading ---------------------------------------------------------------
 */

bool jwk_file_read(const char *path, struct buffer *out, struct error *error)
{
    struct error why;
    if (access(path, F_OK) != 0 && errno == ENOENT && !make_file(path, error))
        return false;
    return text_file_read(path, FILE_MAX, out, &why) ||
           error_set(error, "%.300s: %.150s", path, why.text);
}

static json_t *read_set(const char *path, struct error *error)
{
    struct buffer text = {0};
    struct error why;
    json_t *set = NULL;
    if (jwk_file_read(path, &text, error)) {
        set = parse(buffer_bytes(&text), &why);
        if (!set)
            error_set(error, "%.300s: %.150s", path, why.text);
    }
    if (text.data)
        explicit_bzero(text.data, text.capacity);
    buffer_deinit(&text);
    return set;
}

bool jwk_file_rotate(const char *path, struct error *error)
{
    json_t *set = read_set(path, error);
    json_t *key = set ? make_key() : NULL;
    bool ok = false;
    if (key) {
        json_t *keys = json_object_get(set, "keys");
        json_array_insert_new(keys, 0, key);
        while (json_array_size(keys) > JWK_FILE_KEYS)
            json_array_remove(keys, json_array_size(keys) - 1);
        ok = put(path, set, true, error);
    } else if (set) {
        error_set(error, "%.300s: the key could not be generated", path);
    }
    json_decref(set);
    return ok;
}

bool jwk_file_publish(struct bytes set, struct buffer *out, struct error *error)
{
    json_t *root = parse(set, error);
    size_t i;
    json_t *key;
    if (!root)
        return false;
    json_array_foreach(json_object_get(root, "keys"), i, key)
    {
        json_object_del(key, "d");
    }
    char *text = json_dumps(root, JSON_COMPACT);
    buffer_append_text(out, text ? text : "{\"keys\":[]}");
    free(text);
    json_decref(root);
    return true;
}
