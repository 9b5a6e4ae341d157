/* SPDX-License-Identifier: MIT */
/*
 * The renderers of migsim-bench: what is in a result stands in every format,
 * and what was not measured stands in none as a number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "bench.h"
#include "render.h"

#define MAX	16

static struct config configs[MAX];
static struct result result[MAX];
static struct sample samples[MAX][3];
static struct results rs;

/* N results of three runs; the figures are round, so that they can be seen. */
static void set_up_sweep(size_t n)
{
	size_t i;

	memset(configs, 0, sizeof(configs));
	memset(result, 0, sizeof(result));
	rs = (struct results){ .result = result, .n = n };
	strcpy(rs.sysinfo.kernel, "6.1.0-test");
	strcpy(rs.sysinfo.cpu, "Some CPU");
	rs.sysinfo.cpus = 4;
	rs.sysinfo.numa_nodes = 2;
	rs.sysinfo.numa_balancing = -1;
	for (i = 0; i < n; i++) {
		configs[i] = (struct config){
			.backend = "uffd", .engine = "memcpy",
			.policy = "batch:pages=512,copy=batch",
			.mix = { .n = 1, .part = { { 0, 100 } } },
			.total = 1ull << 30, .from = 0, .to = 1,
			.mode = MIGSIM_MODE_SYNC,
			.reason = MIGSIM_REASON_SYSCALL, .runs = 3,
			.warmup = 1, .seed = 7,
		};
		samples[i][0] = (struct sample){ 0, 7.5, 101, 51, NAN, NAN, NAN };
		samples[i][1] = (struct sample){ 1, 8.5, 102, 52, NAN, NAN, NAN };
		samples[i][2] = (struct sample){ 2, 9.5, 103, 53, NAN, NAN, NAN };
		result[i] = (struct result){
			.config = &configs[i], .channels = 1,
			.batch_pages = 512, .window_pages = 512,
			.samples = samples[i], .nr_samples = 3,
			.gib_s = { 3, 8.5, 8.5, 1, { 7.5, 9.5 } },
			.first_us = { 3, 102, 102, 1, { 101, 103 } },
			.verify_errors = -1, .stolen = 0.25,
			.sum = {
				.size = sizeof(result[i].sum),
				.space_sees = true, .calls = 3,
				.bytes = 3ull << 30, .migrated = 786432,
				.first_us = { 1536, 102, 101, 109, 119, 129 },
				.inaccessible_us = { 786432, 52, 51, 59, 61, 71 },
				.page_seconds = 40.5,
				.mean_pages_in_flight = 400,
				.phases_us = { .unmap = 3e6, .flush = -1,
					       .copy = 6e6 },
				.caller_cpu_s = 0.75, .helper_cpu_s = -1,
				.flushes = 1536,
			},
		};
	}
}

/* The application has read what was migrated, at 4 GiB/s. */
static void make_read_after(size_t i)
{
	size_t k;

	configs[i].read_after = true;
	result[i].read_after_gib_s =
		(struct migsim_stats){ 3, 4.25, 4, 0.5, { 3.5, 4.5 } };
	for (k = 0; k < 3; k++)
		samples[i][k].read_after_gib_s = 3.5 + 0.5 * (double)k;
}

/* Two threads used the memory: 3 million operations a second, of 4. */
static void make_load(size_t i)
{
	size_t k;

	configs[i].load = (struct load_words){ 2, LOAD_ZIPF, 25, 0 };
	result[i].ops_per_s =
		(struct migsim_stats){ 3, 3e6, 3.1e6, 1e5, { 2.5e6, 3.5e6 } };
	result[i].baseline_ops_per_s =
		(struct migsim_stats){ 3, 4e6, 4.1e6, 1e5, { 3.5e6, 4.5e6 } };
	result[i].stall_us =
		(struct migsim_latency){ 77, 115, 117, 119, 123, 127 };
	for (k = 0; k < 3; k++) {
		samples[i][k].ops_per_s = 2.5e6 + 5e5 * (double)k;
		samples[i][k].baseline_ops_per_s = 4e6;
	}
}

static void make_kernel(struct result *r)
{
	r->config->backend = "kernel";
	r->config->engine = NULL;
	r->channels = r->batch_pages = r->window_pages = -1;
	r->first_us = (struct migsim_stats){ 0 };
	r->sum.space_sees = false;
	r->sum.first_us = r->sum.inaccessible_us = (struct migsim_latency){ 0 };
	r->sum.page_seconds = r->sum.mean_pages_in_flight = 0;
	samples[0][0].first_us = samples[0][0].inaccessible_us = NAN;
}

