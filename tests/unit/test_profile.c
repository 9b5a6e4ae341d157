/* SPDX-License-Identifier: MIT */
/* Cost profiles: files, words, what is refused and in which words. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <migsim/migsim.h>

#include "model/profile.h"
#include "said.h"

static void heard(const char *names)
{
	assert_int_equal(sentences, 1);
	if (!strstr(said, names))
		fail_msg("'%s' does not say '%s'", said, names);
	sentences = 0;
}

static struct migsim_profile *opened(const char *word)
{
	struct migsim_profile *p;

	if (migsim_profile_open(&p, word))
		fail_msg("%s: %s", word, said);
	return p;
}

/* What the library writes of a profile; freed by the caller. */
/* Inlined at -O3, gcc takes what the stream wrote for the variable itself. */
__attribute__((noinline)) static char *written(const struct migsim_profile *p)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(migsim_profile_write(p, out), 0);
	fclose(out);
	return text;
}

static int read_bytes(struct migsim_profile **p, const char *text, size_t size)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, size, "r");
	int err;

	assert_non_null(file);
	err = profile_read(p, "f", file);
	fclose(file);
	return err;
}

static struct migsim_profile *read_back(const char *text)
{
	struct migsim_profile *p;

	if (read_bytes(&p, text, strlen(text)))
		fail_msg("%s", said);
	return p;
}

/* As many lines as there are in front of @at, and its own. */
static unsigned int line_of(const char *text, const char *at)
{
	unsigned int n = 1;

	for (; text < at; text++)
		n += *text == '\n';
	return n;
}

static char *joined(const char *a, size_t len, const char *b, const char *c)
{
	size_t size = len + strlen(b) + strlen(c) + 1;
	char *all = malloc(size);

	assert_non_null(all);
	snprintf(all, size, "%.*s%s%s", (int)len, a, b, c);
	return all;
}

/* The first profile, without correlations, its line of @name being @lines. */
static char *with(const char *name, const char *lines)
{
	struct migsim_profile *p = opened("zen3-ptdma");
	char *text, *at, *all, start[64];

	memset(p->correlation, 0, sizeof(p->correlation));
	text = written(p);
	migsim_profile_close(p);
	snprintf(start, sizeof(start), "\n%s", name);
	at = strstr(text, start);
	assert_non_null(at);
	at++;
	all = joined(text, (size_t)(at - text), lines, strchr(at, '\n'));
	free(text);
	return all;
}

/* Is refused in the @nth of @lines, which stand instead of @name's. */
static void refused(const char *name, const char *lines, unsigned int nth,
		    const char *why)
{
	char *text = with(name, lines), place[32];
	struct migsim_profile *p = NULL;

	assert_int_equal(read_bytes(&p, text, strlen(text)), -EINVAL);
	assert_null(p);
	snprintf(place, sizeof(place), "f:%u: ",
		 line_of(text, strstr(text, lines)) + nth - 1);
	if (strncmp(said, place, strlen(place)))
		fail_msg("'%s' is not about %s", said, place);
	heard(why);
	free(text);
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	refused("call_us", "call_us = x", 1, "call_us cannot be 'x'; it is a number from 0 to 10000 (us per call)");
	refused("call_us", "call_us =", 1, "cannot be ''");
	refused("call_us", "call_us = (nothing)", 1, "cannot be ''");
	refused("call_us", "call_us = nan", 1, "cannot be 'nan'");
	refused("call_us", "call_us = inf", 1, "cannot be 'inf'");
	refused("call_us", "call_us = 1e999", 1, "cannot be '1e999'");
	refused("call_us", "call_us = 0x10", 1, "cannot be '0x10'");
	refused("call_us", "call_us = 1,5", 1, "cannot be '1,5'");
	refused("call_us", "call_us = 3 us", 1, "cannot be '3 us'");
	refused("call_us", "call_us = -1", 1, "cannot be '-1'");
	refused("call_us", "call_us = 1000001", 1, "cannot be '1000001'");
	refused("channels", "channels = 1.5", 1, "a whole number from 1 to 64");
	refused("channels", "channels = 0", 1, "cannot be '0'");
	refused("isolate_share", "isolate_share = 1.1", 1, "from 0 to 1 (of remap_us)");
	refused("ports", "ports = all", 1, "ports cannot be 'all'; it is one of: pair, any, first");
	refused("ports", "ports = 1", 1, "one of: pair, any, first");
}

