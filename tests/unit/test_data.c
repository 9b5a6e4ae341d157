/* SPDX-License-Identifier: MIT */
/*
 * Measured values from CSV: what a row means, and that every mistake is one
 * sentence with its file and line.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench.h"
#include "data.h"
#include "render.h"

#define HEADER	"table,order,engine,channels,folios_per_call,batch_pages,metric,value"
#define GOOD	"a,0,cpu,0,8,512,gib_s,1.5\n"

static char path[] = "/tmp/test_data.XXXXXX";
static char said[4096];
static struct data data;

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int forget(void **state)
{
	(void)state;
	data_free(&data);
	return 0;
}

static void write_bytes(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Reads @from; what was said to stderr is in @said. */
static int hear(const char *from)
{
	FILE *ear = tmpfile();
	int kept = dup(STDERR_FILENO), rc;
	size_t len;

	assert_non_null(ear);
	fflush(stderr);
	dup2(fileno(ear), STDERR_FILENO);
	rc = data_read(&data, from);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(ear);
	len = fread(said, 1, sizeof(said) - 1, ear);
	said[len] = '\0';
	fclose(ear);
	return rc;
}

static int read_text(const char *text)
{
	write_bytes(text, strlen(text));
	return hear(path);
}

static void accept(const char *text)
{
	if (read_text(text))
		fail_msg("refused: %s", said);
	assert_string_equal(said, "");
}

/* One sentence, which begins with the file and the line, if there is one. */
static void was_refused(int rc, unsigned int line, const char *words)
{
	char place[64];

	assert_int_equal(rc, EXIT_USAGE);
	snprintf(place, sizeof(place), "migsim-bench: %s:%u: ", path, line);
	if (line && strncmp(said, place, strlen(place)))
		fail_msg("not %s but: %s", place, said);
	if (!strstr(said, words))
		fail_msg("not '%s' but: %s", words, said);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	data_free(&data);
}

static void refuse(const char *text, unsigned int line, const char *words)
{
	was_refused(read_text(text), line, words);
}

static void published_tables(void **state)
{
	size_t i, flagged = 0;

	(void)state;
	assert_int_equal(data_read_published(&data), 0);
	assert_int_equal(data.n, 200);
	assert_int_equal(data.skipped, 0);
	assert_string_equal(data.row[0].table, "1a");
	assert_string_equal(data.row[0].engine, "cpu");
	assert_true(data.row[0].datum.cell.copy_inline);
	assert_int_equal(data.row[0].datum.cell.folios, 262144);
	assert_true(fabs(data.row[0].datum.value - 3.31) < 1e-9);
	assert_true(fabs(data.row[0].pm - 0.18) < 1e-9);
	assert_string_equal(data.row[199].table, "2b-order9");
	assert_int_equal(data.row[199].datum.metric, MIGSIM_METRIC_FIRST_US);
	assert_int_equal(data.row[199].datum.cell.channels, 16);
	assert_int_equal(data.row[199].datum.cell.batch_pages, 262144);
	assert_false(data.row[199].datum.cell.copy_inline);
	assert_true(isnan(data.row[199].pm));
	assert_int_equal(data.row[199].line, 201);
	for (i = 0; i < data.n; i++) {
		assert_int_equal(!data.row[i].flag[0], !data.row[i].reason[0]);
		flagged += data.row[i].flag[0] != '\0';
	}
	assert_int_equal(flagged, 6);
}

static void engines(void **state)
{
	static const struct {
		const char *cells, *policy;
		uint32_t channels;
		bool copy_inline;
	} want[] = {
		{ "cpu,0", "", 0, true },
		{ "dma,16", "", 16, false },
		{ "model,4", "batch:pages=512", 4, false },
		{ "model,0", "batch:pages=512,copy=batch", 0, false },
		{ "model,0", "\"batch:copy=inline\"", 0, true },
		{ "memcpy,0", "batch", 0, false },
		{ "memcpy,0", "\"batch:pages=8,copy=inline,x=1\"", 0, true },
		{ "memcpy,0", "batch:copy=inlined", 0, false },
		{ "memcpy,0", "batch:xcopy=inline", 0, false },
		{ "mt,1", "", 0, false },
		{ "mt,0", "batch:pages=512", 0, false },
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const char *p = want[i].policy;

		snprintf(text, sizeof(text), HEADER ",policy\n"
			 "a,9,%s,8,512,gib_s,1.5,%s%s%s\n", want[i].cells,
			 strchr(p, ',') && *p != '"' ? "\"" : "", p,
			 strchr(p, ',') && *p != '"' ? "\"" : "");
		accept(text);
		assert_int_equal(data.n, 1);
		assert_int_equal(data.row[0].datum.cell.channels,
				 want[i].channels);
		assert_int_equal(data.row[0].datum.cell.copy_inline,
				 want[i].copy_inline);
		data_free(&data);
	}
}

