/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel's migration events are, and what a record of each holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "perf.h"

static const char *const events[TRACE_KINDS] = {
	[TRACE_SET_PTE] = "migrate/set_migration_pte",
	[TRACE_REMOVE_PTE] = "migrate/remove_migration_pte",
	[TRACE_SET_PMD] = "thp/set_migration_pmd",
	[TRACE_REMOVE_PMD] = "thp/remove_migration_pmd",
};

static const char *const roots[] = {
	"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
};

static int read_format(const char *root, const char *event, char *buf,
		       size_t len)
{
	char path[128];
	ssize_t n;
	int fd, err;

	snprintf(path, sizeof(path), "%s/events/%s/format", root, event);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return err;
}

/* "ID: 711" and "field:unsigned long addr;	offset:8;	size:8;" */
static int parse_format(struct perf *p, enum trace_kind kind, const char *text)
{
	const char *id = strstr(text, "\nID:"), *addr = strstr(text, " addr;");
	unsigned int size = 0;

	if (!id || sscanf(id, "\nID: %hu", &p->id[kind]) != 1 || !addr ||
	    sscanf(addr, " addr; offset:%u; size:%u;", &p->addr_at[kind],
		   &size) != 2 || size != sizeof(uint64_t))
		return -EPROTO;
	return 0;
}

static int find_format(struct perf *p, enum trace_kind kind)
{
	char text[4096];
	int err = -ENOENT;
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		int ret = read_format(roots[i], events[kind], text,
				      sizeof(text));

		if (!ret)
			return parse_format(p, kind, text);
		if (ret != -ENOENT)
			err = ret;
	}
	return err;
}

static bool tracefs_mounted(void)
{
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		snprintf(path, sizeof(path), "%s/events", roots[i]);
		if (!access(path, F_OK) || errno == EACCES)
			return true;
	}
	return false;
}

static void explain(enum trace_kind kind, int err, char *why, size_t len)
{
	if (err == -ENOENT && !tracefs_mounted())
		snprintf(why, len, "tracefs is not mounted: mount -t tracefs tracefs %s",
			 roots[0]);
	else if (err == -ENOENT)
		snprintf(why, len, "this kernel has no event %s (Linux 5.18 and later have it)",
			 events[kind]);
	else if (err == -EPROTO)
		snprintf(why, len, "this kernel's event %s has another format",
			 events[kind]);
	else
		snprintf(why, len, "%s/events/%s/format cannot be read (%s): run as root",
			 roots[0], events[kind], strerror(-err));
}

int perf_find_event(struct perf *p, enum trace_kind kind, char *why, size_t len)
{
	int err = find_format(p, kind);

	if (err)
		explain(kind, err, why, len);
	return err;
}
