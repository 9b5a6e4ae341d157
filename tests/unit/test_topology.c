/* SPDX-License-Identifier: MIT */
/*
 * The topology against libnuma and sysfs; and, as root, against a machine
 * with an expander that is described in files of our own, mounted over
 * sysfs where this process alone sees them.
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <numa.h>
#include <numaif.h>

#include <migsim/engine.h>
#include <migsim/topology.h>

#include "placement.h"

#define SYSTEM_DIR	"/sys/devices/system"
#define NODE_DIR	SYSTEM_DIR "/node"
#define CACHE_DIR	SYSTEM_DIR "/cpu/cpu%d/cache/index%d/%s"

static struct migsim_node nodes[MIGSIM_MAX_NODES];
static bool no_numa;

/* Stands before libnuma's, to say what it says on a kernel without NUMA. */
int numa_available(void)
{
	return no_numa || get_mempolicy(NULL, NULL, 0, 0, 0) < 0 ? -1 : 0;
}

static unsigned int nr_moves;

/* Stands before the C library's, to see who sends this thread elsewhere. */
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	nr_moves++;
	return (int)syscall(SYS_sched_setaffinity, pid, size, set);
}

static int read_nodes(void)
{
	int n;

	memset(nodes, 0xff, sizeof(nodes));
	n = migsim_topology_nodes(nodes, MIGSIM_MAX_NODES);
	assert_true(n >= 1 && n <= MIGSIM_MAX_NODES);
	return n;
}

static void nodes_are_libnumas(void **state)
{
	struct bitmask *cpus;
	int n = read_nodes();

	(void)state;
	if (numa_available() < 0) {
		print_message("this kernel knows no NUMA nodes\n");
		skip();
	}
	cpus = numa_allocate_cpumask();
	for (int i = 0; i < n; i++) {
		long long bytes = numa_node_size64(nodes[i].id, NULL);

		assert_true(i == 0 || nodes[i].id > nodes[i - 1].id);
		assert_int_equal(nodes[i].mem_bytes, bytes > 0 ? bytes : 0);
		assert_int_equal(numa_node_to_cpus(nodes[i].id, cpus), 0);
		assert_int_equal(nodes[i].cpus, numa_bitmask_weight(cpus));
		for (int j = 0; j < n; j++)
			assert_int_equal(nodes[i].distance[j],
					 numa_distance(nodes[i].id,
						       nodes[j].id));
	}
	numa_free_cpumask(cpus);
}

static void nodes_make_up_the_machine(void **state)
{
	unsigned int cpus = 0;
	uint64_t mem = 0;
	int n = read_nodes();

	(void)state;
	for (int i = 0; i < n; i++) {
		assert_true(nodes[i].free_bytes <= nodes[i].mem_bytes);
		assert_int_equal(nodes[i].distance[i], 10);
		mem += nodes[i].mem_bytes;
		cpus += nodes[i].cpus;
	}
	assert_true(mem > 0);
	assert_true(cpus >= 1);
	assert_true(cpus <= (unsigned int)sysconf(_SC_NPROCESSORS_CONF));
}

static void fills_no_more_than_there_is_room(void **state)
{
	int n = read_nodes();

	(void)state;
	assert_int_equal(migsim_topology_nodes(NULL, 0), n);
	assert_int_equal(migsim_topology_nodes(NULL, MIGSIM_MAX_NODES), n);
	memset(nodes, 0xff, sizeof(nodes));
	assert_int_equal(migsim_topology_nodes(nodes, 0), n);
	assert_int_equal(nodes[0].id, -1);
	assert_int_equal(migsim_topology_nodes(nodes, 1), n);
	assert_int_not_equal(nodes[0].id, -1);
	assert_int_equal(nodes[1].id, -1);
}

static void memory_is_where_nodes_say(void **state)
{
	int n = read_nodes();
	int usable = 0;

	(void)state;
	for (int i = 0; i < n; i++) {
		bool has = migsim_topology_has_memory(nodes[i].id);

		assert_true(!has || nodes[i].mem_bytes > 0);
		usable += has;
	}
	assert_true(usable >= 1);
	assert_false(migsim_topology_has_memory(-1));
	assert_false(migsim_topology_has_memory(nodes[n - 1].id + 1));
	assert_false(migsim_topology_has_memory(1 << 20));
}

static void current_node_follows_the_cpu(void **state)
{
	cpu_set_t all, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		int want;

		if (!CPU_ISSET(cpu, &all))
			continue;
		want = numa_available() < 0 ? 0 : numa_node_of_cpu((int)cpu);
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		assert_int_equal(migsim_topology_current_node(), want);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

/* One word of a cache's description; false when there is no such cache. */
static bool cache_word(int cpu, int index, const char *name, char word[32])
{
	char path[128];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), CACHE_DIR, cpu, index, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fscanf(f, "%31s", word);
	fclose(f);
	return n == 1;
}