/* In any order, with others between, whatever ends a line. */
static void columns(void **state)
{
	const struct data_row *row;

	(void)state;
	accept("\xef\xbb\xbf" "value,metric,note,batch_pages,folios_per_call,"
	       "channels,engine,order,table,folio_bytes,pm,flag,flag_reason\r\n"
	       "12.5,first_us,,1024,4,2,dma,3,t,32768,0.5,noise,it jumps\r\n"
	       "\r\n"
	       "1e1,first_us,x,1024,4,2,dma,3,t,,,,never read\r\n");
	assert_int_equal(data.n, 2);
	row = &data.row[0];
	assert_string_equal(row->table, "t");
	assert_string_equal(row->engine, "dma");
	assert_string_equal(row->flag, "noise");
	assert_string_equal(row->reason, "it jumps");
	assert_string_equal(row->file, path);
	assert_int_equal(row->line, 2);
	assert_int_equal(row->datum.metric, MIGSIM_METRIC_FIRST_US);
	assert_int_equal(row->datum.cell.order, 3);
	assert_int_equal(row->datum.cell.channels, 2);
	assert_int_equal(row->datum.cell.folios, 4);
	assert_int_equal(row->datum.cell.batch_pages, 1024);
	assert_true(fabs(row->datum.value - 12.5) < 1e-12);
	assert_true(fabs(row->pm - 0.5) < 1e-12);
	row = &data.row[1];
	assert_true(fabs(row->datum.value - 10) < 1e-12);
	assert_true(isnan(row->pm));
	assert_string_equal(row->flag, "");
	assert_string_equal(row->reason, "");
	assert_int_equal(row->line, 4);
}

static void quoting(void **state)
{
	(void)state;
	accept("\"table\",order,engine,channels,folios_per_call,batch_pages,"
	       "metric,value,note\n"
	       "\"a, \"\"b\"\"\",\"0\",cpu,0,8,512,gib_s,1.5,\"two\nlines\n\n\"\n"
	       "\"x\ny\",0,cpu,0,8,512,gib_s,1.5,");
	assert_int_equal(data.n, 2);
	assert_string_equal(data.row[0].table, "a, \"b\"");
	assert_int_equal(data.row[0].line, 2);
	assert_string_equal(data.row[1].table, "x\ny");
	assert_int_equal(data.row[1].line, 6);
	data_free(&data);
	accept("# what, \"and when\n" HEADER "\n#\n" GOOD "#x\n" GOOD);
	assert_int_equal(data.n, 2);
	assert_int_equal(data.row[1].line, 6);
	data_free(&data);
	refuse(HEADER ",note\n" "a,0,cpu,0,8,512,gib_s,1.5,\"two\nlines\"\n"
	       "a,0,cpu,0,8,512,gib_s,-1,\n", 4, "value");
	refuse(HEADER "\n" GOOD "\"a,0,cpu\n" GOOD, 3, "never closed");
	refuse(HEADER "\n" GOOD "\"a\"b,0,cpu,0,8,512,gib_s,1\n", 3, "quote");
	refuse(HEADER "\n" GOOD "a\"b,0,cpu,0,8,512,gib_s,1\n", 3, "quote");
}

static void headers(void **state)
{
	static const char *const needed[] = {
		"table", "order", "engine", "channels", "folios_per_call",
		"batch_pages", "metric", "value",
	};
	size_t i, k, n = sizeof(needed) / sizeof(needed[0]);
	char text[256];

	(void)state;
	for (i = 0; i < n; i++) {
		text[0] = '\0';
		for (k = 0; k < n; k++)
			strcat(strcat(text, k == i ? "x" : needed[k]),
			       k < n - 1 ? "," : "\n");
		refuse(text, 1, needed[i]);
	}
	refuse("", 1, "empty");
	refuse("\n\n", 1, "empty");
	refuse(HEADER "\n", 1, "ends without a gib_s or first_us");
	refuse("table;order;engine\n", 1, "commas between them");
	refuse("# only\n", 1, "empty");
	refuse(HEADER ",order\n", 1, "column order is there twice");
	refuse(HEADER "\n" GOOD "a,0,cpu,0,8,512,gib_s\n", 3, "7 cells, not 8");
	refuse(HEADER "\n" GOOD GOOD "a,0,cpu,0,8,512,gib_s,1,\n", 4,
	       "9 cells, not 8");
}

