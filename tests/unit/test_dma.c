/* SPDX-License-Identifier: MIT */
/*
 * What the bridge says of itself, and what engine dma makes of it: the answers
 * of modules that no guest has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../../engines/dma.h"
#include "said.h"

static const struct migsim_dma_info good = {
	.abi = MIGSIM_DMA_ABI, .align = 64, .max_channels = 64,
};

static void this_one_will_do(void **state)
{
	(void)state;
	assert_int_equal(dma_judge(sizeof(good), &good), 0);
	assert_int_equal(sentences, 0);
}

/* Another version may say more or less, but its number first. */
static void another_version(void **state)
{
	struct migsim_dma_info other = good;

	(void)state;
	other.abi = MIGSIM_DMA_ABI + 1;
	assert_int_equal(dma_judge(sizeof(good), &other), -EOPNOTSUPP);
	assert_non_null(strstr(said, "build both from one source"));
	assert_int_equal(dma_judge(sizeof(other.abi), &other), -EOPNOTSUPP);
	assert_int_equal(sentences, 2);
}

static void too_short(void **state)
{
	(void)state;
	assert_int_equal(dma_judge(sizeof(good) - 4, &good), -EIO);
	assert_int_equal(dma_judge(0, &good), -EIO);
	assert_int_equal(sentences, 2);
}

static void another_device(void **state)
{
	(void)state;
	assert_int_equal(dma_judge(-EOPNOTSUPP, &good), -EOPNOTSUPP);
	assert_non_null(strstr(said, "does not know its commands"));
	assert_int_equal(dma_judge(-EFAULT, &good), -EFAULT);
	assert_int_equal(sentences, 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, said_listen, said_quiet)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(this_one_will_do), test(another_version), test(too_short),
		test(another_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
