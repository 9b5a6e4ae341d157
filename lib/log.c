/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include <migsim/log.h>

#include "log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static migsim_log_fn log_fn;
static void *log_arg;
static _Thread_local unsigned int sentences;

unsigned int log_sentences(void)
{
	return sentences;
}

void migsim_set_log(migsim_log_fn fn, void *arg)
{
	pthread_mutex_lock(&lock);
	log_fn = fn;
	log_arg = arg;
	pthread_mutex_unlock(&lock);
}

void migsim_log(enum migsim_log_level level, const char *fmt, ...)
{
	char sentence[512];
	migsim_log_fn fn;
	va_list ap;
	void *arg;

	sentences++;
	pthread_mutex_lock(&lock);
	fn = log_fn;
	arg = log_arg;
	pthread_mutex_unlock(&lock);
	if (!fn)
		return;
	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	fn(arg, level, sentence);
}