static char *rendered(enum format format)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(render(out, &rs, format), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static json_t *rendered_json(void)
{
	char *words = rendered(FORMAT_JSON);
	json_t *doc = json_loads(words, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(doc);
	free(words);
	return doc;
}

/* A member by the path of its keys, the first result's. */
static json_t *member(json_t *doc, const char *part, const char *key)
{
	json_t *r = json_array_get(json_object_get(doc, "results"), 0);
	json_t *v = json_object_get(json_object_get(r, part), key);

	if (!v)
		fail_msg("%s.%s is missing", part, key);
	return v;
}

static void assert_member(json_t *doc, const char *part, const char *key,
			  double want)
{
	json_t *v = member(doc, part, key);

	assert_true(json_is_number(v));
	assert_true(fabs(json_number_value(v) - want) < 1e-6);
}

static void assert_keys(json_t *o, const char *const *want, size_t n)
{
	void *at = json_object_iter(o);
	size_t i;

	for (i = 0; i < n; i++, at = json_object_iter_next(o, at)) {
		assert_non_null(at);
		assert_string_equal(json_object_iter_key(at), want[i]);
	}
}

#define ASSERT_KEYS(o, ...) do {					\
	static const char *const keys_[] = { __VA_ARGS__ };		\
	assert_keys(o, keys_, sizeof(keys_) / sizeof(keys_[0]));	\
} while (0)

static void test_json_keys_stand_in_order(void **state)
{
	json_t *doc, *r;

	(void)state;
	set_up_sweep(1);
	doc = rendered_json();
	r = json_array_get(json_object_get(doc, "results"), 0);
	ASSERT_KEYS(doc, "schema", "tool", "sysinfo", "warnings");
	ASSERT_KEYS(r, "config", "throughput_gib_s", "first_folio_us",
		    "inaccessible_us", "phases_us", "cpu_s_per_gib",
		    "counters", "samples", "read_after_gib_s",
		    "stolen_percent", "load", "settled_window_pages");
	ASSERT_KEYS(json_object_get(r, "config"), "backend", "engine",
		    "driver", "channels", "policy", "profile", "order",
		    "batch_pages", "window_pages", "total_bytes",
		    "folios_per_call", "from", "to", "layout", "pool", "mode",
		    "reason", "runs");
	ASSERT_KEYS(json_object_get(r, "first_folio_us"), "median", "mean",
		    "sd", "ci95", "p95", "p99", "max");
	ASSERT_KEYS(json_object_get(r, "inaccessible_us"), "mean", "p50",
		    "p95", "p99", "max", "page_seconds",
		    "mean_pages_in_flight");
	ASSERT_KEYS(json_object_get(r, "phases_us"), "alloc", "unmap", "flush",
		    "submit", "wait", "copy", "reap", "remap", "other");
	ASSERT_KEYS(json_object_get(r, "counters"), "migrated", "failed",
		    "retried", "declined", "cpu_fallback", "flushes",
		    "verify_errors");
	assert_string_equal(json_string_value(json_object_get(doc, "schema")),
			    "migsim/1");
	json_decref(doc);
}

static void test_json_values(void **state)
{
	json_t *doc;

	(void)state;
	set_up_sweep(1);
	configs[0].engine = "mt:threads=2,place=spread";
	result[0].verify_errors = 0;
	doc = rendered_json();
	assert_string_equal(json_string_value(member(doc, "config", "engine")),
			    "mt");
	assert_string_equal(json_string_value(member(doc, "config",
						     "engine_options")),
			    "mt:threads=2,place=spread");
	assert_member(doc, "config", "folios_per_call", 262144);
	assert_member(doc, "throughput_gib_s", "median", 8.5);
	assert_member(doc, "first_folio_us", "p99", 119);
	assert_member(doc, "phases_us", "unmap", 1e6);	/* of 3 GiB */
	assert_member(doc, "phases_us", "alloc", 0);	/* measured: none */
	assert_true(json_is_null(member(doc, "phases_us", "flush")));
	assert_member(doc, "cpu_s_per_gib", "caller", 0.25);
	assert_true(fabs(json_real_value(json_object_get(json_array_get(
		json_object_get(doc, "results"), 0), "stolen_percent")) - 25) < 1e-9);
	assert_true(json_is_null(member(doc, "cpu_s_per_gib", "helpers")));
	assert_member(doc, "counters", "verify_errors", 0);
	assert_member(doc, "counters", "flushes", 1536);
	assert_true(json_is_false(json_object_get(doc, "interrupted")));
	json_decref(doc);
}

static void test_json_kernel_sees_no_folio(void **state)
{
	static const char *const blind[][2] = {
		{ "config", "engine" }, { "config", "channels" },
		{ "config", "batch_pages" }, { "config", "window_pages" },
		{ "first_folio_us", "median" }, { "first_folio_us", "ci95" },
		{ "first_folio_us", "max" }, { "inaccessible_us", "mean" },
		{ "inaccessible_us", "page_seconds" },
		{ "phases_us", "unmap" }, { "phases_us", "other" },
		{ "counters", "flushes" }, { "counters", "retried" },
		{ "counters", "verify_errors" },
	};
	json_t *doc, *s;
	size_t i;

	(void)state;
	set_up_sweep(1);
	make_kernel(&result[0]);
	doc = rendered_json();
	for (i = 0; i < sizeof(blind) / sizeof(blind[0]); i++)
		assert_true(json_is_null(member(doc, blind[i][0],
						blind[i][1])));
	assert_member(doc, "throughput_gib_s", "mean", 8.5);
	assert_member(doc, "counters", "failed", 0);
	s = json_array_get(json_object_get(json_array_get(
		json_object_get(doc, "results"), 0), "samples"), 0);
	assert_true(json_is_null(json_object_get(s, "first_us")));
	assert_true(json_is_real(json_object_get(s, "gib_s")));
	json_decref(doc);
}

static void test_json_unmeasured_is_null(void **state)
{
	json_t *doc;

	(void)state;
	set_up_sweep(1);
	memset(&result[0].gib_s, 0, sizeof(result[0].gib_s));
	memset(&result[0].first_us, 0, sizeof(result[0].first_us));
	memset(&result[0].sum, 0, sizeof(result[0].sum));
	result[0].nr_samples = 0;
	rs.interrupted = true;
	doc = rendered_json();
	assert_true(json_is_null(member(doc, "throughput_gib_s", "median")));
	assert_true(json_is_null(member(doc, "throughput_gib_s", "ci95")));
	assert_true(json_is_null(member(doc, "counters", "migrated")));
	assert_true(json_is_null(member(doc, "cpu_s_per_gib", "caller")));
	assert_true(json_is_true(json_object_get(doc, "interrupted")));
	json_decref(doc);
}

static void test_json_mix_and_odd_words(void **state)
{
	char *warnings[] = { "\xff" "bad \"byte\"" };
	json_t *doc;

	(void)state;
	set_up_sweep(1);
	configs[0].mix = (struct mix){ 2, { { 0, 80 }, { 9, 20 } } };
	configs[0].seed = UINT64_MAX;
	rs.warnings = warnings;
	rs.nr_warnings = 1;
	doc = rendered_json();
	assert_true(json_is_null(member(doc, "config", "order")));
	assert_string_equal(json_string_value(member(doc, "config", "folio")),
			    "4K:80/2M:20");
	assert_string_equal(json_string_value(member(doc, "config", "seed")),
			    "18446744073709551615");
	assert_string_equal(json_string_value(json_array_get(
		json_object_get(doc, "warnings"), 0)),
		"\xef\xbf\xbd" "bad \"byte\"");
	json_decref(doc);
}

static void assert_has(const char *all, const char *part)
{
	if (!strstr(all, part))
		fail_msg("\"%s\" is not in:\n%s", part, all);
}

static void assert_lacks(const char *all, const char *part)
{
	if (strstr(all, part))
		fail_msg("\"%s\" is in:\n%s", part, all);
}

static size_t occurrences(const char *all, const char *part)
{
	size_t n = 0;

	while ((all = strstr(all, part))) {
		all += strlen(part);
		n++;
	}
	return n;
}

static void test_csv(void **state)
{
	char *words;

	(void)state;
	set_up_sweep(1);
	words = rendered(FORMAT_CSV);
	assert_int_equal(strncmp(words, "table,order,folio_bytes,engine,"
		"channels,folios_per_call,batch_pages,metric,value,pm,flag,",
		strlen("table,order,folio_bytes,engine,channels,"
		       "folios_per_call,batch_pages,metric,value,pm,flag,")), 0);
	assert_has(words, "\nown,0,4096,memcpy,1,262144,512,gib_s,8.5,1,,uffd,"
			  ",memcpy,\"batch:pages=512,copy=batch\",,4K,");
	assert_has(words, ",512,first_us,102,1,,");
	assert_has(words, ",512,inaccessible_p99_us,61,,,");
	assert_has(words, ",512,run_gib_s,9.5,,,");
	assert_lacks(words, "phase_flush");	/* part of unmap */
	assert_lacks(words, "nan");
	free(words);
}

/* Every row has the columns of the header, whatever the words hold. */
static void test_csv_rows_are_as_long_as_the_header(void **state)
{
	size_t columns = 0, at = 0;
	bool quoted = false;
	char *words, *p;

	(void)state;
	set_up_sweep(2);
	result[0].driver = "a \"driver\",\nof two lines";
	make_kernel(&result[1]);
	make_load(0);
	words = rendered(FORMAT_CSV);
	assert_has(words, "\"a \"\"driver\"\",\nof two lines\"");
	for (p = words; *p; p++) {
		quoted ^= *p == '"';
		at += !quoted && *p == ',';
		if (quoted || *p != '\n')
			continue;
		columns = columns ? columns : at;
		assert_int_equal(at, columns);
		at = 0;
	}
	assert_int_equal(columns, 29);
	free(words);
}

static void test_csv_names_the_cpu_as_published(void **state)
{
	char *words;

	(void)state;
	set_up_sweep(3);
	configs[0].policy = "batch:pages=512,copy=inline";
	configs[1].policy = "batch:copy=inline";
	configs[1].engine = "null";
	make_kernel(&result[2]);
	words = rendered(FORMAT_CSV);
	assert_has(words, "\nown,0,4096,cpu,0,262144,512,gib_s,");
	assert_has(words, "\nown,0,4096,null,1,262144,512,gib_s,");
	assert_has(words, "\nown,0,4096,cpu,0,262144,,gib_s,");
	free(words);
}

/* The same words otherwise: only the last column tells the two apart. */
static void test_csv_tells_what_was_traced(void **state)
{
	char *words;

	(void)state;
	set_up_sweep(3);
	make_kernel(&result[1]);
	make_kernel(&result[2]);
	result[1].traced = true;
	configs[2].untraced = true;
	words = rendered(FORMAT_CSV);
	assert_has(words, ",load,trace\n");
	assert_int_equal(occurrences(words, ",,on\n"),
			 occurrences(words, ",,off\n"));
	assert_has(words, ",gib_s,8.5,1,,kernel,");
	assert_int_not_equal(occurrences(words, ",,on\n"), 0);
	assert_has(words, ",3,,0,,\n");	/* uffd */
	free(words);
}

static void test_table_says_once_what_is_the_same(void **state)
{
	char *words;

	(void)state;
	set_up_sweep(2);
	configs[1].policy = "batch:pages=1024,copy=batch";
	result[1].batch_pages = result[1].window_pages = 1024;
	words = rendered(FORMAT_TABLE);
	assert_has(words, "engine memcpy, channels 1, policy batch:copy=batch,"
			  " folio 4K, total 1G");
	assert_int_equal(occurrences(words, "memcpy"), 1);
	assert_has(words, "\n  512    8.50  [7.50, 9.50]       102  119");
	assert_has(words, "\n 1024    8.50  [7.50, 9.50]");
	assert_lacks(words, "window");		/* says what N says */
	/* page-seconds of a GiB; CPU seconds of caller and helpers */
	assert_has(words, " 13.5    0.25        -\n");
	assert_lacks(words, "read");
	assert_lacks(words, "busy");
	assert_lacks(words, "failed");
	assert_lacks(words, "verify");
	free(words);
}

static void test_table_shows_trouble(void **state)
{
	char *warnings[] = { "NUMA balancing is on" };
	char *words;

	(void)state;
	set_up_sweep(2);
	configs[1].engine = "null";
	result[0].sum.failed = 17;
	result[1].verify_errors = 23;
	rs.warnings = warnings;
	rs.nr_warnings = 1;
	rs.interrupted = true;
	result[1].nr_samples = 1;
	words = rendered(FORMAT_TABLE);
	assert_has(words, "failed");
	assert_has(words, " 17 ");
	assert_has(words, "verify");
	assert_has(words, " 23\n");
	assert_has(words, "\nwarning: NUMA balancing is on\n");
	assert_has(words, "interrupted");
	assert_has(words, "1 of 3");
	free(words);
}

static void assert_fits_a_mail(const char *words)
{
	while (*words) {
		size_t len = strcspn(words, "\n");

		if (len > 78)
			fail_msg("%zu bytes: %.*s", len, (int)len, words);
		words += len + (words[len] == '\n');
	}
}

/* N down, engines across, as the published 2B. */
static void set_up_cross(size_t engines, const char *name)
{
	static char engine[MAX][400], policy[MAX][64];
	size_t i;

	set_up_sweep(3 * engines);
	for (i = 0; i < rs.n; i++) {
		snprintf(engine[i], sizeof(engine[i]), "%s:threads=%zu", name,
			 1 + i % engines);
		snprintf(policy[i], sizeof(policy[i]), "batch:pages=%zu",
			 (size_t)512 << i / engines);
		configs[i].engine = engine[i];
		configs[i].policy = policy[i];
		result[i].batch_pages = 512l << i / engines;
		result[i].gib_s.mean = 10 + (double)i;
	}
}

static void test_lkml_cross_table(void **state)
{
	char *words;

	(void)state;
	set_up_cross(2, "mt");
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "Down: N; across: engine\n");
	assert_has(words, "mt:threads=1");
	assert_has(words, "\n  512  10.00 ± 1.00       102"
			  "  11.00 ± 1.00       102\n");
	assert_has(words, "\n 2048  14.00 ± 1.00       102"
			  "  15.00 ± 1.00       102\n");
	assert_has(words, "52.0/61.0");
	assert_lacks(words, EMULATED);
	free(words);
}

