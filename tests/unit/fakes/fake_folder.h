/* fake_folder: a folder of its own for a test that reads files.
 *
 * Owner:   one at a time; the test ends it by fake_folder_remove.
 * Thread:  the test's.
 * Limits:  paths shorter than 512 bytes.
 * Failure: ends the process.
 */
#ifndef FAKE_FOLDER_H
#define FAKE_FOLDER_H

#include "base/bytes.h"

/* Its path, valid until fake_folder_remove. */
const char *fake_folder_make(void);

/* A file at a path inside, made with the folders that lead to it. */
void fake_folder_write(const char *path, struct bytes content);

void fake_folder_remove(void);

#endif
