// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver is taken from its device while the bridge has channels of it:
 * dmaengine lets that happen, and the next descriptor would be the end of the
 * kernel. So the channels are emptied and given back before, and until the
 * driver is gone none of them is taken.
 */
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/printk.h>

#include "bridge.h"

/* Devices between BUS_NOTIFY_UNBIND_DRIVER and _UNBOUND_. */
static struct device *leaving[32];	/* bridge_channels_lock */

static bool is_leaving(const struct device *dev)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaving); i++) {
		if (leaving[i] == dev)
			return true;
	}
	return false;
}

static void replace(struct device *old, struct device *new)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(leaving); i++) {
		if (leaving[i] == old) {
			leaving[i] = new;
			return;
		}
	}
}

/* And stays so: the thread knows that it may issue nothing more. */
static bool is_still(struct bridge_channel *channel)
{
	return smp_load_acquire(&channel->stopped) && bridge_is_idle(channel);
}

static bool leaves_with(const struct bridge_channel *channel,
			const struct device *dev)
{
	return channel->provider == dev && channel->chan;
}

/* The next one to be given back; NULL: all are. */
static struct bridge_channel *leaver(const struct device *dev)
{
	struct bridge_channel *channel;

	list_for_each_entry(channel, &bridge_all_channels, node) {
		if (leaves_with(channel, dev))
			return channel;
	}
	return NULL;
}

/*
 * Who closes a file, or wants other channels, does not wait with us: the lock is
 * let go meanwhile. The channel is kept by a user more.
 */
static void leave(struct bridge_channel *channel, unsigned long until)
{
	long patience = max((long)(until - jiffies), 1L);

	channel->users++;
	mutex_unlock(&bridge_channels_lock);
	patience = wait_event_timeout(channel->idle, is_still(channel),
				      patience);
	mutex_lock(&bridge_channels_lock);
	channel->users--;
	if (patience) {
		bridge_give_back(channel);
		return;
	}
	/* Never given back: dmaengine's side of it goes with the driver. */
	pr_err("migsim_dma: %s loses its driver with a copy in flight\n",
	       channel->name);
	channel->chan = NULL;
}

static void driver_leaves(struct device *dev)
{
	unsigned long until = jiffies + HZ +
		msecs_to_jiffies(2 * READ_ONCE(bridge_timeout_ms));
	struct bridge_channel *channel;

	mutex_lock(&bridge_channels_lock);
	replace(NULL, dev);
	list_for_each_entry(channel, &bridge_all_channels, node) {
		if (!leaves_with(channel, dev))
			continue;
		WRITE_ONCE(channel->state, BRIDGE_GONE);
		bridge_poke(channel);
	}
	while ((channel = leaver(dev)))
		leave(channel, until);
	bridge_channels_sweep();
	mutex_unlock(&bridge_channels_lock);
}

static void driver_left(struct device *dev)
{
	mutex_lock(&bridge_channels_lock);
	replace(dev, NULL);
	mutex_unlock(&bridge_channels_lock);
}

static int event(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == BUS_NOTIFY_UNBIND_DRIVER)
		driver_leaves(data);
	else if (action == BUS_NOTIFY_UNBOUND_DRIVER)
		driver_left(data);
	return NOTIFY_DONE;
}

static struct notifier_block on_platform = { .notifier_call = event };
static struct notifier_block on_pci = { .notifier_call = event };

/* bridge_channels_lock is held. */
bool bridge_is_staying(const struct device *dev)
{
	bool watched = dev->bus == &platform_bus_type;

#ifdef CONFIG_PCI
	watched = watched || dev->bus == &pci_bus_type;
#endif
	return watched && dev->driver && !is_leaving(dev);
}

int bridge_watch(void)
{
	int rc = bus_register_notifier(&platform_bus_type, &on_platform);

#ifdef CONFIG_PCI
	if (rc)
		return rc;
	rc = bus_register_notifier(&pci_bus_type, &on_pci);
	if (rc)
		bus_unregister_notifier(&platform_bus_type, &on_platform);
#endif
	return rc;
}

void bridge_unwatch(void)
{
#ifdef CONFIG_PCI
	bus_unregister_notifier(&pci_bus_type, &on_pci);
#endif
	bus_unregister_notifier(&platform_bus_type, &on_platform);
}
