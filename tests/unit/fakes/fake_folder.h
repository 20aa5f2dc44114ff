/* fake_folder: a temporary folder for a test that reads files.
 *
 * Owner:   one at a time; the test removes it with fake_folder_remove.
 * Thread:  the test's.
 * Limits:  paths shorter than 512 bytes.
 * Failure: ends the process.
 */
#ifndef FAKE_FOLDER_H
#define FAKE_FOLDER_H

#include "base/bytes.h"

/* The path, valid until fake_folder_remove. */
const char *fake_folder_make(void);

/* Writes a file at a path inside, creating the folders it needs. */
void fake_folder_write(const char *path, struct bytes content);

void fake_folder_remove(void);

#endif
