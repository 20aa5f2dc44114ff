#include "accounts/account.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/random.h"

void account_deinit(struct account *account)
{
    free(account->email);
    free(account->name);
    free(account->password);
    *account = (struct account){0};
}

void account_id_make(int64_t now_ms, char id[ACCOUNT_ID_LEN + 1])
{
    uint8_t raw[16];
    char digits[2 * sizeof raw + 1];
    random_fill(raw, sizeof raw);
    for (int i = 0; i < 6; i++)
        raw[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    raw[6] = (uint8_t)(0x70 | (raw[6] & 0x0f)); /* version */
    raw[8] = (uint8_t)(0x80 | (raw[8] & 0x3f)); /* variant */
    hex_encode(raw, sizeof raw, digits);
    snprintf(id, ACCOUNT_ID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", digits,
             digits + 8, digits + 12, digits + 16, digits + 20);
}

bool account_id_is_valid(struct bytes id)
{
    if (id.len != ACCOUNT_ID_LEN)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("0123456789abcdef-", id.data[i]) || !id.data[i])
            return false;
    return true;
}

/* Whether the byte is an ASCII space or control character. */
static bool is_printable(unsigned char c)
{
    return c > ' ' && c != 0x7f;
}

bool account_email_normalize(char *email, size_t len)
{
    const char *at = memrchr(email, '@', len);
    size_t local = at ? (size_t)(at - email) : 0;
    size_t domain = at ? len - local - 1 : 0;
    if (len > ACCOUNT_EMAIL_MAX || !local || !domain || at[1] == '.' ||
        email[len - 1] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_printable((unsigned char)email[i]))
            return false;
    for (size_t i = local + 1; i < len; i++)
        email[i] = (char)tolower((unsigned char)email[i]);
    return true;
}

/* A name must not consist only of white space. */
bool account_name_is_valid(struct bytes name)
{
    bool has_any = false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c < ' ' || c == 0x7f)
            return false;
        has_any |= c != ' ';
    }
    return has_any && name.len <= ACCOUNT_NAME_MAX;
}
