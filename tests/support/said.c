/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <migsim/log.h>

#include "said.h"

char said[512];
unsigned int sentences;

static void hear(void *arg, enum migsim_log_level level, const char *sentence)
{
	(void)arg;
	assert_int_equal(level, MIGSIM_LOG_ERROR);
	snprintf(said, sizeof(said), "%s", sentence);
	sentences++;
}

int said_listen(void **state)
{
	(void)state;
	*said = '\0';
	sentences = 0;
	migsim_set_log(hear, NULL);
	return 0;
}

int said_quiet(void **state)
{
	(void)state;
	migsim_set_log(NULL, NULL);
	return 0;
}