/* Who copied for which engine is lost in no text: a line for each. */
static void test_drivers_of_several_engines(void **state)
{
	static char *const driver[] = { "ptdma 4 channels", "by the CPU" };
	const enum format formats[] = { FORMAT_TABLE, FORMAT_LKML };
	char *words;
	size_t i;

	(void)state;
	set_up_sweep(4);
	for (i = 0; i < 4; i++) {
		configs[i].engine = i % 2 ? "memcpy" : "dma:channels=4";
		result[i].driver = driver[i % 2];
		result[i].batch_pages = 512 << i / 2;
	}
	for (i = 0; i < 2; i++) {
		words = rendered(formats[i]);
		assert_has(words, "\ndma:channels=4: driver ptdma 4 channels\n");
		assert_has(words, "\nmemcpy: driver by the CPU\n");
		assert_int_equal(occurrences(words, "driver"), 2);
		free(words);
	}
	/* The same for all stands in the head. */
	for (i = 0; i < 4; i++)
		result[i].driver = driver[1];
	words = rendered(FORMAT_TABLE);
	assert_lacks(words, ": driver");
	assert_int_equal(occurrences(words, "driver by the CPU"), 1);
	free(words);
}

static void test_lkml_cross_with_a_hole(void **state)
{
	char *words;

	(void)state;
	set_up_cross(2, "mt");
	rs.n = 5;
	words = rendered(FORMAT_LKML);
	assert_has(words, "\n 2048  14.00 ± 1.00       102"
			  "             -         -\n");
	free(words);
}