static void cells(void **state)
{
	static const struct {
		const char *row, *words;
	} bad[] = {
		{ ",0,cpu,0,8,512,gib_s,1", "table is missing" },
		{ "a,10,cpu,0,8,512,gib_s,1", "order is a whole number from 0 to 9, not 10" },
		{ "a,-1,cpu,0,8,512,gib_s,1", "order is" },
		{ "a,x,cpu,0,8,512,gib_s,1", "order is" },
		{ "a,0,,0,8,512,gib_s,1", "engine is missing" },
		{ "a,0,gpu,0,8,512,gib_s,1", "engine is cpu, dma, memcpy, model or mt, not gpu" },
		{ "a,0,cpu,,8,512,gib_s,1", "channels is missing" },
		{ "a,0,cpu,two,8,512,gib_s,1", "channels is" },
		{ "a,0,cpu,1,8,512,gib_s,1", "cpu has no channels" },
		{ "a,0,dma,0,8,512,gib_s,1", "dma has at least 1 channel" },
		{ "a,0,dma,99999999999,8,512,gib_s,1", "channels is" },
		{ "a,0,cpu,0,,512,gib_s,1", "folios_per_call is missing" },
		{ "a,0,cpu,0,0,512,gib_s,1", "folios_per_call is" },
		{ "a,0,cpu,0,8K,512,gib_s,1", "folios_per_call is" },
		{ "a,0,cpu,0,8,,gib_s,1", "batch_pages is missing" },
		{ "a,0,cpu,0,8,0,gib_s,1", "batch_pages is" },
		{ "a,0,cpu,0,8,99999999999999999999,gib_s,1", "batch_pages is" },
		{ "a,0,cpu,0,8,512,,1", "metric is missing" },
		{ "a,0,cpu,0,8,512,speed,1", "not speed" },
		{ "a,0,cpu,0,8,512,gib_s,", "value is missing" },
		{ "a,0,cpu,0,8,512,gib_s,0", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,-3", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,nan", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,inf", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,1e999", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,0x1p3", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,3 GiB", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,e", "value is" },
		{ "a,0,cpu,0,8,512,gib_s,1e300", "no machine measures" },
		{ "a,0,cpu,0,8,512,gib_s,1e-300", "no machine measures" },
	};
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), HEADER "\n" GOOD "%s\n" GOOD,
			 bad[i].row);
		refuse(text, 3, bad[i].words);
	}
	refuse(HEADER ",folio_bytes\na,1,cpu,0,8,512,gib_s,1,4096\n", 2,
	       "has 8192");
	refuse(HEADER ",pm\na,1,cpu,0,8,512,gib_s,1,-1\n", 2, "pm is");
	refuse(HEADER ",pm\na,1,cpu,0,8,512,gib_s,1,x\n", 2, "pm is");
}

static void no_text(void **state)
{
	static const char nul[] = HEADER "\n" GOOD "a,0,cpu\0,";
	char *line = malloc(70000);

	(void)state;
	write_bytes(nul, sizeof(nul) - 1);
	was_refused(hear(path), 3, "not a text file");
	assert_non_null(line);
	memset(line, 'a', 70000);
	memcpy(line, HEADER "\n", strlen(HEADER "\n"));
	write_bytes(line, 70000);
	was_refused(hear(path), 2, "too long");
	memset(line, ',', 300);
	line[300] = '\n';
	write_bytes(line, 301);
	was_refused(hear(path), 1, "more than 256 cells");
	free(line);
	was_refused(hear("/tmp"), 0, "/tmp cannot be read");
	was_refused(hear("/nowhere/x.csv"), 0, "/nowhere/x.csv cannot be opened");
}

/* Two files one behind the other; an error in the second frees it all. */
static void several(void **state)
{
	(void)state;
	accept(HEADER "\n" GOOD);
	accept(HEADER "\n" GOOD GOOD);
	assert_int_equal(data.n, 3);
	refuse(HEADER "\n", 1, "ends without");
}

