/* SPDX-License-Identifier: MIT */
/*
 * The words of the command line: numbers, sizes, mixes, lists, items.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"

#define PAIR(s)	(s), sizeof(s) / sizeof(*(s))

struct number {
	const char *text;
	int err;
	uint64_t value;
};

static void counts(void **state)
{
	static const struct number all[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { " 1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
		{ "4K", -EINVAL, 0 }, { "0x10", -EINVAL, 0 },
		{ "1.5", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t v = 42;

		assert_int_equal(parse_count(all[i].text, &v), all[i].err);
		assert_int_equal(v, all[i].err ? 42 : all[i].value);
	}
}

static void sizes(void **state)
{
	static const struct number all[] = {
		{ "0", 0, 0 }, { "4096", 0, 4096 }, { "4K", 0, 4096 },
		{ "4k", 0, 4096 }, { "2M", 0, 2097152 },
		{ "1G", 0, 1073741824 }, { "3m", 0, 3145728 },
		{ "17179869183G", 0, UINT64_MAX - (UINT64_MAX >> 34) },
		{ "17179869184G", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "4KK", -EINVAL, 0 },
		{ "4Kx", -EINVAL, 0 }, { "4 K", -EINVAL, 0 },
		{ "-4K", -EINVAL, 0 }, { "4T", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint64_t v = 42;

		assert_int_equal(parse_size(all[i].text, &v), all[i].err);
		assert_int_equal(v, all[i].err ? 42 : all[i].value);
	}
}

static void one_size_is_a_mix(void **state)
{
	static const char *const words[] = {
		"4K", "8K", "16K", "32K", "64K", "128K", "256K", "512K", "1M",
		"2M",
	};
	struct mix mix;
	char buf[32];
	unsigned int i;

	(void)state;
	for (i = 0; i <= MIGSIM_MAX_ORDER; i++) {
		assert_int_equal(parse_mix(words[i], &mix), 0);
		assert_int_equal(mix.n, 1);
		assert_int_equal(mix.part[0].order, i);
		assert_true(mix.part[0].percent == 100);
		format_mix(&mix, buf, sizeof(buf));
		assert_string_equal(buf, words[i]);
	}
	assert_int_equal(parse_mix("65536", &mix), 0);
	assert_int_equal(mix.part[0].order, 4);
}

static void mixes(void **state)
{
	struct mix mix;
	char buf[64];

	(void)state;
	assert_int_equal(parse_mix("4K:80/2M:20", &mix), 0);
	assert_int_equal(mix.n, 2);
	assert_int_equal(mix.part[0].order, 0);
	assert_true(mix.part[0].percent == 80);
	assert_int_equal(mix.part[1].order, 9);
	assert_true(mix.part[1].percent == 20);
	format_mix(&mix, buf, sizeof(buf));
	assert_string_equal(buf, "4K:80/2M:20");
	assert_int_equal(parse_mix("2M:12.5/4K:87.5", &mix), 0);
	format_mix(&mix, buf, sizeof(buf));
	assert_string_equal(buf, "2M:12.5/4K:87.5");
	assert_int_equal(parse_mix("4K:33.33/64K:33.33/2M:33.34", &mix), 0);
	/* A buffer that is too short is cut and ends all the same. */
	format_mix(&mix, buf, 6);
	assert_string_equal(buf, "4K:33");
}

static void bad_mixes(void **state)
{
	static const struct {
		const char *text;
		int err;
	} all[] = {
		{ "3K", -EINVAL }, { "4M", -EINVAL }, { "2K", -EINVAL },
		{ "0", -EINVAL }, { "", -EINVAL }, { "x", -EINVAL },
		{ "4K/2M", -EINVAL }, { "4K:80/2M:10", -EDOM },
		{ "4K:80/2M:30", -EDOM }, { "4K:50/4K:50", -EEXIST },
		{ "4K:80/4096:20", -EEXIST }, { "4K:80/", -EINVAL },
		{ "4K:0/2M:100", -EINVAL }, { "4K:nan/2M:20", -EINVAL },
		{ "4K:1e2", -EINVAL }, { "4K:-80/2M:180", -EINVAL },
		{ "4K:8.0.0/2M:20", -EINVAL }, { "3K:80/2M:20", -EINVAL },
		{ "4K:80/2M:20/", -EINVAL }, { ":", -EINVAL },
		{ "/:/", -EINVAL }, { "4K:80:20", -EINVAL },
	};
	struct mix mix;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(parse_mix(all[i].text, &mix), all[i].err);
}

typedef int (*expand)(const char *text, char ***words, size_t *n);