static void bad_errors_and_sources_are_refused(void **state)
{
	char line[256];

	(void)state;
	refused("call_us", "call_us = 1 +- -2", 1, "the standard error cannot be '-2'");
	refused("call_us", "call_us = 1 +-", 1, "the standard error cannot be ''");
	refused("call_us", "call_us = 1 +- inf", 1, "the standard error cannot be 'inf'");
	refused("call_us", "call_us = 1 +- 1e999", 1, "the standard error cannot be '1e999'");
	refused("call_us", "call_us = 1 +- 2 3", 1, "the standard error cannot be '2 3'");
	refused("ports", "ports = pair +- 1", 1, "cannot be 'pair +- 1'");
	refused("call_us", "call_us = 1 (where", 1, "a source stands in parentheses");
	refused("call_us", "call_us = 1 (where) from", 1, "a source stands in parentheses");
	refused("call_us", "call_us = 1 (a ; b)", 1, "a source stands in parentheses");
	snprintf(line, sizeof(line), "call_us = 1 (%0101d)", 0);
	refused("call_us", line, 1, "the source is longer than 100 bytes");
}

static void bad_lines_are_refused(void **state)
{
	char line[256];

	(void)state;
	refused("call_us", "call_us = 1\nnonsense = 2", 2, "[cpu] has no key 'nonsense'; it has: call_us, cold_call_us");
	refused("call_us", "channels = 2", 1, "channels belongs in [structure]");
	refused("call_us", "call_us = 1\n\ncall_us = 2", 3, "call_us is given twice, first in line ");
	refused("call_us", "call_us", 1, "this is neither key = value nor [section]");
	refused("[cpu]", "[gpu]", 1, "there is no section [gpu]; there are: profile, cpu, channel, structure, machine, measured, correlation");
	refused("[cpu]", "[cp]", 1, "there is no section [cp]");
	refused("[cpu]", "[cpu", 1, "a section is a line of its own");
	refused("[cpu]", "[cpu] call_us = 1", 1, "a section is a line of its own");
	refused("call_us", "call_us = 1\n  cold_call_us = 2", 2, "begins in the first column");
	refused("call_us", "call_us = 1 (\xc3\x28)", 1, "this is not UTF-8 text");
	refused("call_us", "call_us = 1 (\xed\xa0\x80)", 1, "this is not UTF-8 text");
	refused("call_us", "call_us = 1 (\a)", 1, "this is not a text file");
	refused("[profile]", "name = x\n[profile]", 1, "a section comes first");
	snprintf(line, sizeof(line), "call_us = 1%0200d", 0);
	refused("call_us", line, 1, "the line is longer than");
	snprintf(line, sizeof(line), "%200scall_us = 1", "");
	refused("call_us", line, 1, "the line is longer than");
}

static void bad_names_are_refused(void **state)
{
	char line[256];

	(void)state;
	refused("name", "name = a b", 1, "a name is one word");
	refused("name", "name =", 1, "a name is one word");
	refused("name", "name = a,b", 1, "a name is one word");
	refused("name", "name = a\nname = a", 2, "name is given twice");
	refused("name", "name = a\ndescription = b\ndescription = c", 3, "description is given twice");
	refused("name", "name = a\nauthor = b", 2, "[profile] has no key 'author'; it has: name, description");
	snprintf(line, sizeof(line), "description = %0161d", 0);
	refused("description", line, 1, "the description is longer than 160 bytes");
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	refused("putback_share", "putback_share = 0.7", 1, "isolate_share and putback_share");
	refused("huge_order", "huge_order = 4", 1, "greater than small_order");
	refused("measured_batch_max", "measured_batch_max = 1", 1, "measured_batch_min");
}

/* Pairs at the end of a file: @pairs in its line @nth. */
static void pairs_refused(const char *pairs, unsigned int nth, const char *why)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "[correlation]\n%s\n[cpu]", pairs);
	refused("[cpu]", lines, nth + 1, why);
}

