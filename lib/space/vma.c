/* SPDX-License-Identifier: MIT */
/*
 * What /proc/self says of a VMA. Read without stdio and without malloc: the
 * heap may be what is in flight.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "range.h"

struct reader {
	int fd;
	size_t n, at;
	char buf[4096];
	char line[512];		/* what does not fit is left out */
};

static bool next_line(struct reader *r)
{
	size_t len = 0;
	ssize_t got;
	char c;

	for (;;) {
		if (r->at == r->n) {
			got = read(r->fd, r->buf, sizeof(r->buf));
			if (got <= 0)
				return false;
			r->n = (size_t)got;
			r->at = 0;
		}
		c = r->buf[r->at++];
		if (c == '\n')
			break;
		if (len < sizeof(r->line) - 1)
			r->line[len++] = c;
	}
	r->line[len] = '\0';
	return true;
}

/* "start-end perms …": the first line of a VMA in maps and in smaps. */
static bool vma_line(const char *line, struct vma *vma)
{
	unsigned long lo, hi;
	char perms[8];

	if (sscanf(line, "%lx-%lx %7s", &lo, &hi, perms) != 3)
		return false;
	*vma = (struct vma){ lo, hi };
	return true;
}

int vma_find(uint64_t addr, struct vma *vma)
{
	struct reader r = { .fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC) };
	int err = -ENOENT;

	if (r.fd < 0)
		return -EIO;
	while (err && next_line(&r))
		if (vma_line(r.line, vma) && vma->start <= addr &&
		    addr < vma->end)
			err = 0;
	close(r.fd);
	return err;
}

bool vma_locked(uint64_t addr, struct vma *vma)
{
	struct reader r = { .fd = open("/proc/self/smaps",
				       O_RDONLY | O_CLOEXEC) };
	struct vma at;
	bool inside = false, locked = false;

	if (r.fd < 0)
		return false;
	while (next_line(&r)) {
		if (!strncmp(r.line, "VmFlags:", 8)) {
			if (inside) {
				locked = strstr(r.line, " lo") != NULL;
				if (locked)
					*vma = at;
				break;
			}
		} else if (vma_line(r.line, &at)) {
			inside = at.start <= addr && addr < at.end;
		}
	}
	close(r.fd);
	return locked;
}
