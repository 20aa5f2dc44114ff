/* unit: cmocka with its headers, and checks for our own types.
 *
 * Owner:   nothing is owned.
 * Thread:  the test's main thread: a failed check jumps back into cmocka.
 * Limits:  none.
 * Failure: ends the test.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The bytes equal a zero-terminated text. */
#define assert_bytes(actual, text)                                             \
    do {                                                                       \
        struct bytes actual_ = (actual);                                       \
        assert_int_equal(actual_.len, strlen(text));                           \
        assert_memory_equal(actual_.len ? actual_.data : "", (text),           \
                            actual_.len);                                      \
    } while (0)

#endif