static void bad_correlations_are_refused(void **state)
{
	(void)state;
	pairs_refused("call = copy_us 0.1", 1, "'call' is no coefficient");
	pairs_refused("channels = copy_us 0.1", 1, "'channels' is no coefficient");
	pairs_refused("call_us = copy 0.1", 1, "'copy' is no coefficient");
	pairs_refused("call_us = channels 0.1", 1, "'channels' is no coefficient");
	pairs_refused("call_us = call_us 1", 1, "no correlation with itself");
	pairs_refused("call_us = copy_us 1.1", 1, "copy_us cannot be '1.1'; it is a number from -1 to 1");
	pairs_refused("call_us = copy_us -1.1", 1, "copy_us cannot be '-1.1'");
	pairs_refused("call_us = copy_us", 1, "copy_us cannot be ''");
	pairs_refused("call_us = copy_us 0.1 0.2", 1, "copy_us cannot be '0.1 0.2'");
	pairs_refused("call_us = copy_us 0.1,", 1, "'' is no coefficient");
	pairs_refused("call_us = copy_us 0.1, copy_us 0.2", 1, "given twice");
	pairs_refused("call_us = copy_us 0.1\ncopy_us = call_us 0.1", 2, "the correlation of copy_us with call_us is given twice");
	pairs_refused("call_us = copy_us 0.1\n\tpte_us x", 2, "pte_us cannot be 'x'");
}

static void missing_keys_are_named(void **state)
{
	struct migsim_profile *p = NULL;
	static const char *const few = "[cpu]\ncall_us = 1\n";
	char *text = with("copy_us", "#");

	(void)state;
	assert_int_equal(read_bytes(&p, text, strlen(text)), -EINVAL);
	heard("profile f lacks copy_us; a profile has every key");
	free(text);
	text = with("name", "#");
	assert_int_equal(read_bytes(&p, text, strlen(text)), -EINVAL);
	heard("profile f lacks name; ");
	free(text);
	assert_int_equal(read_bytes(&p, few, strlen(few)), -EINVAL);
	heard("lacks name, cold_call_us, cold_unmap_us, flush_base_us, unmap_us, remap_us, and more;");
	assert_int_equal(read_bytes(&p, "# no\n", 5), -EINVAL);
	heard("profile f has no section");
}

static void a_file_may_be_written_freely(void **state)
{
	char lines[512], *text;
	struct migsim_profile *p;

	(void)state;
	snprintf(lines, sizeof(lines), "call_us=  7.50+-1e-1(so (they) say, über)  \r\n  # %0400d",
		 0);
	text = with("call_us", lines);
	p = read_back(text);
	assert_true(migsim_profile_value(p, KEY_CALL) == 7.5);
	assert_true(migsim_profile_se(p, KEY_CALL) == 0.1);
	assert_string_equal(migsim_profile_source(p, KEY_CALL),
			    "so (they) say, über");
	migsim_profile_close(p);
	free(text);
	text = with("call_us", "call_us = 0\n; no source, no error");
	p = read_back(text);
	assert_true(migsim_profile_value(p, KEY_CALL) == 0);
	assert_true(migsim_profile_se(p, KEY_CALL) == 0);
	assert_string_equal(migsim_profile_source(p, KEY_CALL), "");
	migsim_profile_close(p);
	free(text);
}

static void correlations_are_read(void **state)
{
	char *text = with("[cpu]", "[correlation]\ncall_us = copy_us -0.5, pte_us 1\n\tport_us .25\n[cpu]");
	struct migsim_profile *p = read_back(text);

	(void)state;
	assert_true(migsim_profile_correlation(p, KEY_CALL, KEY_COPY) == -0.5);
	assert_true(migsim_profile_correlation(p, KEY_COPY, KEY_CALL) == -0.5);
	assert_true(migsim_profile_correlation(p, KEY_CALL, KEY_PTE) == 1);
	assert_true(migsim_profile_correlation(p, KEY_PORT, KEY_CALL) == 0.25);
	assert_true(migsim_profile_correlation(p, KEY_PORT, KEY_PORT) == 1);
	assert_true(migsim_profile_correlation(p, KEY_PORT, KEY_PTE) == 0);
	migsim_profile_close(p);
	free(text);
}

static void assert_same(const struct migsim_profile *a,
			const struct migsim_profile *b)
{
	unsigned int k;

	assert_string_equal(migsim_profile_name(a), migsim_profile_name(b));
	assert_string_equal(migsim_profile_description(a),
			    migsim_profile_description(b));
	for (k = 0; k < PROFILE_KEYS; k++) {
		assert_true(migsim_profile_value(a, k) ==
			    migsim_profile_value(b, k));
		assert_true(migsim_profile_se(a, k) == migsim_profile_se(b, k));
		assert_string_equal(migsim_profile_source(a, k),
				    migsim_profile_source(b, k));
	}
}

