#include "bus/redis/redis_slots.h"

static uint16_t crc16(struct bytes text)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < text.len; i++) {
        crc = (uint16_t)(crc ^ (uint16_t)((unsigned char)text.data[i] << 8));
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

uint16_t redis_slot_of(struct bytes key)
{
    const char *open = key.len ? memchr(key.data, '{', key.len) : NULL;
    if (open) {
        struct bytes rest = bytes_skip(key, (size_t)(open + 1 - key.data));
        const char *end = rest.len ? memchr(rest.data, '}', rest.len) : NULL;
        if (end && end > rest.data)
            key = (struct bytes){rest.data, (size_t)(end - rest.data)};
    }
    return crc16(key) % REDIS_SLOTS;
}

uint32_t redis_slots_count(const uint16_t slots[REDIS_SLOTS], uint16_t value)
{
    uint32_t count = 0;
    for (size_t i = 0; i < REDIS_SLOTS; i++)
        count += slots[i] == value;
    return count;
}
