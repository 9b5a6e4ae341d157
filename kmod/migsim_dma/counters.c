// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the bridge has done since it was loaded: /sys/class/misc/migsim_dma/.
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "bridge.h"

atomic64_t bridge_counters[BRIDGE_NR_COUNTERS];

#define COUNTER(file, i)						\
static ssize_t file##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%lld\n",				\
			  atomic64_read(&bridge_counters[i]));		\
}									\
static DEVICE_ATTR_RO(file)

COUNTER(groups, BRIDGE_GROUPS);
COUNTER(copies, BRIDGE_COPIES);
COUNTER(bytes, BRIDGE_BYTES);
COUNTER(descriptors, BRIDGE_DESCRIPTORS);
/* Copies that ended with another status than 0. */
COUNTER(errors, BRIDGE_ERRORS);
/* Of these, those that the provider took for good. */
COUNTER(check_errors, BRIDGE_CHECK_ERRORS);
/* Commands that were answered with an error. */
COUNTER(refused, BRIDGE_REFUSED);
/* Channels that were given up. */
COUNTER(timeouts, BRIDGE_TIMEOUTS);
/* At present; more than 0: figures taken from now on are not those of a sound
 * machine.
 */
COUNTER(quarantined_pages, BRIDGE_QUARANTINED_PAGES);

static struct attribute *attributes[] = {
	&dev_attr_groups.attr,
	&dev_attr_copies.attr,
	&dev_attr_bytes.attr,
	&dev_attr_descriptors.attr,
	&dev_attr_errors.attr,
	&dev_attr_check_errors.attr,
	&dev_attr_refused.attr,
	&dev_attr_timeouts.attr,
	&dev_attr_quarantined_pages.attr,
	NULL
};

static const struct attribute_group counters = { .attrs = attributes };

const struct attribute_group *bridge_attributes[] = { &counters, NULL };