/* More engines than a mail is wide, and names that are wider still. */
static void test_lkml_is_never_too_wide(void **state)
{
	char name[300], *words;

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	set_up_cross(5, name);
	strcpy(rs.sysinfo.cpu, "CPU with a name");
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "C5: xxx");
	assert_has(words, "24.00 ± 1.00");
	free(words);
}

static void test_lkml_list_is_never_too_wide(void **state)
{
	static char word[3][200];
	char *warnings[] = { word[2] }, *words;
	size_t i;

	(void)state;
	set_up_sweep(3);
	memset(word[2], 'w', sizeof(word[2]) - 1);
	for (i = 0; i < 3; i++) {
		snprintf(word[i], 150, "plugin%zu:path=%0100d", i, 5);
		configs[i].engine = word[i];
		configs[i].cold_pool = i == 1;
		configs[i].layout = i == 2 ? LAYOUT_SCATTERED :
					     LAYOUT_CONTIGUOUS;
	}
	result[2].gib_s.sd = result[2].gib_s.mean = 1e300;
	result[2].sum.inaccessible_us.p99 = 1e300;
	result[1].sum.failed = 4;
	rs.warnings = warnings;
	rs.nr_warnings = 1;
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "\nR3 ");
	assert_has(words, "R2: engine");
	assert_has(words, "4 folios failed");
	free(words);
}

