/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin for qemu: how often was each instruction of the kernel executed
 * within the windows of window.h? Writes lines of RESULT ADDRESS COUNT into the
 * file of its argument out=FILE, with "user" for the address of all programs
 * together, and "windows" for how many there were.
 *
 * Each instruction counts for itself, not with its block: a fault leaves a
 * block half way, and qemu begins one anew where a device is accessed. One that
 * faults counts each time it is tried, "rep" each time it repeats.
 */
#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qemu/qemu-plugin.h>

#include "window.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* How often one instruction was executed. The address is the key. */
struct site {
	gint64 address;
	uint64_t count;
	uint64_t at_begin;
	uint64_t in_windows;
};

static struct site user;
static GHashTable *kernel;
static FILE *out;
static int result;
static unsigned int windows;
static bool open;

static void all(void (*visit)(struct site *site))
{
	GHashTableIter at;
	gpointer site;

	visit(&user);
	g_hash_table_iter_init(&at, kernel);
	while (g_hash_table_iter_next(&at, &site, NULL))
		visit(site);
}

static void begin(struct site *site)
{
	site->at_begin = site->count;
}

static void end(struct site *site)
{
	site->in_windows += site->count - site->at_begin;
}

static void tell(struct site *site)
{
	if (site != &user && site->in_windows)
		fprintf(out, "%d %016" PRIx64 " %" PRIu64 "\n", result,
			(uint64_t)site->address, site->in_windows);
	site->in_windows = 0;
}

static void tell_result(void)
{
	fprintf(out, "%d windows %u\n", result, windows);
	fprintf(out, "%d user %" PRIu64 "\n", result, user.in_windows);
	all(tell);
	windows = 0;
	result++;
}

/* The code of a program or of the kernel comes by one of window.h's. */
static void mark(unsigned int cpu, void *which)
{
	switch (GPOINTER_TO_UINT(which)) {
	case WINDOW_BEGIN:
		all(begin);
		open = true;
		break;
	case WINDOW_END:
		if (!open)
			break;
		all(end);
		windows++;
		open = false;
		break;
	case WINDOW_NEXT:
		tell_result();
		break;
	}
}

/* Which one of window.h's, or 0. */
static uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	uint32_t value;

	if (qemu_plugin_insn_size(insn) != 7 || memcmp(bytes, "\x0f\x1f\x80", 3))
		return 0;
	memcpy(&value, bytes + 3, sizeof(value));
	return value >= WINDOW_BEGIN && value <= WINDOW_NEXT ? value : 0;
}

static struct site *site_of(uint64_t address)
{
	gint64 key = (gint64)address;
	struct site *site;

	if (key >= 0)
		return &user;
	site = g_hash_table_lookup(kernel, &key);
	if (!site) {
		site = g_new0(struct site, 1);
		site->address = key;
		g_hash_table_add(kernel, site);
	}
	return site;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	size_t i, n = qemu_plugin_tb_n_insns(block);

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint32_t which = mark_of(insn);

		if (which)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark,
				QEMU_PLUGIN_CB_NO_REGS, GUINT_TO_POINTER(which));
		else
			qemu_plugin_register_vcpu_insn_exec_inline(insn,
				QEMU_PLUGIN_INLINE_ADD_U64,
				&site_of(qemu_plugin_insn_vaddr(insn))->count, 1);
	}
}

static void leave(qemu_plugin_id_t id, void *unused)
{
	int failed;

	if (windows)
		tell_result();
	failed = ferror(out);
	if (fclose(out) || failed)
		fprintf(stderr, "insns: not all could be written\n");
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
					   const qemu_info_t *info, int argc,
					   char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "insns: wants out=FILE and nothing else\n");
		return -1;
	}
	/* Counting is not atomic. */
	if (info->system.smp_vcpus != 1) {
		fprintf(stderr, "insns: wants a machine with one CPU\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		fprintf(stderr, "insns: %s: %s\n", argv[0] + 4, strerror(errno));
		return -1;
	}
	kernel = g_hash_table_new(g_int64_hash, g_int64_equal);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, leave, NULL);
	return 0;
}