/* What no cell can say is left out, and said to be. */
static void skipping(void **state)
{
	(void)state;
	accept(HEADER ",policy,backend,reason,flag\n"
	       "own,,memcpy,0,,512,gib_s,1,batch:pages=512,uffd,demotion,\n"
	       "own,0,memcpy,0,8,,gib_s,1,sliding:window=8,uffd,demotion,\n"
	       "own,0,memcpy,0,8,512,gib_s,1,batches,uffd,demotion,\n"
	       "own,0,memcpy,0,8,512,migrated,0,sliding,uffd,demotion,\n"
	       "own,0,cpu,0,8,,gib_s,1,,kernel,demotion,\n"
	       "own,0,cpu,0,8,4,gib_s,1,,kernel,demotion,bad\n");
	assert_int_equal(data.n, 2);
	assert_int_equal(data.skipped, 3);
	assert_int_equal(data.row[0].datum.cell.batch_pages, 512);
	assert_int_equal(data.row[1].datum.cell.batch_pages, 4);
	assert_string_equal(data.row[1].flag, "bad");
	/* Of the kernel, not of the flag. */
	assert_string_equal(data.row[1].reason, "");
	data_free(&data);
	refuse(HEADER ",backend\nown,0,memcpy,0,8,,gib_s,1,uffd\n", 2,
	       "batch_pages is missing");
	refuse(HEADER "\nown,,memcpy,0,8,512,gib_s,1\n", 2,
	       "ends without a row that the model can say");
}

/* Nobody else runs in the model; what was read afterwards is no part of it. */
static void busy(void **state)
{
	(void)state;
	accept(HEADER ",busy\n"
	       "own,0,memcpy,0,8,512,gib_s,1,2\n"
	       "own,0,memcpy,0,8,512,gib_s,2,0\n"
	       "own,0,memcpy,0,8,512,gib_s,3,\n"
	       "own,0,memcpy,0,8,512,read_after_gib_s,4,0\n"
	       "own,0,memcpy,0,8,512,run_read_after_gib_s,5,0\n");
	assert_int_equal(data.skipped, 1);
	assert_int_equal(data.n, 2);
	assert_true(fabs(data.row[0].datum.value - 2) < 1e-12);
	assert_true(fabs(data.row[1].datum.value - 3) < 1e-12);
}

/* Events slow the kernel: what it then moves is not what it can. */
static void traced(void **state)
{
	(void)state;
	accept(HEADER ",backend,trace\n"
	       "own,0,cpu,0,8,,gib_s,1,kernel,on\n"
	       "own,0,cpu,0,8,,first_us,2,kernel,on\n"
	       "own,0,cpu,0,8,,gib_s,3,kernel,off\n"
	       "own,0,cpu,0,8,512,gib_s,4,uffd,\n");
	assert_int_equal(data.skipped, 1);
	assert_int_equal(data.n, 3);
	assert_int_equal(data.row[0].datum.metric, MIGSIM_METRIC_FIRST_US);
	assert_true(fabs(data.row[1].datum.value - 3) < 1e-12);
	data_free(&data);
	/* Files from before the column are taken as they were. */
	accept(HEADER ",backend\nown,0,cpu,0,8,,gib_s,1,kernel\n");
	assert_int_equal(data.n, 1);
	data_free(&data);
	refuse(HEADER ",trace\nown,0,cpu,0,8,512,gib_s,1,on\n", 2,
	       "no throughput of a traced kernel");
}

/* The model has one CPU that copies. */
static void threads(void **state)
{
	(void)state;
	accept(HEADER ",engine_options\n"
	       "own,0,mt,2,8,512,gib_s,1,\n"
	       "own,0,mt,0,8,512,gib_s,1,mt:threads=2\n"
	       "own,0,mt,0,8,512,gib_s,1,\"mt:place=spread,threads=16\"\n"
	       "own,0,mt,16,8,512,gib_s,2,\"mt:place=spread,threads=1\"\n"
	       "own,0,mt,0,8,512,gib_s,3,mt\n"
	       "own,0,mt,1,8,512,gib_s,4,mt:xthreads=2\n"
	       "own,0,dma,16,8,512,gib_s,5,dma:channels=16\n");
	assert_int_equal(data.skipped, 3);
	assert_int_equal(data.n, 4);
	assert_true(fabs(data.row[0].datum.value - 2) < 1e-12);
	assert_int_equal(data.row[0].datum.cell.channels, 0);
	assert_int_equal(data.row[3].datum.cell.channels, 16);
}

static struct data_prediction predicted[8];

