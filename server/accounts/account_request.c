#include "accounts/account_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct account_request *account_request_new(enum account_op op)
{
    struct account_request *request = memory_new(1, sizeof *request);
    request->op = op;
    request->active = -1;
    return request;
}

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void wipe_buffer(struct buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    buffer_deinit(buffer);
}

void account_request_free(struct account_request *request)
{
    free(request->email);
    free(request->name);
    wipe(request->password);
    wipe(request->new_password);
    wipe(request->refresh_token);
    account_deinit(&request->account);
    for (size_t i = 0; i < request->account_count; i++)
        account_deinit(&request->accounts[i]);
    free(request->accounts);
    wipe_buffer(&request->access_token);
    wipe_buffer(&request->next_token);
    free(request);
}
