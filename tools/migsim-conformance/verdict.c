/* SPDX-License-Identifier: MIT */
/*
 * What came of a check: its own verdict, a crash, or no end.
 */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char sentence[512];

static void decide(struct suite *s, enum verdict verdict, const char *fmt,
		   va_list ap)
{
	pthread_mutex_lock(&lock);
	if (s->verdict == PASSED) {
		s->verdict = verdict;
		vsnprintf(s->why, sizeof(s->why), fmt, ap);
	}
	pthread_mutex_unlock(&lock);
}

bool fail(struct suite *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	decide(s, FAILED, fmt, ap);
	va_end(ap);
	return false;
}

bool skip(struct suite *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	decide(s, SKIPPED, fmt, ap);
	va_end(ap);
	return false;
}

static void hear(void *arg, enum migsim_log_level level, const char *text)
{
	(void)arg;
	if (level != MIGSIM_LOG_ERROR)
		return;
	pthread_mutex_lock(&lock);
	snprintf(sentence, sizeof(sentence), "%s", text);
	pthread_mutex_unlock(&lock);
}

const char *last_sentence(void)
{
	return sentence;
}

void listen_to_library(void)
{
	migsim_set_log(hear, NULL);
}

/* Written beforehand, since a signal handler may not print. */
static char hung[512], crashed[512];

static void end_with(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(1);
	_exit(1);
}

static void on_alarm(int signal)
{
	(void)signal;
	end_with(hung);
}

static void on_crash(int signal)
{
	(void)signal;
	end_with(crashed);
}

/* A sanitizer has handlers of its own, which tell more. */
static void catch_crash(int signal)
{
	struct sigaction was, mine = { .sa_handler = on_crash };

	if (!sigaction(signal, NULL, &was) && was.sa_handler == SIG_DFL)
		sigaction(signal, &mine, NULL);
}

void watch(const char *name, unsigned int seconds, const unsigned int *counts)
{
	static const int crash[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	struct sigaction mine = { .sa_handler = on_alarm };
	char count[64];
	size_t i;

	snprintf(count, sizeof(count), "%u passed, %u failed, %u skipped\n",
		 counts[PASSED], counts[FAILED] + 1, counts[SKIPPED]);
	snprintf(hung, sizeof(hung),
		 "not ok %s: it comes to an end; it did not in %u seconds\n%s",
		 name, seconds, count);
	snprintf(crashed, sizeof(crashed),
		 "not ok %s: it comes to an end; it crashed\n%s", name, count);
	for (i = 0; i < sizeof(crash) / sizeof(crash[0]); i++)
		catch_crash(crash[i]);
	sigaction(SIGALRM, &mine, NULL);
	alarm(seconds);
}
