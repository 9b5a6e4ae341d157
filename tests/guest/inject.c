/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"

#define DEBUG		"/sys/kernel/debug/"
#define SLAB		DEBUG "failslab"
#define PAGES		DEBUG "fail_page_alloc"
#define USERCOPY	DEBUG "fail_usercopy"

static void put(const char *value, const char *dir, const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(value, f);
	assert_int_equal(fclose(f), 0);
}

static void put_number(unsigned long value, const char *dir, const char *name)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	put(text, dir, name);
}

static unsigned long get_number(const char *dir, const char *name)
{
	unsigned long value;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &value), 1);
	fclose(f);
	return value;
}

void need_injection(void)
{
	if (!access("/proc/self/fail-nth", F_OK) && !access(SLAB, F_OK) &&
	    !access(PAGES, F_OK) && !access(USERCOPY, F_OK))
		return;
	printf("this kernel refuses nothing on demand: --kernel 6.12-debug does\n");
	exit(77);
}

static void find_module(const char *module, unsigned long *from,
			unsigned long *to)
{
	FILE *f = fopen("/proc/modules", "r");
	unsigned long size = 0;
	char name[64];

	assert_non_null(f);
	*from = 0;
	while (fscanf(f, "%63s %lu %*s %*s %*s %lx%*[^\n]", name, &size,
		      from) == 3 && strcmp(name, module))
		*from = 0;
	fclose(f);
	assert_int_not_equal(*from, 0);
	*to = *from + size;
}

void inject_below(const char *module)
{
	static const char *const points[] = { SLAB, PAGES, USERCOPY };
	unsigned long from, to;
	size_t i;

	find_module(module, &from, &to);
	for (i = 0; i < sizeof(points) / sizeof(*points); i++) {
		put("0", points[i], "verbose");
		put("32", points[i], "stacktrace-depth");
		put_number(from, points[i], "require-start");
		put_number(to, points[i], "require-end");
	}
	/* By default only those that may not sleep are refused. */
	put("N", SLAB, "ignore-gfp-wait");
	put("N", PAGES, "ignore-gfp-wait");
	put("N", PAGES, "ignore-gfp-highmem");
	put("0", PAGES, "min-order");
}

static void find_task(const char *parent, const char *name,
		      char dir[INJECT_DIR])
{
	char path[INJECT_DIR + 8], comm[64];
	DIR *tasks = opendir(parent);
	struct dirent *e;
	FILE *f;

	assert_non_null(tasks);
	*dir = 0;
	while (!*dir && (e = readdir(tasks))) {
		snprintf(path, sizeof(path), "%s/%.20s/comm", parent,
			 e->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f) &&
		    !strncmp(comm, name, strlen(name)))
			snprintf(dir, INJECT_DIR, "%s/%.20s", parent,
				 e->d_name);
		fclose(f);
	}
	closedir(tasks);
	assert_true(*dir);
}

void inject_ring_worker(char dir[INJECT_DIR])
{
	find_task("/proc/self/task", "iou-wrk", dir);
}

void inject_channel(char dir[INJECT_DIR])
{
	find_task("/proc", "migsim/", dir);
}

void inject_this_task(char dir[INJECT_DIR])
{
	strcpy(dir, "/proc/thread-self");
}

unsigned int inject_each(void (*find)(char dir[INJECT_DIR]),
			 bool (*is_well)(void))
{
	unsigned int n, ill = 0;
	char dir[INJECT_DIR];
	bool left, well;

	for (n = 1;; n++) {
		assert_true(n < 5000);
		find(dir);
		put_number(n, dir, "fail-nth");
		well = is_well();
		left = get_number(dir, "fail-nth");
		put_number(0, dir, "fail-nth");
		if (left)
			break;
		ill += !well;
	}
	printf("%u requests, without %u of them it failed\n", n - 1, ill);
	assert_true(well);
	assert_true(ill > 0);
	return n - 1;
}

void inject_percent(unsigned int percent)
{
	static const char *const points[] = { SLAB, PAGES };
	size_t i;

	for (i = 0; i < sizeof(points) / sizeof(*points); i++) {
		put("N", points[i], "task-filter");
		put("-1", points[i], "times");
		put_number(percent, points[i], "probability");
	}
}