static void shipped_profiles_are_complete(void **state)
{
	struct migsim_profile *p, *again;
	const char *name;
	unsigned int i, k;
	char *text;

	(void)state;
	assert_string_equal(migsim_profile_builtin(0), "zen3-ptdma");
	for (i = 0; (name = migsim_profile_builtin(i)); i++) {
		p = opened(name);
		assert_string_equal(migsim_profile_name(p), name);
		assert_true(*migsim_profile_description(p));
		for (k = 0; migsim_profile_key(k); k++)
			if (!*migsim_profile_source(p, k))
				fail_msg("%s: %s has no source", name,
					 migsim_profile_key(k)->name);
		text = written(p);
		again = read_back(text);
		assert_same(p, again);
		free(text);
		migsim_profile_close(again);
		migsim_profile_close(p);
	}
	assert_int_equal(i, 3);
	assert_int_equal(k, PROFILE_KEYS);
	assert_null(migsim_profile_builtin(i));
	assert_null(migsim_profile_builtin(1000));
}

/* Values that six digits do not say, and correlations of every pair. */
static void fill_oddly(struct migsim_profile *p)
{
	unsigned int k, b;
	double v = 1.0 / 3;

	for (k = 0; k < PROFILE_KEYS; k++) {
		if (!profile_keys[k].coefficient)
			continue;
		v = v > 1e3 ? 1e-7 / 3 : v * 7.1;
		assert_int_equal(migsim_profile_set(p, k, v, v / 17, "odd"), 0);
	}
	for (k = 0; k < PROFILE_KEYS; k++)
		for (b = 0; b < k; b++)
			if (profile_keys[k].coefficient &&
			    profile_keys[b].coefficient)
				migsim_profile_correlate(p, k, b, -0.1234 -
							 0.0003 * k);
	migsim_profile_correlate(p, KEY_CALL, KEY_COPY, 0.004);
}

static void what_is_written_is_read_back(void **state)
{
	struct migsim_profile *p = opened("zen3-ptdma"), *again;
	unsigned int a, b;
	char *text, *once_more;

	(void)state;
	fill_oddly(p);
	text = written(p);
	again = read_back(text);
	assert_same(p, again);
	for (a = 0; a < PROFILE_KEYS; a++)
		for (b = 0; b < PROFILE_KEYS; b++)
			assert_true(fabs(migsim_profile_correlation(p, a, b) -
				migsim_profile_correlation(again, a, b)) < 5e-3);
	assert_true(fabs(migsim_profile_correlation(again, KEY_CALL, KEY_PTE) -
			 migsim_profile_correlation(p, KEY_CALL, KEY_PTE)) < 1e-9);
	assert_true(migsim_profile_correlation(again, KEY_CALL, KEY_COPY) == 0);
	once_more = written(again);
	assert_string_equal(text, once_more);
	free(text);
	free(once_more);
	migsim_profile_close(p);
	migsim_profile_close(again);
}

static void texts_of_a_program_fit_the_file(void **state)
{
	struct migsim_profile *p = opened("zen3-ptdma"), *again;
	char line[400], *text;

	(void)state;
	snprintf(line, sizeof(line), "\n a;b ; c)\t(d\n[cpu] %0300d", 0);
	assert_int_equal(migsim_profile_describe(p, " my: new, one ", line), 0);
	assert_string_equal(migsim_profile_name(p), "my--new--one");
	assert_int_equal(migsim_profile_set(p, KEY_CALL, 1e4 / 3, 1e4 / 7,
					    line), 0);
	assert_int_equal(migsim_profile_set(p, KEY_COPY, 1, 0, "\xff?"), 0);
	assert_int_equal(migsim_profile_set(p, KEY_PTE, 1, 0, NULL), 0);
	/* The limit cuts no character in two. */
	snprintf(line, sizeof(line), "%099dü", 0);
	assert_int_equal(migsim_profile_set(p, KEY_PORT, 1, 0, line), 0);
	assert_int_equal(strlen(migsim_profile_source(p, KEY_PORT)), 99);
	text = written(p);
	again = read_back(text);
	assert_same(p, again);
	assert_string_equal(migsim_profile_source(again, KEY_COPY), "??");
	migsim_profile_describe(p, "", "");
	free(text);
	migsim_profile_close(again);
	text = written(p);
	again = read_back(text);
	assert_same(p, again);
	free(text);
	migsim_profile_close(again);
	migsim_profile_close(p);
}

