/* SPDX-License-Identifier: MIT */
/* What is not private anonymous memory. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "odd.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* A file of tmpfs with the pattern; its pages are the writer's. */
static void fill_file(struct odd *o)
{
	char *p;

	o->fd = memfd_create("odd", MFD_CLOEXEC);
	assert_true(o->fd >= 0);
	assert_int_equal(ftruncate(o->fd, (off_t)o->bytes), 0);
	p = mmap(NULL, o->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	memory_fill(p, o->bytes, ODD_SEED);
	assert_int_equal(munmap(p, o->bytes), 0);
}

static const char *map_file(struct odd *o, int prot, int flags)
{
	fill_file(o);
	o->p = mmap(NULL, o->bytes, prot, flags, o->fd, 0);
	assert_ptr_not_equal(o->p, MAP_FAILED);
	o->not_writable = !(prot & PROT_WRITE);
	assert_int_equal(memory_check(o->p, o->bytes, ODD_SEED), -1);
	return NULL;
}

static const char *make_shared(struct odd *o)
{
	return map_file(o, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static const char *make_shared_by_two(struct odd *o)
{
	make_shared(o);
	odd_fork(o);
	return NULL;
}

static const char *make_private(struct odd *o)
{
	return map_file(o, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static const char *make_private_written(struct odd *o)
{
	make_private(o);
	memory_fill(o->p, o->bytes, ODD_SEED);
	return NULL;
}

static const char *make_program(struct odd *o)
{
	return map_file(o, PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static void undo_file(struct odd *o)
{
	odd_end_child(o);
	assert_int_equal(munmap(o->p, o->bytes), 0);
	close(o->fd);
}

/* On all nodes, whatever the thread's policy. */
static void hugetlb_pool(const char *pages)
{
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "we");

	if (!f)
		return;
	fputs(pages, f);
	fclose(f);
}

static const char *make_hugetlb(struct odd *o)
{
	hugetlb_pool("8");
	o->p = mmap(NULL, o->bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (o->p == MAP_FAILED)
		return "there are no hugetlb pages";
	memory_fill(o->p, o->bytes, ODD_SEED);
	return NULL;
}

static void undo_map(struct odd *o)
{
	assert_int_equal(munmap(o->p, o->bytes), 0);
}

static void undo_hugetlb(struct odd *o)
{
	undo_map(o);
	hugetlb_pool("0");
}

static const char *make_secret(struct odd *o)
{
	o->fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	if (o->fd < 0)
		return "memfd_secret() is not enabled";
	assert_int_equal(ftruncate(o->fd, (off_t)o->bytes), 0);
	o->p = mmap(NULL, o->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd,
		    0);
	assert_ptr_not_equal(o->p, MAP_FAILED);
	memory_fill(o->p, o->bytes, ODD_SEED);
	return NULL;
}

static const char *make_vdso(struct odd *o)
{
	o->p = (char *)getauxval(AT_SYSINFO_EHDR);
	if (!o->p)
		return "there is no vdso";
	o->bytes = PAGE;
	o->content = ODD_AS_IT_WAS;
	o->not_writable = true;
	return NULL;
}

static void undo_nothing(struct odd *o)
{
	(void)o;
}

/* The firmware's ROM, which is no memory of a node's. */
static const char *make_device(struct odd *o)
{
	o->fd = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	if (o->fd < 0)
		return "there is no /dev/mem";
	o->p = mmap(NULL, o->bytes, PROT_READ, MAP_SHARED, o->fd, 0xf0000);
	assert_ptr_not_equal(o->p, MAP_FAILED);
	o->content = ODD_AS_IT_WAS;
	o->not_writable = true;
	return NULL;
}

/* Far from where anything else comes to lie meanwhile. */
static const char *make_hole(struct odd *o)
{
	o->p = mmap((void *)0x700000000, o->bytes, PROT_NONE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_not_equal(o->p, MAP_FAILED);
	undo_map(o);
	o->content = ODD_NONE;
	o->not_readable = o->not_writable = true;
	return NULL;
}

const struct odd_kind odd_mapped[] = {
	{ "tmpfs or shared, one process", make_shared, undo_file, ODD_4K },
	{ "tmpfs or shared, two processes", make_shared_by_two, undo_file, ODD_4K },
	{ "private file page", make_private, undo_file, ODD_4K },
	{ "private file page, written to", make_private_written, undo_file, ODD_4K },
	{ "program text", make_program, undo_file, ODD_4K },
	{ "hugetlb", make_hugetlb, undo_hugetlb, ODD_2M },
	{ "memfd_secret()", make_secret, undo_file, ODD_4K },
	{ "vdso", make_vdso, undo_nothing, ODD_4K },
	{ "a device's (VM_PFNMAP)", make_device, undo_file, ODD_4K },
	{ "nothing mapped", make_hole, undo_nothing, ODD_4K },
	{ 0 },
};
