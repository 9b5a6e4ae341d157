/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sched.h>

#include "sys.h"

static void *has_one_cpu(void *arg)
{
	*(bool *)arg = sys_one_cpu();
	return NULL;
}

/* Not the CPUs of the machine: those that this thread may run on. */
static void one_cpu(void **state)
{
	struct sys_thread thread;
	bool there = false;
	cpu_set_t all, one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(sys_one_cpu(), CPU_COUNT(&all) == 1);

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_true(sys_one_cpu());
	assert_int_equal(sys_thread_start(&thread, has_one_cpu, &there), 0);
	sys_thread_join(&thread);
	assert_true(there);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