/* Size of the outermost cache of a CPU as sysfs tells it, 0 for none. */
static uint64_t sysfs_llc(int cpu)
{
	int level, outermost = 0;
	unsigned int kib = 0;
	char word[32];

	for (int i = 0; cache_word(cpu, i, "level", word); i++) {
		if (sscanf(word, "%d", &level) != 1 || level <= outermost)
			continue;
		if (!cache_word(cpu, i, "type", word) ||
		    !strcmp(word, "Instruction") ||
		    !cache_word(cpu, i, "size", word))
			continue;
		assert_int_equal(sscanf(word, "%uK", &kib), 1);
		outermost = level;
	}
	return (uint64_t)kib << 10;
}

static void cache_is_the_outermost(void **state)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t most = 0;

	(void)state;
	for (int cpu = 0; cpu < cpus; cpu++) {
		uint64_t bytes = sysfs_llc(cpu);

		if (bytes > most)
			most = bytes;
	}
	if (!most) {
		/* hwloc may still know more than sysfs */
		assert_true(migsim_topology_llc_bytes() > 0);
		return;
	}
	assert_int_equal(migsim_topology_llc_bytes(), most);
}

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), NODE_DIR "/%s", name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void put_node(int id, const char *cpumap, unsigned int total_kib,
		     unsigned int free_kib, const char *distance)
{
	char name[32], text[160];

	snprintf(name, sizeof(name), NODE_DIR "/node%d", id);
	assert_int_equal(mkdir(name, 0755), 0);
	snprintf(name, sizeof(name), "node%d/cpumap", id);
	put(name, cpumap);
	snprintf(name, sizeof(name), "node%d/distance", id);
	put(name, distance);
	snprintf(name, sizeof(name), "node%d/meminfo", id);
	snprintf(text, sizeof(text), "Node %d MemTotal:       %u kB\n"
		 "Node %d MemFree:        %u kB\n", id, total_kib, id,
		 free_kib);
	put(name, text);
}

/* Mounts of our own, or says why they cannot be had, and skips. */
static void need_own_mounts(void)
{
	if (!unshare(CLONE_NEWNS) &&
	    !mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return;
	print_message("cannot have mounts of its own (needs root): %s\n",
		      strerror(errno));
	skip();
}

static void cover(const char *dir)
{
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "mode=755"), 0);
}

/* Node 0 with the CPUs, node 2 without CPUs, node 5 without memory. */
static void check_described_machine(void)
{
	static const unsigned int distance[3][3] = {
		{ 10, 24, 21 }, { 26, 10, 36 }, { 21, 34, 10 },
	};

	assert_int_equal(migsim_topology_nodes(nodes, MIGSIM_MAX_NODES), 3);
	assert_int_equal(nodes[0].id, 0);
	assert_int_equal(nodes[1].id, 2);
	assert_int_equal(nodes[2].id, 5);
	assert_int_equal(nodes[0].mem_bytes, 4000ull << 10);
	assert_int_equal(nodes[0].free_bytes, 3000ull << 10);
	assert_int_equal(nodes[1].mem_bytes, 8000ull << 10);
	assert_int_equal(nodes[1].free_bytes, 0);
	assert_int_equal(nodes[2].mem_bytes, 0);
	assert_int_equal(nodes[2].free_bytes, 0);
	assert_int_equal(nodes[0].cpus, 1);
	assert_int_equal(nodes[1].cpus, 0);
	assert_int_equal(nodes[2].cpus, 0);
	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++)
			assert_int_equal(nodes[i].distance[j],
					 distance[i][j]);
	assert_true(migsim_topology_has_memory(0));
	assert_false(migsim_topology_has_memory(5));
}

static void assert_opens(const char *word, int from, int to, int err)
{
	const struct migsim_engine_env env = { .from = from, .to = to };
	struct migsim_engine *e = NULL;

	assert_int_equal(migsim_engine_open(&e, word, &env), err);
	migsim_engine_close(e);
}

/* Threads go where their node has CPUs: node 0 has CPU 0. */
static void check_placement(void)
{
	int cpus[8];

	assert_int_equal(placement_order(PLACE_SPREAD, 0, cpus, 8), 1);
	assert_int_equal(cpus[0], 0);
	assert_int_equal(placement_order(PLACE_PACK, 2, cpus, 8), 0);
	assert_opens("mt:place=source", 0, 2, 0);
	assert_opens("mt:place=source", 2, 0, -ENODEV);
	assert_opens("mt:place=target", 2, 0, 0);
	assert_opens("mt:place=target", 0, 2, -ENODEV);
}

/* Memory counts only where the kernel lets this process allocate. */
static void check_allowed(int id)
{
	struct bitmask *allowed = numa_get_mems_allowed();

	assert_int_equal(migsim_topology_has_memory(id),
			 numa_bitmask_isbitset(allowed, (unsigned int)id));
	numa_bitmask_free(allowed);
}