static void gives(expand fn, const char *text, const char *const *want,
		  size_t n_want)
{
	char **words;
	size_t n, i;

	assert_int_equal(fn(text, &words, &n), 0);
	assert_int_equal(n, n_want);
	for (i = 0; i < n; i++)
		assert_string_equal(words[i], want[i]);
	free_words(words, n);
}

static void refuses(expand fn, const char *text, int err)
{
	char **words = NULL;
	size_t n = 0;

	assert_int_equal(fn(text, &words, &n), err);
	assert_null(words);
}

static void lists(void **state)
{
	static const char *const one[] = { "4K" };
	static const char *const three[] = { "2M", "4K", "2M" };
	static const char *const mixed[] = { "1", "8", "16", "32", "5" };

	(void)state;
	gives(expand_values, "4K", PAIR(one));
	gives(expand_values, "2M,4K,2M", PAIR(three));
	gives(expand_values, "1,8:32:x2,5", PAIR(mixed));
	refuses(expand_values, "", -EINVAL);
	refuses(expand_values, ",", -EINVAL);
	refuses(expand_values, "1,,2", -EINVAL);
	refuses(expand_values, "1,", -EINVAL);
	refuses(expand_values, ",1", -EINVAL);
}

static void ranges(void **state)
{
	static const char *const batch[] = {
		"512", "1024", "2048", "4096", "8192", "16384", "32768",
		"65536", "131072", "262144",
	};
	static const char *const threes[] = { "1", "4", "7", "10" };
	static const char *const short_of_end[] = { "1", "4", "7" };
	static const char *const folios[] = { "4096", "65536", "1048576" };
	static const char *const single[] = { "7" };
	static const char *const top[] = { "18446744073709551615" };
	static const char *const near_top[] = {
		"9223372036854775808"
	};
	static const char *const zero[] = { "0", "2" };

	(void)state;
	gives(expand_values, "512:262144:x2", PAIR(batch));
	gives(expand_values, "1:10:+3", PAIR(threes));
	gives(expand_values, "1:9:+3", PAIR(short_of_end));
	gives(expand_values, "4K:2M:x16", PAIR(folios));
	gives(expand_values, "7:7:x2", PAIR(single));
	gives(expand_values, "7:7:+1", PAIR(single));
	gives(expand_values, "0:3:+2", PAIR(zero));
	/* The step behind the last value must not wrap round. */
	gives(expand_values, "18446744073709551615:18446744073709551615:+1",
	      PAIR(top));
	gives(expand_values, "9223372036854775808:18446744073709551615:x2",
	      PAIR(near_top));
}

static void bad_ranges(void **state)
{
	static const char *const mix[] = { "4K:80/2M:20" };
	static const char *const no_range[] = { "a:b:x2" };

	(void)state;
	refuses(expand_values, "1:10:x1", -EDOM);
	refuses(expand_values, "1:10:x0", -EDOM);
	refuses(expand_values, "1:10:+0", -EDOM);
	refuses(expand_values, "1:10:x", -EDOM);
	refuses(expand_values, "1:10:+-1", -EDOM);
	refuses(expand_values, "1:10:x1.5", -EDOM);
	refuses(expand_values, "1:10:x2:x2", -EDOM);
	refuses(expand_values, "10:1:x2", -EDOM);
	refuses(expand_values, "10:1:+2", -EDOM);
	refuses(expand_values, "0:10:x2", -EDOM);
	refuses(expand_values, "1:10001:+1", -E2BIG);
	refuses(expand_values, "0:18446744073709551615:+1", -E2BIG);
	/* What is no range is left to who knows what the value should be. */
	gives(expand_values, "4K:80/2M:20", PAIR(mix));
	gives(expand_values, "a:b:x2", PAIR(no_range));
}

static void items(void **state)
{
	static const char *const two[] = { "memcpy", "null" };
	static const char *const threads[] = {
		"mt:threads=1", "mt:threads=2", "mt:threads=4",
	};
	static const char *const channels[] = {
		"dma:channels=1", "dma:channels=4", "dma:channels=16",
		"memcpy",
	};
	static const char *const keys[] = {
		"sliding:window=2048,group=512,split=4", "double:pages=8192",
	};
	static const char *const copies[] = {
		"batch:pages=512,copy=inline", "batch:pages=1024,copy=inline",
		"batch:pages=512,copy=batch",
	};

	(void)state;
	gives(expand_items, "memcpy,null", PAIR(two));
	gives(expand_items, "mt:threads=1,2,4", PAIR(threads));
	gives(expand_items, "dma:channels=1,4,16,memcpy", PAIR(channels));
	gives(expand_items,
	      "sliding:window=2048,group=512,split=4,double:pages=8192",
	      PAIR(keys));
	gives(expand_items,
	      "batch:pages=512,1024,copy=inline,batch:pages=512,copy=batch",
	      PAIR(copies));
}

