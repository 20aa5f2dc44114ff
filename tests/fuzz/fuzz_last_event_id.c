/* A client's Last-Event-ID: read, written, and read again. */
#include "base/memory.h"
#include "fuzz.h"
#include "messaging/names.h"
#include "protocols/peal/position_vector.h"

static void check_entries(const struct position_vector *vector)
{
    size_t size = 0;
    struct buffer text = {0};
    for (size_t i = 0; i < vector->count; i++) {
        struct bytes channel = bytes_of(vector->entries[i].channel);
        PANIC_IF(!channel_name_is_valid(channel));
        PANIC_IF(position_vector_find(vector, channel) !=
                 &vector->entries[i].position);
        size += position_vector_size(channel);
    }
    position_vector_write(vector, &text);
    PANIC_IF(text.len > size);
    for (size_t i = 0; i < text.len; i++)
        PANIC_IF(text.data[i] <= ' ' || text.data[i] == '!');
    buffer_deinit(&text);
}

static void read_back(const struct position_vector *vector)
{
    struct position_vector again = {0};
    struct buffer text = {0};
    struct buffer twice = {0};
    position_vector_write(vector, &text);
    position_vector_read(&again, buffer_bytes(&text));
    position_vector_write(&again, &twice);
    PANIC_IF(!bytes_equal(buffer_bytes(&text), buffer_bytes(&twice)));
    buffer_deinit(&twice);
    buffer_deinit(&text);
    position_vector_deinit(&again);
}

static void drop_all(struct position_vector *vector)
{
    while (vector->count) {
        size_t before = vector->count;
        position_vector_remove(vector, bytes_of(vector->entries[0].channel));
        PANIC_IF(vector->count != before - 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct position_vector vector = {0};
    position_vector_read(&vector, (struct bytes){(const char *)data, size});
    check_entries(&vector);
    read_back(&vector);
    drop_all(&vector);
    position_vector_deinit(&vector);
    return 0;
}