static void reads_a_machine_with_an_expander(void **state)
{
	(void)state;
	if (access(NODE_DIR, F_OK)) {
		print_message("this kernel knows no NUMA nodes\n");
		skip();
	}
	need_own_mounts();
	cover(NODE_DIR);
	put("online", "0,2,5\n");
	put("possible", "0,2,5\n");
	put_node(0, "1\n", 4000, 3000, "10 24 21\n");
	put_node(2, "0\n", 8000, 0, "26 10 36\n");
	put_node(5, "0\n", 0, 0, "21 34 10\n");
	check_described_machine();
	check_placement();
	check_allowed(2);

	/* memory that comes later is seen */
	assert_int_equal(umount2(NODE_DIR, MNT_DETACH), 0);
	cover(NODE_DIR);
	put("online", "0-1\n");
	put("possible", "0-1\n");
	put_node(0, "1\n", 4000, 3000, "10 17\n");
	put_node(1, "0\n", 100, 50, "17 10\n");
	assert_int_equal(migsim_topology_nodes(nodes, MIGSIM_MAX_NODES), 2);
	assert_int_equal(nodes[1].mem_bytes, 100 << 10);
	assert_int_equal(nodes[0].distance[1], 17);

	/* and memory that is gone is not */
	assert_int_equal(umount2(NODE_DIR, MNT_DETACH), 0);
	cover(NODE_DIR);
	assert_false(migsim_topology_has_memory(0));
	assert_int_equal(umount2(NODE_DIR, MNT_DETACH), 0);
}

/* As a kernel without NUMA: the CPUs, but no nodes. */
static void hide_nodes(void)
{
	int cpus = open(SYSTEM_DIR "/cpu", O_PATH | O_CLOEXEC);
	char path[64];

	assert_true(cpus >= 0);
	cover(SYSTEM_DIR);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", cpus);
	assert_int_equal(mkdir(SYSTEM_DIR "/cpu", 0755), 0);
	assert_int_equal(mount(path, SYSTEM_DIR "/cpu", NULL, MS_BIND, NULL),
			 0);
	close(cpus);
	no_numa = true;
}

/* There is one node then, with the whole machine. */
static void works_without_numa(void **state)
{
	uint64_t physical = (uint64_t)sysconf(_SC_PHYS_PAGES) *
			    (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t cache = migsim_topology_llc_bytes();

	(void)state;
	need_own_mounts();
	hide_nodes();
	assert_int_equal(migsim_topology_nodes(nodes, MIGSIM_MAX_NODES), 1);
	assert_int_equal(nodes[0].id, 0);
	assert_int_equal(nodes[0].distance[0], 10);
	assert_int_equal(nodes[0].cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(nodes[0].mem_bytes, physical);
	assert_true(nodes[0].free_bytes > 0);
	assert_true(nodes[0].free_bytes <= physical);
	assert_true(migsim_topology_has_memory(0));
	assert_false(migsim_topology_has_memory(1));
	assert_int_equal(migsim_topology_llc_bytes(), cache);
	no_numa = false;
	assert_int_equal(umount2(SYSTEM_DIR, MNT_DETACH), 0);
}

/* Where a container forbids get_mempolicy() the files still tell. */
static void works_where_libnuma_may_not(void **state)
{
	struct migsim_node want[MIGSIM_MAX_NODES];
	int n = read_nodes();

	(void)state;
	memcpy(want, nodes, sizeof(want));
	no_numa = true;
	assert_int_equal(read_nodes(), n);
	for (int i = 0; i < n; i++) {
		assert_int_equal(nodes[i].id, want[i].id);
		assert_int_equal(nodes[i].mem_bytes, want[i].mem_bytes);
		assert_int_equal(nodes[i].cpus, want[i].cpus);
		assert_int_equal(migsim_topology_has_memory(want[i].id),
				 want[i].mem_bytes > 0);
	}
	no_numa = false;
}

static void no_thread_is_moved(void **state)
{
	cpu_set_t any;

	(void)state;
	nr_moves = 0;
	read_nodes();
	migsim_topology_llc_bytes();
	assert_int_equal(nr_moves, 0);
	/* It would have been seen. */
	assert_int_equal(sched_getaffinity(0, sizeof(any), &any), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(any), &any), 0);
	assert_int_equal(nr_moves, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_thread_is_moved),
		cmocka_unit_test(nodes_are_libnumas),
		cmocka_unit_test(nodes_make_up_the_machine),
		cmocka_unit_test(fills_no_more_than_there_is_room),
		cmocka_unit_test(memory_is_where_nodes_say),
		cmocka_unit_test(current_node_follows_the_cpu),
		cmocka_unit_test(cache_is_the_outermost),
		cmocka_unit_test(works_where_libnuma_may_not),
		cmocka_unit_test(reads_a_machine_with_an_expander),
		cmocka_unit_test(works_without_numa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