static void items_multiply(void **state)
{
	static const char *const range[] = {
		"batch:pages=512,copy=inline", "batch:pages=1024,copy=inline",
		"batch:pages=2048,copy=inline",
	};
	static const char *const product[] = {
		"sliding:window=1,group=8", "sliding:window=1,group=9",
		"sliding:window=2,group=8", "sliding:window=2,group=9",
	};
	static const char *const tail[] = { "a:k=1", "a:k=2", "a:k=4", "a:k=8" };
	static const char *const bare[] = { "mt:threads=2" };
	static const char *const text[] = { "model:file=/tmp/x.profile" };
	static const char *const files[] = {
		"/tmp/2.profile:a=0.5,b=1", "./x.profile", "~/y:a=1", "~/y:a=2",
		"../z.profile", "zen3",
	};

	(void)state;
	gives(expand_items, "batch:pages=512:2048:x2,copy=inline", PAIR(range));
	gives(expand_items, "sliding:window=1,2,group=8,9", PAIR(product));
	gives(expand_items, "a:k=1,2:8:x2", PAIR(tail));
	gives(expand_items, "mt,threads=2", PAIR(bare));
	gives(expand_items, "model:file=/tmp/x.profile", PAIR(text));
	gives(expand_items,
	      "/tmp/2.profile:a=0.5,b=1,./x.profile,~/y:a=1,2,../z.profile,zen3",
	      PAIR(files));
}

/* Engines from files, and values with what lists are made of but commas. */
static void items_of_plug_ins(void **state)
{
	static const char *const list[] = {
		"memcpy", "./libfoo.so:a=1,b=2", "mt:threads=2",
	};
	static const char *const paths[] = {
		"../x/libfoo.so", "/opt/e/libfoo.so:key=value,n=1",
		"/opt/e/libfoo.so:key=value,n=2", "sub/libfoo.so",
		"./a=b/libfoo-1.so.2", "./a=b/libfoo.so:k=v",
	};
	static const char *const plus[] = {
		"mt:cpus=0-3+8,threads=1", "mt:cpus=0-3+8,threads=2", "null",
	};
	static const char *const wrapped[] = {
		"error:of=mt+threads=2,fail=1000",
		"error:of=./libfoo.so+key=value+n=1,fail=1000",
	};
	static const char *const odd[] = {
		"mt:threads=1", "mt:threads=3", "mt:threads=5", "mt:threads=7",
		"mt:threads=9",
	};

	(void)state;
	gives(expand_items, "memcpy,./libfoo.so:a=1,b=2,mt:threads=2",
	      PAIR(list));
	gives(expand_items, "../x/libfoo.so,/opt/e/libfoo.so:key=value,n=1,2,"
	      "sub/libfoo.so,./a=b/libfoo-1.so.2,./a=b/libfoo.so:k=v",
	      PAIR(paths));
	gives(expand_items, "mt:cpus=0-3+8,threads=1,2,null", PAIR(plus));
	gives(expand_items, "error:of=mt+threads=2,fail=1000,"
	      "error:of=./libfoo.so+key=value+n=1,fail=1000", PAIR(wrapped));
	gives(expand_items, "mt:threads=1:9:+2", PAIR(odd));
}

static void bad_items(void **state)
{
	static const char *const all[] = {
		"", ",", "memcpy,", ",memcpy", "memcpy,,null", "5", "1,memcpy",
		"memcpy,5", "=1", "threads=2", "mt:=2", "mt:threads=",
		"mt:threads=1,", "mt:threads=1,,2", "-x", ":", "mt:threads=1,-2",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		refuses(expand_items, all[i], -EINVAL);
	refuses(expand_items, "batch:pages=1:10:x1", -EDOM);
	refuses(expand_items, "batch:pages=1,8:4:x2", -EDOM);
	refuses(expand_items, "a:k=1:200:+1,l=1:200:+1", -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(sizes),
		cmocka_unit_test(one_size_is_a_mix),
		cmocka_unit_test(mixes),
		cmocka_unit_test(bad_mixes),
		cmocka_unit_test(lists),
		cmocka_unit_test(ranges),
		cmocka_unit_test(bad_ranges),
		cmocka_unit_test(items),
		cmocka_unit_test(items_multiply),
		cmocka_unit_test(items_of_plug_ins),
		cmocka_unit_test(bad_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