/* Who pays: a figure for the caller and one for the helpers. */
static void test_lkml_shows_cpu(void **state)
{
	char *words;

	(void)state;
	set_up_cross(2, "mt");
	result[1].sum.helper_cpu_s = 1.5;
	words = rendered(FORMAT_LKML);
	assert_has(words, "\nCPU seconds per GiB\n");
	assert_has(words, "\n  512          0.25 + -       0.25 + 0.50\n");
	assert_lacks(words, "Reading");
	free(words);
	set_up_sweep(1);
	result[0].sum.helper_cpu_s = 3;
	words = rendered(FORMAT_LKML);
	assert_has(words, "\nCPU s/GiB: caller + helpers\n");
	assert_has(words, "\n    512  0.25 + 1.00\n");
	free(words);
}

static void test_busy_is_a_dimension(void **state)
{
	json_t *doc;
	char *words;

	(void)state;
	set_up_sweep(2);
	configs[1].busy = 3;
	words = rendered(FORMAT_TABLE);
	assert_has(words, "\nbusy      N   GiB/s");
	assert_has(words, "\n0       512    8.50");
	assert_has(words, "\n3       512    8.50");
	free(words);
	configs[0].busy = 3;
	words = rendered(FORMAT_TABLE);
	assert_has(words, ", busy 3, ");
	free(words);
	words = rendered(FORMAT_CSV);
	assert_has(words, ",runs,run,busy,load,trace\n");
	assert_has(words, ",3,,3,,\nown,");	/* of all runs */
	assert_has(words, ",3,2,3,,\n");		/* of the third */
	free(words);
	doc = rendered_json();
	assert_member(doc, "config", "busy", 3);
	json_decref(doc);
}

static void test_read_after(void **state)
{
	json_t *doc, *r;
	char *words;

	(void)state;
	set_up_sweep(2);
	doc = rendered_json();
	r = json_array_get(json_object_get(doc, "results"), 0);
	assert_true(json_is_null(json_object_get(r, "read_after_gib_s")));
	assert_true(json_is_false(member(doc, "config", "read_after")));
	json_decref(doc);
	words = rendered(FORMAT_CSV);
	assert_lacks(words, "read_after");
	free(words);

	make_read_after(0);
	doc = rendered_json();
	assert_member(doc, "read_after_gib_s", "median", 4.25);
	assert_member(doc, "read_after_gib_s", "mean", 4);
	assert_member(doc, "read_after_gib_s", "sd", 0.5);
	assert_true(json_is_array(member(doc, "read_after_gib_s", "ci95")));
	assert_true(json_is_true(member(doc, "config", "read_after")));
	r = json_array_get(json_object_get(doc, "results"), 0);
	r = json_array_get(json_object_get(r, "samples"), 2);
	assert_true(fabs(json_number_value(json_object_get(r,
			 "read_after_gib_s")) - 4.5) < 1e-6);
	json_decref(doc);
	words = rendered(FORMAT_CSV);
	assert_has(words, ",read_after_gib_s,4.25,0.5,,");
	assert_has(words, ",run_read_after_gib_s,4.5,,,");
	assert_int_equal(occurrences(words, ",read_after_gib_s,"), 1);
	free(words);
	words = rendered(FORMAT_TABLE);
	assert_has(words, "   read\n");
	assert_has(words, "  4.25\n");
	assert_has(words, "     -\n");	/* not of the second */
	free(words);
}

