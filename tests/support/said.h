/* SPDX-License-Identifier: MIT */
/*
 * What the library says: the last sentence, and how many there were. Sentences
 * are errors here; a warning fails the test.
 */
#ifndef TEST_SAID_H
#define TEST_SAID_H

extern char said[512];
extern unsigned int sentences;

/* Set-up and teardown of a test. */
int said_listen(void **state);
int said_quiet(void **state);

#endif