static bool count_down(void *arg)
{
	unsigned int *left = arg;

	return --*left;
}

/* Both metrics of a cell are one prediction, wherever its rows stand. */
static void predictions(void **state)
{
	const bool wanted[4] = { true, true, false, true };
	struct migsim_profile *p;
	unsigned int left = 100;

	(void)state;
	assert_int_equal(migsim_profile_open(&p, "zen3-ptdma"), 0);
	accept(HEADER "\n" "a,9,dma,16,16,8192,gib_s,1\n" GOOD
	       "a,0,dma,99,8,512,gib_s,1\n" "b,9,dma,16,16,8192,first_us,1\n");
	assert_int_equal(data_predict(&data, wanted, p, predicted, count_down,
				      &left), 0);
	assert_int_equal(left, 97);
	assert_true(predicted[0].value > 5 && predicted[0].value < 60);
	assert_true(predicted[3].value > 60 && predicted[3].value < 1000);
	assert_true(predicted[1].value > 0.05 && predicted[1].value < 5);
	assert_true(predicted[3].interval[0] < predicted[3].value &&
		    predicted[3].interval[1] > predicted[3].value);
	assert_true(predicted[2].value == 0);
	left = 2;
	assert_int_equal(data_predict(&data, wanted, p, predicted, count_down,
				      &left), EXIT_FAILED);
	assert_int_equal(left, 0);
	migsim_profile_close(p);
}

/* All that a sweep writes is read; the medians are what counts. */
static void own_csv(void **state)
{
	static char backend[] = "uffd", engine[] = "memcpy";
	static char policy[] = "batch:pages=64,copy=batch";
	struct config config = {
		.backend = backend, .engine = engine, .policy = policy,
		.mix = { 1, { { 4, 100 } } }, .total = 1 << 20, .runs = 2,
	};
	struct sample samples[2] = {
		{ .gib_s = 3.5, .first_us = 40, .inaccessible_us = 50 },
		{ .run = 1, .gib_s = 4.5, .first_us = 41,
		  .inaccessible_us = 51, .read_after_gib_s = 6 },
	};
	struct result result = {
		.config = &config, .samples = samples, .nr_samples = 2,
		.batch_pages = 64, .window_pages = -1,
		.gib_s = { .n = 2, .median = 4, .mean = 4, .sd = 0.25 },
		.first_us = { .n = 2, .median = 40.5, .mean = 40.5, .sd = 1 },
		.read_after_gib_s = { .n = 2, .median = 6, .mean = 6 },
		.sum = { .calls = 1, .bytes = 1 << 20, .space_sees = true,
			 .first_us.n = 2, .inaccessible_us.n = 2 },
	};
	struct results results = { .result = &result, .n = 1 };
	FILE *f = fopen(path, "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(render_csv(f, &results), 0);
	fclose(f);
	if (hear(path))
		fail_msg("refused: %s", said);
	assert_int_equal(data.n, 2);
	assert_int_equal(data.skipped, 0);
	assert_string_equal(data.row[0].table, "own");
	assert_string_equal(data.row[0].engine, "memcpy");
	assert_int_equal(data.row[0].datum.cell.order, 4);
	assert_int_equal(data.row[0].datum.cell.folios, 16);
	assert_int_equal(data.row[0].datum.cell.batch_pages, 64);
	assert_false(data.row[0].datum.cell.copy_inline);
	assert_true(fabs(data.row[0].datum.value - 4) < 1e-9);
	assert_true(fabs(data.row[0].pm - 0.25) < 1e-9);
	assert_int_equal(data.row[1].datum.metric, MIGSIM_METRIC_FIRST_US);
	assert_true(fabs(data.row[1].datum.value - 40.5) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(published_tables, forget),
		cmocka_unit_test_teardown(engines, forget),
		cmocka_unit_test_teardown(columns, forget),
		cmocka_unit_test_teardown(quoting, forget),
		cmocka_unit_test_teardown(headers, forget),
		cmocka_unit_test_teardown(cells, forget),
		cmocka_unit_test_teardown(no_text, forget),
		cmocka_unit_test_teardown(several, forget),
		cmocka_unit_test_teardown(skipping, forget),
		cmocka_unit_test_teardown(threads, forget),
		cmocka_unit_test_teardown(busy, forget),
		cmocka_unit_test_teardown(traced, forget),
		cmocka_unit_test_teardown(predictions, forget),
		cmocka_unit_test_teardown(own_csv, forget),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