static void a_full_disk_is_an_error(void **state)
{
	struct migsim_profile *p = opened("zen3-ptdma");
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(migsim_profile_write(p, full), -EIO);
	fclose(full);
	migsim_profile_close(p);
}

static void keys_are_set(void **state)
{
	struct migsim_profile *p = opened("zen3-ptdma"), *copy;

	(void)state;
	migsim_profile_correlate(p, KEY_CALL, KEY_COPY, 0.5);
	migsim_profile_correlate(p, KEY_PTE, KEY_COPY, 0.5);
	copy = migsim_profile_copy(p);
	assert_same(p, copy);
	assert_int_equal(migsim_profile_set(p, KEY_CALL, 2.5, 0.25, "me"), 0);
	assert_true(migsim_profile_value(p, KEY_CALL) == 2.5);
	assert_true(migsim_profile_se(p, KEY_CALL) == 0.25);
	assert_string_equal(migsim_profile_source(p, KEY_CALL), "me");
	assert_true(migsim_profile_correlation(p, KEY_CALL, KEY_COPY) == 0);
	assert_true(migsim_profile_correlation(p, KEY_COPY, KEY_CALL) == 0);
	assert_true(migsim_profile_correlation(p, KEY_PTE, KEY_COPY) == 0.5);
	migsim_profile_close(p);
	assert_true(migsim_profile_correlation(copy, KEY_CALL, KEY_COPY) == 0.5);
	assert_string_not_equal(migsim_profile_source(copy, KEY_CALL), "me");
	migsim_profile_close(copy);
	migsim_profile_close(NULL);
}

static void keys_are_not_set_to_what_they_cannot_be(void **state)
{
	static const struct {
		unsigned int key;
		double value, se;
	} bad[] = {
		{ KEY_CALL, -1, 0 }, { KEY_CALL, 1e7, 0 },
		{ KEY_CALL, 0.0 / 0.0, 0 }, { KEY_CALL, 1, -1 },
		{ KEY_CALL, 1, 1.0 / 0.0 }, { KEY_CHANNELS, 1.5, 0 },
		{ KEY_CHANNELS, 65, 0 }, { KEY_PORTS, 3, 0 },
		{ KEY_PORTS, 0.5, 0 }, { KEY_PORTS, 1, 1 },
	};
	struct migsim_profile *p = opened("zen3-ptdma");
	struct migsim_profile *before = migsim_profile_copy(p);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(migsim_profile_set(p, bad[i].key, bad[i].value,
						    bad[i].se, "bad"), -ERANGE);
	assert_same(p, before);
	assert_int_equal(migsim_profile_set(p, KEY_PORTS, PORTS_FIRST, 0, ""),
			 0);
	assert_int_equal(migsim_profile_find("call"), -ENOENT);
	migsim_profile_close(p);
	migsim_profile_close(before);
}

static void word_refused(const char *word, const char *why)
{
	struct migsim_profile *p = (void *)1;

	assert_int_equal(migsim_profile_open(&p, word), -EINVAL);
	assert_null(p);
	heard(why);
}

static void values_are_overridden(void **state)
{
	struct migsim_profile *p = opened(
		"zen3-ptdma:flush_base_us=36,ports=any,isolate_share=0.8,putback_share=0.1");
	struct migsim_profile *plain = opened("zen3-ptdma");

	(void)state;
	assert_true(migsim_profile_value(p, KEY_FLUSH_BASE) == 36);
	assert_true(migsim_profile_se(plain, KEY_FLUSH_BASE) > 0);
	/* As uncertain as before. */
	assert_true(fabs(migsim_profile_se(p, KEY_FLUSH_BASE) / 36 -
			 migsim_profile_se(plain, KEY_FLUSH_BASE) /
			 migsim_profile_value(plain, KEY_FLUSH_BASE)) < 1e-12);
	assert_true(migsim_profile_correlation(plain, KEY_FLUSH_BASE,
					       KEY_COPY) < -0.1);
	assert_true(migsim_profile_correlation(p, KEY_FLUSH_BASE, KEY_COPY) ==
		    migsim_profile_correlation(plain, KEY_FLUSH_BASE,
					       KEY_COPY));
	assert_non_null(strstr(migsim_profile_description(p),
			       "BUT flush_base_us=36,ports=any"));
	assert_string_equal(migsim_profile_source(p, KEY_FLUSH_BASE), "given");
	assert_true(migsim_profile_value(p, KEY_PORTS) == PORTS_ANY);
	assert_true(migsim_profile_value(p, KEY_CALL) ==
		    migsim_profile_value(plain, KEY_CALL));
	migsim_profile_close(p);
	migsim_profile_close(plain);
}