static void test_read_after_in_a_mail(void **state)
{
	char *words;

	(void)state;
	set_up_cross(2, "mt");
	make_read_after(1);
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "\nReading after each call, GiB/s\n");
	assert_has(words, "\n  512             -   4.00 ± 0.50\n");
	free(words);
	set_up_sweep(1);
	make_read_after(0);
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "  0.25 + -      4.00 ± 0.50\n");
	free(words);
}

static void test_load_json(void **state)
{
	json_t *doc, *r, *load;

	(void)state;
	set_up_sweep(1);
	doc = rendered_json();
	r = json_array_get(json_object_get(doc, "results"), 0);
	assert_true(json_is_null(json_object_get(r, "load")));
	assert_true(json_is_null(member(doc, "config", "load")));
	json_decref(doc);

	make_load(0);
	doc = rendered_json();
	r = json_array_get(json_object_get(doc, "results"), 0);
	load = json_object_get(r, "load");
	ASSERT_KEYS(load, "threads", "pattern", "write_percent", "ops_per_s",
		    "baseline_ops_per_s", "stalls", "stall_us", "rate");
	assert_member(doc, "load", "threads", 2);
	assert_string_equal(json_string_value(member(doc, "load", "pattern")),
			    "zipf");
	assert_member(doc, "load", "write_percent", 25);
	assert_member(doc, "load", "ops_per_s", 3e6);
	assert_member(doc, "load", "baseline_ops_per_s", 4e6);
	assert_member(doc, "load", "stalls", 77);
	assert_true(json_is_null(member(doc, "load", "rate")));
	load = json_object_get(load, "stall_us");
	ASSERT_KEYS(load, "p50", "p99", "max");
	assert_true(fabs(json_number_value(json_object_get(load, "p50")) -
			 117) < 1e-6);
	assert_string_equal(json_string_value(member(doc, "config", "load")),
			    "threads=2,pattern=zipf,write=25");
	r = json_array_get(json_object_get(r, "samples"), 2);
	assert_true(fabs(json_number_value(json_object_get(r, "ops_per_s")) -
			 3.5e6) < 1);
	json_decref(doc);

	/* A load that met nothing in flight. */
	result[0].stall_us = (struct migsim_latency){ 0 };
	configs[0].load.rate = 1000;
	doc = rendered_json();
	assert_member(doc, "load", "stalls", 0);
	assert_member(doc, "load", "rate", 1000);
	load = member(doc, "load", "stall_us");
	assert_true(json_is_null(json_object_get(load, "max")));
	json_decref(doc);
}

static void test_load_in_words(void **state)
{
	char *words;

	(void)state;
	set_up_sweep(2);
	words = rendered(FORMAT_CSV);
	assert_has(words, ",runs,run,busy,load,trace\n");
	assert_lacks(words, "load_");
	free(words);
	words = rendered(FORMAT_TABLE);
	assert_lacks(words, "load");
	assert_lacks(words, "stall");
	free(words);

	make_load(0);
	words = rendered(FORMAT_CSV);
	assert_has(words, ",load_ops_per_s,3000000,,");
	assert_has(words, ",load_baseline_ops_per_s,4000000,,");
	assert_has(words, ",load_stalls,77,");
	assert_has(words, ",load_stall_p50_us,117,");
	assert_has(words, ",load_stall_p99_us,123,");
	assert_has(words, ",load_stall_max_us,127,");
	assert_has(words, ",run_load_ops_per_s,3500000,");
	assert_has(words, ",3,2,0,\"threads=2,pattern=zipf,write=25\",\n");
	free(words);
	words = rendered(FORMAT_TABLE);
	assert_has(words, "threads=2,pattern=zipf,write=25");
	assert_has(words, "  ops/s     base  stall us\n");
	assert_has(words, "  million  million       p50  p99  max\n");
	assert_has(words, "     3.00     4.00       117  123  127\n");
	assert_has(words, "        -        -         -    -    -\n");
	free(words);
}

static void test_load_in_a_mail(void **state)
{
	char *words;
	size_t i;

	(void)state;
	set_up_cross(2, "mt");
	for (i = 0; i < rs.n; i++)
		make_load(i);
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "\nThe load, million ops/s (without migration), and its stalls\n");
	assert_has(words, "  3.00 (4.00)           117/123/127");
	free(words);
	set_up_sweep(1);
	make_load(0);
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "load threads=2,pattern=zipf,write=25");
	assert_has(words, "  3.00 (4.00)  117/123/127\n");
	free(words);
}

static void test_emulated_stands_by_every_time(void **state)
{
	char *words;

	(void)state;
	set_up_cross(2, "mt");
	rs.sysinfo.emulated = true;
	words = rendered(FORMAT_LKML);
	/* the machine and the three tables */
	assert_int_equal(occurrences(words, EMULATED), 4);
	free(words);
	words = rendered(FORMAT_TABLE);
	assert_int_equal(occurrences(words, EMULATED), 2);
	free(words);
	words = rendered(FORMAT_CSV);
	assert_int_equal(occurrences(words, "\"" EMULATED "\""),
			 occurrences(words, "\n") - 1);
	free(words);
	words = rendered(FORMAT_JSON);
	assert_has(words, "\"note\": \"" EMULATED "\"");
	free(words);
}

