/* SPDX-License-Identifier: MIT */
/*
 * The words of --load: lists of them, what each means, what is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"
#include "load_words.h"
#include "plan.h"

/* Words in one line, each as it is spelt in the end. */
static void assert_list(const char *text, const char *want)
{
	char buf[LOAD_WORDS_LEN], all[1024] = "";
	struct load_words w;
	char **words;
	size_t n, i;

	assert_int_equal(load_expand(text, &words, &n), 0);
	for (i = 0; i < n; i++) {
		assert_int_equal(load_parse(words[i], false, &w), 0);
		strcpy(buf, "none");
		if (w.threads)
			load_format(&w, buf);
		strcat(strcat(all, buf), " ");
	}
	assert_string_equal(all, want);
	free_words(words, n);
}

static void lists(void **state)
{
	(void)state;
	assert_list("none", "none ");
	assert_list("threads=2", "threads=2,pattern=uniform,write=0 ");
	assert_list("threads=2,pattern=zipf,write=25,rate=70000",
		    "threads=2,pattern=zipf,write=25,rate=70000 ");
	assert_list("pattern=zipf", "threads=1,pattern=zipf,write=0 ");
	assert_list("none,threads=2,write=5,none",
		    "none threads=2,pattern=uniform,write=5 none ");
	assert_list("threads=2,none,write=5",
		    "threads=2,pattern=uniform,write=0 none "
		    "threads=1,pattern=uniform,write=5 ");
	assert_list("write=100,threads=1,64",
		    "threads=1,pattern=uniform,write=100 "
		    "threads=64,pattern=uniform,write=100 ");
	assert_list("threads=2,write=0:50:+25",
		    "threads=2,pattern=uniform,write=0 "
		    "threads=2,pattern=uniform,write=25 "
		    "threads=2,pattern=uniform,write=50 ");
}

static char said[512];

/* What stderr hears meanwhile goes to @said. */
static int parse_and_hear(const char *word)
{
	int pipes[2], old = dup(2), err;
	struct load_words w;
	ssize_t n;

	assert_int_equal(pipe(pipes), 0);
	fflush(stderr);
	dup2(pipes[1], 2);
	err = load_parse(word, false, &w);
	fflush(stderr);
	dup2(old, 2);
	close(pipes[1]);
	close(old);
	n = read(pipes[0], said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	return err;
}

static void refusals(void **state)
{
	static const char *const bad[][2] = {
		{ "zipf", "zipf is no load; write threads=N" },
		{ "load:", "is no load" },
		{ "load:threads=0", "threads is a whole number from 1 to 64" },
		{ "load:threads=65", "threads is a whole number from 1 to 64" },
		{ "load:threads=x", "not x" },
		{ "load:write=101", "write is a whole number from 0 to 100" },
		{ "load:rate=0", "rate is a whole number from 1 to 100000000" },
		{ "load:rate=100000001", "rate is a whole number from 1 to" },
		{ "load:pattern=even", "there are uniform and zipf" },
		{ "load:reads=1", "there are threads, pattern, write and rate" },
		{ "load:write=1,write=1", "write is given twice" },
	};
	char **words;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_and_hear(bad[i][0]), -EINVAL);
		assert_non_null(strstr(said, bad[i][1]));
	}
	assert_int_equal(load_expand("", &words, &n), -EINVAL);
	assert_int_equal(load_expand("threads=", &words, &n), -EINVAL);
	assert_int_equal(load_expand("write=1,,rate=1", &words, &n), -EINVAL);
	assert_int_equal(load_expand("threads=4:1:x2", &words, &n), -EDOM);
}

/* Virtual time goes no faster than a rate. */
static void rate_of_the_model(void **state)
{
	struct load_words w;

	(void)state;
	assert_int_equal(load_parse("load:threads=2", true, &w), 0);
	assert_int_equal(w.rate, LOAD_MODEL_RATE);
	assert_int_equal(load_parse("load:rate=5", true, &w), 0);
	assert_int_equal(w.rate, 5);
	assert_int_equal(load_parse("load:threads=2", false, &w), 0);
	assert_int_equal(w.rate, 0);
	assert_int_equal(load_parse("none", true, &w), 0);
	assert_int_equal(w.threads, 0);
}

static void set(struct options *o, const char *name, const char *text)
{
	assert_int_equal(options_set(o, name, text, name), 0);
}

static void dimension(void **state)
{
	static const unsigned int want[] = { 0, 1, 4, 0, 1, 4 };
	struct options o = { 0 };
	struct plan plan;
	size_t i;

	(void)state;
	set(&o, "total", "2M");
	set(&o, "batch", "1,2");
	set(&o, "load", "none,threads=1,4,pattern=zipf");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.n, 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(plan.configs[i].load.threads, want[i]);
	assert_int_equal(plan.configs[1].load.rate, 0);
	plan_free(&plan);
	set(&o, "backend", "model");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.configs[0].load.rate, 0);
	assert_int_equal(plan.configs[1].load.rate, LOAD_MODEL_RATE);
	plan_free(&plan);
	options_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(refusals),
		cmocka_unit_test(rate_of_the_model),
		cmocka_unit_test(dimension),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