static void bad_words_are_refused(void **state)
{
	(void)state;
	word_refused("zen4", "there is no profile 'zen4'; there are: zen3-ptdma, cxl-far, fast-engine; a file is written with a slash or a dot, as ./zen4");
	word_refused("", "there is no profile ''");
	word_refused(":call_us=1", "there is no profile ''");
	word_refused("zen3-ptdma:flush_us=1", "profile zen3-ptdma:flush_us=1: there is no key 'flush_us'; did you mean flush_base_us?");
	word_refused("zen3-ptdma:q=1", "there is no key 'q'; values are written key=value");
	word_refused("zen3-ptdma:", "there is no key ''");
	word_refused("zen3-ptdma:call_us=1,", "there is no key ''");
	word_refused("zen3-ptdma:call_us", "call_us needs a value: call_us=…");
	word_refused("zen3-ptdma:call_us=", "call_us needs a value");
	word_refused("zen3-ptdma:call_us=1,call_us=1", "call_us is given twice");
	word_refused("zen3-ptdma:call_us=fast", "profile zen3-ptdma:call_us=fast: call_us cannot be 'fast'; it is a number from 0 to 10000");
	word_refused("zen3-ptdma:ports=2", "one of: pair, any, first");
	word_refused("zen3-ptdma:putback_share=0.9", "profile zen3-ptdma:putback_share=0.9: isolate_share");
	word_refused("zen3-ptdma:small_order=9", "huge_order must be greater");
	word_refused("zen3-ptdma:measured_order_min=5,measured_order_max=4", "measured_order_max");
	word_refused("zen3-ptdma:measured_batch_min=500000", "measured_batch_max");
}

static char dir[] = "/tmp/test_profile.XXXXXX";
static char path[64];

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static const char *file_of(const void *bytes, size_t size)
{
	FILE *file;

	snprintf(path, sizeof(path), "%s/x.profile", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}

static void files_are_read(void **state)
{
	char *text = with("call_us", "call_us = 5"), word[128];
	struct migsim_profile *p;

	(void)state;
	file_of(text, strlen(text));
	p = opened(path);
	assert_true(migsim_profile_value(p, KEY_CALL) == 5);
	migsim_profile_close(p);
	snprintf(word, sizeof(word), "%s:call_us=6,channels=2", path);
	p = opened(word);
	assert_true(migsim_profile_value(p, KEY_CALL) == 6);
	assert_true(migsim_profile_value(p, KEY_CHANNELS) == 2);
	migsim_profile_close(p);
	free(text);
	text = with("call_us", "call_us = -5");
	file_of(text, strlen(text));
	snprintf(word, sizeof(word), "%s:9: call_us cannot be '-5'", path);
	word_refused(path, word);
	free(text);
	unlink(path);
}

static void other_files_are_refused(void **state)
{
	static const char zeros[8];

	(void)state;
	word_refused("./none", "profile ./none cannot be opened: No such file or directory");
	word_refused("none.profile", "profile none.profile cannot be opened");
	word_refused("/tmp", "profile /tmp cannot be read: Is a directory");
	word_refused("/dev/null", "profile /dev/null has no section");
	word_refused("/dev/zero", "/dev/zero:1: this is not a text file");
	word_refused("/proc/self/exe", "/proc/self/exe:1: this is not a text file");
	word_refused(file_of(zeros, sizeof(zeros)), ":1: this is not a text file");
	word_refused(file_of("", 0), "has no section, so it is no profile");
	assert_int_equal(truncate(path, 100 << 20), 0);
	word_refused(path, ":1: this is not a text file");
	unlink(path);
}

/* Lines that are fine, comments, and one line, each without an end. */
static void long_files_are_refused(void **state)
{
	size_t size = 2 << 20, i;
	char *bytes = malloc(size);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, '\n', size);
	word_refused(file_of(bytes, size), "is too long to be one");
	for (i = 0; i < size; i += 2)
		bytes[i] = '#';
	word_refused(file_of(bytes, size), "is too long to be one");
	memset(bytes, '#', size);
	word_refused(file_of(bytes, size), "is too long to be one");
	memset(bytes, 'x', size);
	word_refused(file_of(bytes, size), "is too long to be one");
	unlink(path);
	free(bytes);
}