static struct migsim_profile *profile;

static void open_profile(void)
{
	assert_int_equal(migsim_profile_open(&profile, "zen3-ptdma"), 0);
	assert_int_equal(migsim_profile_describe(profile, "box",
						 "A box of some kind"), 0);
}

static void make_model(struct result *r)
{
	r->config->backend = "model";
	r->config->engine = "model:channels=4";
	r->config->profile = "zen3-ptdma:copy_us=1";
	r->config->model = profile;
	r->config->from = r->config->to = -1;
	r->config->runs = 1;
	r->channels = 4;
	r->nr_samples = 1;
	r->gib_s = (struct migsim_stats){ 1, 8.5, 8.5, 0, { 8.1, 8.9 } };
	r->first_us = (struct migsim_stats){ 1, 102, 102, 0, { 99, 107 } };
}

static void test_model_in_json(void **state)
{
	static const char *const none[] = { "from", "to", "layout", "pool" };
	json_t *doc, *lo;
	size_t i;

	(void)state;
	open_profile();
	set_up_sweep(1);
	make_model(&result[0]);
	rs.sysinfo.emulated = true;
	doc = rendered_json();
	for (i = 0; i < 4; i++)
		assert_true(json_is_null(member(doc, "config", none[i])));
	assert_string_equal(json_string_value(member(doc, "config",
						     "profile")),
			    "zen3-ptdma:copy_us=1");
	assert_member(doc, "config", "runs", 1);
	assert_member(doc, "throughput_gib_s", "sd", 0);
	lo = json_array_get(member(doc, "first_folio_us", "ci95"), 0);
	assert_true(json_real_value(lo) < 99.1);
	/* Virtual time is no emulated time. */
	assert_true(json_is_null(json_object_get(doc, "note")));
	json_decref(doc);
	migsim_profile_close(profile);
}

static void test_model_in_text(void **state)
{
	char *words;

	(void)state;
	open_profile();
	set_up_sweep(2);
	make_model(&result[0]);
	make_model(&result[1]);
	rs.sysinfo.emulated = true;
	words = rendered(FORMAT_TABLE);
	assert_has(words, "Modelled by box: A box of some kind\n");
	assert_has(words, "[8.10, 8.90]");
	assert_int_equal(occurrences(words, "A box"), 1);
	assert_lacks(words, "Linux");
	assert_lacks(words, "->");
	assert_lacks(words, "contiguous");
	assert_lacks(words, "warm");
	assert_lacks(words, EMULATED);
	free(words);
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "Modelled by box: A box of some kind\n");
	assert_lacks(words, "Linux");
	free(words);
	migsim_profile_close(profile);
}

/* Both are named, and only the machine's times are of an emulated CPU. */
static void test_model_beside_memory(void **state)
{
	char *words;

	(void)state;
	open_profile();
	set_up_sweep(2);
	make_model(&result[1]);
	rs.sysinfo.emulated = true;
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "Linux 6.1.0-test, Some CPU");
	assert_has(words, "Modelled by box");
	assert_has(words, EMULATED);
	free(words);
	words = rendered(FORMAT_CSV);
	assert_has(words, ",memcpy,1,262144,512,gib_s,8.5,1,\"" EMULATED "\",");
	assert_has(words, ",dma,4,262144,512,gib_s,8.5,,,");
	free(words);
	migsim_profile_close(profile);
}

/* Names and descriptions may be longer than a line. */
static void test_model_with_a_long_name(void **state)
{
	static char name[101], line[161];
	char *words;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	memset(line, 'd', sizeof(line) - 1);
	open_profile();
	assert_int_equal(migsim_profile_describe(profile, name, line), 0);
	set_up_sweep(1);
	make_model(&result[0]);
	words = rendered(FORMAT_LKML);
	assert_fits_a_mail(words);
	assert_has(words, "Modelled by");
	free(words);
	migsim_profile_close(profile);
}

static void test_csv_names_the_model_as_published(void **state)
{
	static const struct {
		const char *policy;
		long channels, batch;
		const char *engine;
	} all[] = {
		{ "batch:copy=inline", 0, 512, ",cpu,0," },
		{ "batch:copy=batch", 0, 512, ",model,0," },
		{ "batch", 0, 512, ",model,0," },
		{ "batch", 16, 512, ",dma,16," },
		{ "batch:copy=batch", 1, 512, ",dma,1," },
		{ "batch:copy=inline", 4, 512, ",model,4," },
		{ "sliding:window=512", 4, -1, ",model,4," },
	};
	char want[64], *words;
	size_t i;

	(void)state;
	open_profile();
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		set_up_sweep(1);
		make_model(&result[0]);
		configs[0].policy = (char *)(uintptr_t)all[i].policy;
		result[0].channels = all[i].channels;
		result[0].batch_pages = all[i].batch;
		words = rendered(FORMAT_CSV);
		snprintf(want, sizeof(want), "\nown,0,4096%s",
			 all[i].engine);
		assert_has(words, want);
		free(words);
	}
	set_up_sweep(1);
	make_model(&result[0]);
	configs[0].engine = "null";
	words = rendered(FORMAT_CSV);
	assert_has(words, "\nown,0,4096,null,4,");
	free(words);
	migsim_profile_close(profile);
}

