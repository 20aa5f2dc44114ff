#include "accounts/guesses.h"

#include <stdlib.h>

#include "accounts/attempts.h"
#include "accounts/familiar.h"
#include "base/memory.h"

enum { NETWORK_BYTES = 8, KEY_MAX = ACCOUNT_EMAIL_MAX + 1 + 16 };

struct guesses {
    struct attempts *by_pair;
    struct attempts *by_address;
    struct attempts *by_account;
    struct familiar *familiar;
};

struct guesses *guesses_new(const struct account_options *options)
{
    struct guesses *guesses = memory_new(1, sizeof *guesses);
    guesses->by_pair = attempts_new(options->account_attempts);
    guesses->by_address = attempts_new(options->address_attempts);
    guesses->by_account = attempts_new(options->strangers_attempts);
    guesses->familiar = familiar_new();
    return guesses;
}

void guesses_free(struct guesses *guesses)
{
    if (!guesses)
        return;
    attempts_free(guesses->by_pair);
    attempts_free(guesses->by_address);
    attempts_free(guesses->by_account);
    familiar_free(guesses->familiar);
    free(guesses);
}

/* ---- who -------------------------------------------------------------------
 */

static struct bytes address_key(const struct ip_address *address)
{
    static const unsigned char ipv4[12] = {[10] = 0xff, [11] = 0xff};
    bool is_ipv4 = memcmp(address->bytes, ipv4, sizeof ipv4) == 0;
    return (struct bytes){(const char *)address->bytes,
                          is_ipv4 ? sizeof address->bytes : NETWORK_BYTES};
}

/* The account named in a request with a password. */
static struct bytes account_key(const struct account_request *request)
{
    return bytes_of(request->op == ACCOUNT_LOGIN ? request->email
                                                 : request->id);
}

struct pair {
    char key[KEY_MAX];
    size_t len;
};

static struct bytes pair_key(struct bytes account,
                             const struct ip_address *address,
                             struct pair *pair)
{
    struct bytes place = address_key(address);
    account.len =
        account.len < ACCOUNT_EMAIL_MAX ? account.len : ACCOUNT_EMAIL_MAX;
    memcpy(pair->key, account.data, account.len);
    pair->key[account.len] = '\0';
    memcpy(pair->key + account.len + 1, place.data, place.len);
    return (struct bytes){pair->key, account.len + 1 + place.len};
}

static bool is_guess(const struct account_request *request)
{
    return request->op == ACCOUNT_LOGIN || request->op == ACCOUNT_PASSWORD;
}

/* ---- what is left ----------------------------------------------------------
 */

static bool take_of_address(struct guesses *guesses,
                            const struct account_request *request,
                            uint64_t now_ms)
{
    return attempts_take(guesses->by_address, address_key(&request->address),
                         now_ms);
}

bool guesses_take(struct guesses *guesses, struct account_request *request,
                  uint64_t now_ms)
{
    if (request->is_trusted || !request->hashes)
        return true;
    if (!is_guess(request))
        return take_of_address(guesses, request, now_ms);
    struct pair pair;
    struct bytes account = account_key(request);
    struct bytes key = pair_key(account, &request->address, &pair);
    request->is_familiar = familiar_has(guesses->familiar, key, now_ms);
    if (!attempts_take(guesses->by_pair, key, now_ms))
        return false;
    return request->is_familiar ||
           (take_of_address(guesses, request, now_ms) &&
            attempts_take(guesses->by_account, account, now_ms));
}

static void give_back(struct guesses *guesses,
                      const struct account_request *request)
{
    struct pair pair;
    struct bytes account = account_key(request);
    attempts_give_back(guesses->by_pair,
                       pair_key(account, &request->address, &pair));
    if (request->is_familiar)
        return;
    attempts_give_back(guesses->by_address, address_key(&request->address));
    attempts_give_back(guesses->by_account, account);
}

void guesses_settle(struct guesses *guesses,
                    const struct account_request *request, uint64_t now_ms)
{
    struct pair pair;
    if (request->is_trusted || request->fault)
        return;
    if (is_guess(request))
        give_back(guesses, request);
    if (request->op == ACCOUNT_LOGIN || request->op == ACCOUNT_REFRESH)
        familiar_note(guesses->familiar,
                      pair_key(bytes_of(request->account.email),
                               &request->address, &pair),
                      now_ms);
}