/* Either all is understood or one sentence says what is not. */
static void read_anyhow(const char *text, size_t size)
{
	struct migsim_profile *p = NULL;
	int err;

	sentences = 0;
	err = read_bytes(&p, text, size);
	assert_true(err == 0 || err == -EINVAL);
	assert_int_equal(sentences, err ? 1 : 0);
	assert_int_equal(!p, err != 0);
	migsim_profile_close(p);
}

static void cut_files_are_survived(void **state)
{
	struct migsim_profile *p = opened("zen3-ptdma");
	char *text, *part;
	size_t len, n;

	(void)state;
	migsim_profile_correlate(p, KEY_CALL, KEY_COPY, 0.5);
	text = written(p);
	n = strlen(text);
	for (len = 1; len <= n; len++) {
		part = malloc(len);	/* as long as it is, for sanitizers */
		assert_non_null(part);
		memcpy(part, text, len);
		read_anyhow(part, len);
		free(part);
	}
	free(text);
	migsim_profile_close(p);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void mutated_files_are_survived(void **state)
{
	static const char telling[] = "[]=:;#()+-,.e0 \t\n\\\xff";
	struct migsim_profile *p = opened("zen3-ptdma");
	uint32_t seed = 1;
	char *text, *bytes;
	size_t n, i, j;

	(void)state;
	fill_oddly(p);
	text = written(p);
	n = strlen(text);
	bytes = malloc(n);
	assert_non_null(bytes);
	for (i = 0; i < 4000; i++) {
		memcpy(bytes, text, n);
		for (j = next_random(&seed) % 4 + 1; j; j--)
			bytes[next_random(&seed) % n] = i % 2 ?
				(char)next_random(&seed) :
				telling[next_random(&seed) % sizeof(telling)];
		read_anyhow(bytes, n);
	}
	free(bytes);
	free(text);
	migsim_profile_close(p);
}

/* In Germany a comma stands before the decimals. */
static void the_locale_does_not_matter(void **state)
{
	struct migsim_profile *p, *again;
	const char *german = setlocale(LC_ALL, "de_DE.UTF-8");
	char *text;

	(void)state;
	if (!german)
		german = setlocale(LC_ALL, "de_DE.utf8");
	if (!german)
		skip();
	p = opened("zen3-ptdma:call_us=1.5");
	assert_true(migsim_profile_value(p, KEY_CALL) == 1.5);
	text = written(p);
	again = read_back(text);
	assert_same(p, again);
	assert_non_null(strstr(text, "call_us = 1.5 (given)"));
	assert_string_equal(localeconv()->decimal_point, ",");
	setlocale(LC_ALL, "C");
	free(text);
	migsim_profile_close(again);
	migsim_profile_close(p);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, said_listen, said_quiet)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(bad_values_are_refused),
		TEST(bad_errors_and_sources_are_refused),
		TEST(bad_lines_are_refused),
		TEST(bad_names_are_refused),
		TEST(contradictions_are_refused),
		TEST(bad_correlations_are_refused),
		TEST(missing_keys_are_named),
		TEST(a_file_may_be_written_freely),
		TEST(correlations_are_read),
		TEST(shipped_profiles_are_complete),
		TEST(what_is_written_is_read_back),
		TEST(texts_of_a_program_fit_the_file),
		TEST(a_full_disk_is_an_error),
		TEST(keys_are_set),
		TEST(keys_are_not_set_to_what_they_cannot_be),
		TEST(values_are_overridden),
		TEST(bad_words_are_refused),
		TEST(files_are_read),
		TEST(other_files_are_refused),
		TEST(long_files_are_refused),
		TEST(cut_files_are_survived),
		TEST(mutated_files_are_survived),
		TEST(the_locale_does_not_matter),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