static void test_nothing_measured(void **state)
{
	static const enum format all[] = { FORMAT_TABLE, FORMAT_LKML,
					   FORMAT_CSV, FORMAT_JSON };
	size_t i;
	char *words;

	(void)state;
	set_up_sweep(0);
	for (i = 0; i < 4; i++) {
		words = rendered(all[i]);
		assert_true(strlen(words) > 0);
		if (all[i] == FORMAT_TABLE || all[i] == FORMAT_LKML)
			assert_has(words, "Nothing was measured");
		free(words);
	}
}

static void test_full_disk(void **state)
{
	static const enum format all[] = { FORMAT_TABLE, FORMAT_LKML,
					   FORMAT_CSV, FORMAT_JSON };
	size_t i;

	(void)state;
	set_up_sweep(2);
	for (i = 0; i < 4; i++) {
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		assert_int_equal(render(full, &rs, all[i]), -EIO);
		fclose(full);
	}
}

/* Under the leak checker: all but the configurations is given back. */
static void test_results_free(void **state)
{
	struct results own = { .n = 1, .nr_warnings = 1 };

	(void)state;
	set_up_sweep(1);
	own.result = calloc(1, sizeof(*own.result));
	own.result->config = &configs[0];
	own.result->driver = strdup("driver");
	own.result->samples = calloc(3, sizeof(*own.result->samples));
	own.warnings = calloc(1, sizeof(*own.warnings));
	own.warnings[0] = strdup("warning");
	results_free(&own);
	assert_null(own.result);
	assert_null(own.warnings);
	assert_int_equal(own.n, 0);
	assert_string_equal(configs[0].engine, "memcpy");
	results_free(&own);
}

static void test_options_of_items(void **state)
{
	static const char *const want[][3] = {
		{ "batch:pages=512,copy=batch", "pages", "batch:copy=batch" },
		{ "batch:copy=batch,pages=512", "pages", "batch:copy=batch" },
		{ "batch:pages=512", "pages", "batch" },
		{ "batch:pages=1,pages=2", "pages", "batch" },
		{ "batch:maxpages=512", "pages", "batch:maxpages=512" },
		{ "batch", "pages", "batch" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		char *got = item_without(want[i][0], want[i][1]);

		assert_string_equal(got, want[i][2]);
		free(got);
	}
}

static void test_figures(void **state)
{
	char buf[FIGURE_LEN];

	(void)state;
	assert_string_equal(figure(NAN, buf), "-");
	assert_string_equal(figure(0, buf), "0.00");
	assert_string_equal(figure(0.0123, buf), "0.012");
	assert_string_equal(figure(9.999, buf), "10.0");
	assert_string_equal(figure(99.96, buf), "100");
	assert_string_equal(figure(-123.4, buf), "-123");
	assert_string_equal(rate_figure(17.214, buf), "17.21");
	assert_string_equal(rate_figure(0.04, buf), "0.04");
	size_figure(3 << 20, buf);
	assert_string_equal(buf, "3M");
	size_figure(4097, buf);
	assert_string_equal(buf, "4097");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_keys_stand_in_order),
		cmocka_unit_test(test_json_values),
		cmocka_unit_test(test_json_kernel_sees_no_folio),
		cmocka_unit_test(test_json_unmeasured_is_null),
		cmocka_unit_test(test_json_mix_and_odd_words),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_csv_rows_are_as_long_as_the_header),
		cmocka_unit_test(test_csv_names_the_cpu_as_published),
		cmocka_unit_test(test_csv_tells_what_was_traced),
		cmocka_unit_test(test_table_says_once_what_is_the_same),
		cmocka_unit_test(test_table_shows_trouble),
		cmocka_unit_test(test_lkml_cross_table),
		cmocka_unit_test(test_drivers_of_several_engines),
		cmocka_unit_test(test_lkml_cross_with_a_hole),
		cmocka_unit_test(test_lkml_is_never_too_wide),
		cmocka_unit_test(test_lkml_list_is_never_too_wide),
		cmocka_unit_test(test_lkml_shows_cpu),
		cmocka_unit_test(test_busy_is_a_dimension),
		cmocka_unit_test(test_read_after),
		cmocka_unit_test(test_read_after_in_a_mail),
		cmocka_unit_test(test_load_json),
		cmocka_unit_test(test_load_in_words),
		cmocka_unit_test(test_load_in_a_mail),
		cmocka_unit_test(test_emulated_stands_by_every_time),
		cmocka_unit_test(test_model_in_json),
		cmocka_unit_test(test_model_in_text),
		cmocka_unit_test(test_model_beside_memory),
		cmocka_unit_test(test_model_with_a_long_name),
		cmocka_unit_test(test_csv_names_the_model_as_published),
		cmocka_unit_test(test_nothing_measured),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_results_free),
		cmocka_unit_test(test_options_of_items),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
